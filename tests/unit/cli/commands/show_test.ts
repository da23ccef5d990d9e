import assert from "node:assert/strict";
import { durationText } from "../../../../cli/commands/show_backends.ts";
import { show } from "../../../../cli/commands/show.ts";
import { type Line, runCommand } from "../../../support/fake_cli.ts";

async function shown(name: string, line: Line): Promise<string> {
  const spec = show.commands?.find((command) => command.name === name);
  assert.ok(spec !== undefined);
  const run = runCommand(spec, line);
  assert.equal(await run.code, 0);
  return run.stdout();
}

Deno.test("durationText() writes nanoseconds as 1.x does", () => {
  const texts: Readonly<Record<number, string>> = {
    0: "0s",
    7: "7ns",
    1500: "1.5µs",
    92546636: "92.546636ms",
    1e9: "1s",
    1500e6: "1.5s",
    60e9: "1m0s",
    [3602e9 + 5e8]: "1h0m2.5s",
    [-1500e6]: "-1.5s",
  };
  for (const [nanoseconds, text] of Object.entries(texts)) assert.equal(durationText(Number(nanoseconds)), text);
});

const EVIL = "\u001b[31m\u009b2J\u202e";
const BACKEND = {
  id: "b1",
  node_state: "error",
  admin_state: "ready",
  last_error: EVIL,
  latency: 1,
  meetings_count: 3,
  attendees_count: 10,
  load_factor: 0.5,
  bbb: { host: `http://n1/${EVIL}`, secret: "s" },
  settings: { tags: [EVIL] },
};
const FRONTEND = { id: "f1", active: true, bbb: { key: EVIL, secret: EVIL }, settings: { required_tags: [EVIL] } };
const RECORDING = {
  record_id: EVIL,
  recording: { EndTime: 1, Name: EVIL, Metadata: null },
};

Deno.test("show keeps control characters of names and settings from the terminal, as text and as JSON", async () => {
  const commands: readonly (readonly [string, Line])[] = [
    ["backends", { server: () => [BACKEND] }],
    ["backend", { server: () => [BACKEND], args: ["http://n1/"] }],
    ["frontends", { server: () => [FRONTEND] }],
    ["frontend", { server: () => [FRONTEND], args: ["fe"] }],
    ["recordings", { server: () => [RECORDING], flags: { frontend: "fe" } }],
    ["recording", { server: () => RECORDING, args: ["r"] }],
  ];
  for (const [name, line] of commands) {
    for (const flags of [{}, { json: true }] as const) {
      const text = await shown(name, { ...line, flags: { ...line.flags, ...flags } });
      assert.doesNotMatch(text, /(?![\n\t])[\p{Cc}\p{Cf}]/u, name);
      assert.match(text, /\[31m/, name); // it was there
    }
  }
});

Deno.test("show backends divides attendees by meetings and shows the error of a node that has one", async () => {
  const text = await shown("backends", { server: () => [{ ...BACKEND, last_error: "dial error" }] });
  assert.match(text, /MC\/AC\/R:\t 3\/10\/3\.33\n {2}LoadFactor:\t 0\.5\n.*\n {2}LastError: dial error\n\n$/);
});

Deno.test("show frontend prints the address that the tenant enters", async () => {
  const bbb = { key: "a b", secret: "s" };
  const text = await shown("frontend", { server: () => [{ ...FRONTEND, bbb }], args: ["a b"] });
  assert.match(text, /\nFrontend URL: {4}http:\/\/b3scale\.test\/bbb\/a%20b\/\nFrontend Secret: s\n$/);
});

Deno.test("show recordings takes the name of the room when the metadata has none, and asks by id and key", async () => {
  const named = { ...RECORDING, record_id: "r1", recording: { EndTime: 5, Name: "Room", Metadata: {} } };
  const flags = { "frontend-id": "f1", frontend: "fe" };
  const asked: string[] = [];
  const server: Line["server"] = ({ path }) => {
    asked.push(path);
    return [named];
  };
  assert.equal(await shown("recordings", { server, flags }), "Recording\tTimestamp\tMeeting\nr1 5 Room\n");
  assert.deepEqual(asked, ["/api/v1/recordings?frontend_id=f1&frontend_key=fe"]);
});

Deno.test("show recordings --expiring asks for those of all tenants or of one, and says whose they are", async () => {
  const row = { record_id: "r1", frontend_key: "fe", retention_days: 30, ended_at: "2026-01-02T03:04:05Z" };
  const asked: string[] = [];
  const server: Line["server"] = ({ path }) => {
    asked.push(path);
    return [row];
  };
  const text = await shown("recordings", { server, flags: { expiring: true } });
  assert.equal(text, "Recording\tEnded\tFrontend\nr1 2026-01-02T03:04:05Z fe (keeps 30 days)\n");
  const asJson = await shown("recordings", { server, flags: { expiring: true, frontend: "fe", json: true } });
  assert.deepEqual(JSON.parse(asJson), [row]);
  assert.deepEqual(asked, ["/api/v1/recordings-expiring", "/api/v1/recordings-expiring?frontend_key=fe"]);
});
