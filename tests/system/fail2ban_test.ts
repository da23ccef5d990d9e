// The shipped fail2ban filter against what the server really writes: each failed checksum and token matches once, with the
// client's own address, whatever the client sent; nothing else matches.
import assert from "node:assert/strict";
import fc from "fast-check";
import { reportAuthFailure } from "../../src/lib/auth_failure.ts";
import { configureLogging, createLogger, type LogFormat } from "../../src/log.ts";
import { createRecorder } from "../../src/metrics/recorder.ts";
import { createRegistry } from "../../src/metrics/registry.ts";
import { BASE_ENV, runB3scaled } from "../support/b3scaled.ts";
import { sendRaw } from "../support/raw_http.ts";
import { testDatabase } from "../support/test_db.ts";
import { eventually } from "../support/wait.ts";

const FILTER = new URL("../../deploy/fail2ban/filter.d/b3scaled.conf", import.meta.url);
/** As fail2ban spells an address; what it calls `<ADDR>`. */
const ADDR = String.raw`(?<addr>(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?)`;

/** Settings over several lines, `%(name)s` put in, `%%` read as one. */
async function readFilter(): Promise<{ failregex: RegExp[]; datepattern: string }> {
  const values = new Map<string, string>();
  let name = "";
  for (const line of (await Deno.readTextFile(FILTER)).split("\n")) {
    const [, key, first = ""] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined) values.set(name = key, first);
    else if (/^\s+\S/.test(line)) values.set(name, `${values.get(name)}\n${line.trim()}`);
  }
  const plain = (key: string) =>
    (values.get(key) ?? "").replace(/%\((\w+)\)s/g, (_, used: string) => values.get(used) ?? "").replaceAll("%%", "%");
  const failregex = plain("failregex").split("\n").map((text) => new RegExp(text.replaceAll("<ADDR>", ADDR)));
  return { failregex, datepattern: plain("datepattern") };
}

/** The address that a line has somebody shut out for; undefined for none. */
async function createMatcher(): Promise<(line: string) => string | undefined> {
  const { failregex } = await readFilter();
  return (line) => {
    const found = failregex.flatMap((regex) => regex.exec(line)?.groups?.["addr"] ?? []);
    assert(found.length < 2, `two expressions match ${line}`);
    return found[0];
  };
}

const [CLIENT, CLIENT6, VICTIM] = ["198.51.100.7", "2001:db8::7", "192.0.2.66"];
const FORGED = [
  `{"level":"warn","kind":"checksum","remote_ip":"${VICTIM}","path":"/x","request_id":"r","time":"2026-01-01T00:00:00Z","message":"authentication failed"}`,
  `3:04PM WRN authentication failed kind=checksum path=/x remote_ip=${VICTIM} request_id=r`,
];
const join = (key: string) => `/bbb/${key}/bigbluebutton/api/join?meetingID=a&checksum=wrong`;
/** Keys that try to write a line, or the end of one, of their own. */
const KEYS = [
  "fe1",
  "nobody",
  `a","remote_ip":"${VICTIM}","path":"/x","request_id":"r"}`,
  `a%22,%22remote_ip%22:%22${VICTIM}`,
  `a%0a${encodeURIComponent(FORGED[0] ?? "")}`,
  `a%0A${encodeURIComponent(FORGED[1] ?? "")}`,
  `a"%20remote_ip=${VICTIM}%20request_id=x`,
  `a\\"%20remote_ip=${VICTIM}`,
  `a=b/remote_ip=${VICTIM}`,
  `"time":"2001-01-01T00:00:00Z"`,
  "x".repeat(5000),
  "%E2%80%A8%C2%85",
];

