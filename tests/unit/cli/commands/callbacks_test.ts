import assert from "node:assert/strict";
import { deleteCallback, retry, showCallbacks } from "../../../../cli/commands/callbacks.ts";
import type { CallbackJson } from "../../../../src/contract/callback.ts";
import { type Asked, runCommand } from "../../../support/fake_cli.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { NOW } from "../rest_objects.ts";

const at = (ms: number) => new Date(NOW + ms).toISOString();
const waiting: CallbackJson = {
  id: "id-1",
  kind: "meeting_ended",
  state: "waiting",
  reason: null,
  frontend_id: "f1",
  frontend_key: "greenlight",
  target: "https://gl.example",
  attempts: 3,
  last_error: "the receiver answered 500",
  request_id: "r1",
  created_at: at(-14_000),
  due_at: at(8000),
  died_at: null,
};
const dead: CallbackJson = {
  ...waiting,
  id: "id-2",
  kind: "analytics",
  state: "dead",
  reason: "gone",
  target: "https://lms.example",
  last_error: "the receiver answered 410",
  due_at: null,
  died_at: at(0),
};
const [retryCallback] = retry.commands ?? [];
if (retryCallback === undefined) throw new Error("There is no retry callback");

const server = ({ method, path }: Asked): unknown => {
  if (method === "GET") return path.includes("state=dead") ? [dead] : [waiting, dead];
  return [waiting, dead].find(({ id }) => path.includes(id));
};
const paths = (asked: readonly Asked[]) => asked.map(({ method, path }) => `${method} ${path}`);

Deno.test("show callbacks lists what is not delivered, with the next try and the last error", async () => {
  const run = runCommand(showCallbacks, { clock: createFakeClock(NOW), server });
  assert.equal(await run.code, 0);
  assert.equal(
    `\n${run.stdout()}`,
    `
ID    STATE    KIND           FRONTEND    TARGET               TRIES   AGE  NEXT  LAST ERROR
id-1  waiting  meeting_ended  greenlight  https://gl.example       3  14 s   8 s  the receiver answered 500
id-2  dead     analytics      greenlight  https://lms.example      3  14 s        the receiver answered 410
`,
  );
});

Deno.test("show callbacks asks for a state and a tenant, and knows the states", async () => {
  const run = runCommand(showCallbacks, { server, flags: { state: "dead", frontend: "greenlight", json: true } });
  assert.equal(await run.code, 0);
  assert.deepEqual(JSON.parse(run.stdout()), [dead]);
  assert.deepEqual(paths(run.asked), ["GET /api/v1/callbacks?state=dead&frontend_key=greenlight"]);
  const wrong = runCommand(showCallbacks, { server, flags: { state: "lost" } });
  await assert.rejects(wrong.code, /unknown state of a callback: "lost"/);
  const none = runCommand(showCallbacks, { server: () => [] });
  await none.code;
  assert.deepEqual(none.stderr, ["there are no callbacks that are not delivered"]);
});

Deno.test("retry callback tries one, or all that are dead", async () => {
  const one = runCommand(retryCallback, { args: ["id-1"], server });
  assert.equal(await one.code, 0);
  assert.equal(one.stdout(), "the callback to https://gl.example is tried\n");
  const all = runCommand(retryCallback, { flags: { all: true }, server });
  assert.equal(await all.code, 0);
  assert.equal(all.stdout(), "1 callback tried again\n");
  assert.deepEqual(paths(all.asked), ["GET /api/v1/callbacks?state=dead", "POST /api/v1/callbacks/id-2/retry"]);
  const none = runCommand(retryCallback, { flags: { all: true }, server: () => [] });
  await none.code;
  assert.equal(none.stdout(), "there are no dead callbacks\n");
});

Deno.test("retry callback needs an id or --all, and says when there is no such callback", async () => {
  for (const line of [{}, { args: ["id-1"], flags: { all: true } as const }]) {
    await assert.rejects(runCommand(retryCallback, { ...line, server }).code, /^CliError: require: <id>, or --all$/);
  }
  await assert.rejects(runCommand(retryCallback, { args: ["id-9"], server }).code, /"id-9" not found/);
});

Deno.test("delete callback forgets one, but not with --dry", async () => {
  const run = runCommand(deleteCallback, { args: ["id-2"], server });
  assert.equal(await run.code, 0);
  assert.deepEqual([run.stdout(), paths(run.asked)], [
    "the callback to https://lms.example is forgotten\n",
    ["DELETE /api/v1/callbacks/id-2"],
  ]);
  const dry = runCommand(deleteCallback, { args: ["id-2"], flags: { dry: true }, server });
  assert.equal(await dry.code, 0);
  assert.deepEqual(dry.asked, []);
  await assert.rejects(runCommand(deleteCallback, { server }).code, /require: <id>/);
  await assert.rejects(runCommand(deleteCallback, { args: ["id-9"], server }).code, /"id-9" not found/);
});