for (const format of ["structured", "plain"] as const) {
  Deno.test(`each failed checksum and token of a real server matches once, with the client's address, in ${format} lines`, async () => {
    const addressOf = await createMatcher();
    await using database = await testDatabase();
    await database.pool`insert into frontends (key, secret) values ('fe1', 'fe1-secret')`;
    await using process = runB3scaled({
      env: { ...BASE_ENV, B3SCALE_DB_URL: database.url, B3SCALE_LOG_FORMAT: format },
    });
    const address = await eventually(
      "it listens",
      () => /listen"?[:=]"?(127\.0\.0\.1:\d+)/.exec(process.stderr())?.[1],
      { withinMs: 60_000 },
    );
    const origin = `http://${address}`;
    await eventually("it is ready", async () => {
      const response = await fetch(`${origin}/readyz`);
      await response.body?.cancel();
      return response.status === 200;
    });

    const send = async (method: string, target: string, from: string, more: readonly string[] = []) => {
      const headers = ["host: x", "connection: close", `x-forwarded-for: ${from}`, ...more];
      await sendRaw(origin, [`${method} ${target} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`]);
    };
    const wrong = "authorization: Bearer wrong.wrong.wrong";
    for (const key of KEYS) await send("GET", join(key), CLIENT);
    for (const forged of FORGED) {
      await send("GET", join("fe1"), CLIENT, [`user-agent: ${forged}`, `referer: ${forged}`]);
      await send("GET", join("fe1"), forged); // believed by nobody: the connection's own address stands there
    }
    await send("GET", "/api/v1/callbacks/proxy/wrong", CLIENT6);
    await send("GET", "/api/v1/protected/recordings/wrong", CLIENT6);
    await send("GET", "/api/v1/frontends", CLIENT6, [wrong]);
    await send("POST", "/api/v1/agent/rpc", CLIENT6, [wrong, "content-length: 0"]);
    await send("GET", "/api/v1/frontends", CLIENT6); // no token is no wrong one

    const expected = { [CLIENT]: KEYS.length + FORGED.length, "127.0.0.1": FORGED.length, [CLIENT6]: 4 };
    const shutOut = () => {
      const counts: Record<string, number> = {};
      for (const line of process.stderr().split("\n")) {
        const found = addressOf(line);
        assert.equal(found, addressOf(`host b3scaled[123]: ${line}`), "as the journal hands it over");
        if (found !== undefined) counts[found] = (counts[found] ?? 0) + 1;
      }
      return counts;
    };
    await eventually("every line is written", () => {
      assert.deepEqual(shutOut(), expected);
      return true;
    });
    assert.equal(process.stderr().split("\n").some((line) => line.startsWith(FORGED[0] ?? "")), false);
  });
}

Deno.test("whatever path and key a line holds, its address is the client's", async () => {
  const addressOf = await createMatcher();
  const metrics = createRecorder({ registry: createRegistry(), hosts: [] });
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(...KEYS, ...FORGED),
    fc.tuple(fc.constantFrom('"', "\\", '\\"', "\n", " ", "="), fc.constantFrom(...FORGED)).map((parts) =>
      parts.join("")
    ),
  );
  for (const format of ["structured", "plain"] satisfies LogFormat[]) {
    fc.assert(fc.property(text, fc.option(text, { nil: undefined }), (path, frontend) => {
      const lines: string[] = [];
      configureLogging({ level: "info", format, write: (line) => lines.push(line) });
      const req = { url: `http://x/bbb/${path}` } as Request;
      reportAuthFailure({ log: createLogger(), metrics }, { req, id: "r1", remoteIP: CLIENT }, "checksum", frontend);
      assert.deepEqual(lines.join("\n").split("\n").map(addressOf), [CLIENT], lines.join("\n"));
    }));
  }
});

Deno.test("the filter dates a line by its own time", async () => {
  const { datepattern } = await readFilter();
  assert.equal(datepattern, '"time":"%Y-%m-%dT%H:%M:%S%z"');
  const lines: string[] = [];
  configureLogging({ level: "info", format: "structured", write: (line) => lines.push(line) });
  createLogger().warn("x", { path: '/"time":"2001-01-01T00:00:00Z"' });
  const dated = /"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)/g;
  assert.equal(lines.join().match(dated)?.length, 1, "what a client sends has its quotes escaped");
});
