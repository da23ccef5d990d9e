import assert from "node:assert/strict";
import {
  configureLogging,
  createLogger,
  gatherLines,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  redactText,
} from "../../src/log.ts";
import { createFakeClock } from "../support/fake_clock.ts";

/** What a logger writes. */
function capture(format: LogFormat = "structured", level: LogLevel = "trace") {
  const lines: string[] = [];
  configureLogging({ format, level, write: (line) => lines.push(line) });
  return { log: createLogger(), lines };
}
const line = (lines: readonly string[]): string => {
  assert.equal(lines.length, 1);
  return lines[0] ?? "";
};

Deno.test("createLogger() writes 1.x's JSON lines: level, fields, time, message", () => {
  const { log, lines } = capture();
  log.info("backend selected", { backend_id: "b", count: 3, ok: true, none: null, list: [1, "a"], deep: { a: 1 } });
  const { time, ...rest } = JSON.parse(line(lines)) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/);
  assert(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
  assert.deepEqual(rest, {
    level: "info",
    backend_id: "b",
    count: 3,
    ok: true,
    none: null,
    list: [1, "a"],
    deep: { a: 1 },
    message: "backend selected",
  });
  assert.deepEqual(Object.keys(JSON.parse(line(lines))).slice(-2), ["time", "message"]);
});

Deno.test("createLogger() leaves out an empty message and fields that are undefined", () => {
  const { log, lines } = capture();
  log.info("", { uri: "/", nothing: undefined });
  assert.deepEqual(Object.keys(JSON.parse(line(lines))), ["level", "uri", "time"]);
});

Deno.test("createLogger() writes a message as it stands, braces included", () => {
  const { log, lines } = capture();
  log.info("a {uri} b", { uri: "/x" });
  assert.equal(JSON.parse(line(lines)).message, "a {uri} b");
});

Deno.test("createLogger() writes plain lines as 1.x: time, level, message, error first, fields sorted, spaces quoted", () => {
  const { log, lines } = capture("plain");
  log.warn("poll of a node failed", {
    b: "two words",
    a: 1,
    error: 'went "wrong"',
    c: "x=y",
    d: { e: [1] },
    f: undefined,
  });
  assert.match(
    line(lines),
    /^(1[0-2]|[1-9]):[0-5]\d[AP]M WRN poll of a node failed error="went \\"wrong\\"" a=1 b="two words" c="x=y" d="\{\\"e\\":\[1\]\}"$/,
  );
});

for (
  const [method, level, plain] of [["debug", "debug", "DBG"], ["info", "info", "INF"], ["warn", "warn", "WRN"], [
    "error",
    "error",
    "ERR",
  ]] as const
) {
  Deno.test(`createLogger() ${method}() writes level ${level}`, () => {
    const structured = capture();
    structured.log[method]("x");
    assert.equal(JSON.parse(line(structured.lines)).level, level);
    const readable = capture("plain");
    readable.log[method]("x");
    assert.equal(line(readable.lines).split(" ")[1], plain);
  });
}

Deno.test("configureLogging() drops what is below the level", () => {
  const written = LOG_LEVELS.map((level) => {
    const { log, lines } = capture("structured", level);
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e");
    return [level, lines.length];
  });
  assert.deepEqual(Object.fromEntries(written), { trace: 4, debug: 4, info: 3, warn: 2, error: 1, fatal: 0, panic: 0 });
});

const JWT = "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
const blob = btoa(JSON.stringify({ mth: "GET", url: "/bbb/fe1/join?fullName=Maxi&checksum=abc" })).replace(/=+$/, "");

/** Fields that must never be written, each with the value that would be the leak. */
const secretFields: [Record<string, unknown>, string][] = [
  ...[
    "secret",
    "Secret",
    "jwtSecret",
    "password",
    "attendeePW",
    "moderatorPW",
    "passwd",
    "token",
    "access_token",
    "sessionToken",
    "checksum",
    "authorization",
    "Authorization",
    "cookie",
    "set-cookie",
    "fullName",
    "full_name",
    "userName",
    "username",
    "user_name",
  ].map((key): [Record<string, unknown>, string] => [{ [key]: "hush-hush" }, "hush-hush"]),
  [{ password: 987654321 }, "987654321"],
  [{ bbb: { secret: "hush-hush" } }, "hush-hush"],
  [{ attendees: [{ fullName: "hush-hush" }] }, "hush-hush"],
  [{ uri: "/bbb/fe1/join?a=1&checksum=hush-hush" }, "hush-hush"],
  [{ error: new Error("GET https://n/?password=hush-hush failed") }, "hush-hush"],
  [{ nested: new Error("GET https://n/?checksum=hush-hush") }, "hush-hush"],
  [{ stack: "Error: x\n at https://n/?checksum=hush-hush" }, "hush-hush"],
  [{ header: `Bearer ${JWT}` }, JWT],
];
for (const format of ["structured", "plain"] as const) {
  Deno.test(`createLogger() never writes secrets in ${format} lines`, () => {
    for (const [fields, leak] of secretFields) {
      const { log, lines } = capture(format);
      log.error("x", fields);
      assert(!line(lines).includes(leak), line(lines));
      assert(line(lines).includes("[redacted]"), line(lines));
    }
  });
}

const texts: [text: string, redacted: string][] = [
  [
    "/bbb/fe1/bigbluebutton/api/create?meetingID=m&checksum=abc",
    "/bbb/fe1/bigbluebutton/api/create?meetingID=m&checksum=[redacted]",
  ],
  ["?checksum=abc&meetingID=m", "?checksum=[redacted]&meetingID=m"],
  ["checksum=abc&meetingID=m", "checksum=[redacted]&meetingID=m"],
  ["?CHECKSUM=abc", "?CHECKSUM=[redacted]"],
  ...[
    "password",
    "attendeePW",
    "moderatorPW",
    "fullName",
    "firstName",
    "lastName",
    "userID",
    "avatarURL",
    "sessionToken",
    "auth_token",
    "guestName",
    "userdata-bbb_x",
  ].map((name): [string, string] => [
    `/join?a=1&${name}=v%20w&b=2`,
    `/join?a=1&${name}=[redacted]&b=2`,
  ]),
  ["?checksum=", "?checksum=[redacted]"],
  ["?checksumType=sha1", "?checksumType=sha1"],
  ["?meta_checksum=1", "?meta_checksum=1"],
  [
    `GET "https://n/api/end?password=a&checksum=b": refused`,
    `GET "https://n/api/end?password=[redacted]&checksum=[redacted]": refused`,
  ],
  [`/api/v1/callbacks/proxy/${JWT}`, "/api/v1/callbacks/proxy/[redacted]"],
  [`/api/v1/protected/recordings/${JWT}?x=1`, "/api/v1/protected/recordings/[redacted]?x=1"],
  [`/b3s/retry-join/${blob}`, "/b3s/retry-join/[redacted]"],
  ["postgres://user:hush@db/x", "postgres://user:[redacted]@db/x"],
  ["https://n1.example/bigbluebutton/api/", "https://n1.example/bigbluebutton/api/"],
  ["meeting WyJmZTEiLCJtLTEiLCJiM3NjbCJd", "meeting WyJmZTEiLCJtLTEiLCJiM3NjbCJd"],
  ["nothing = here", "nothing = here"],
];
for (const [text, redacted] of texts) {
  Deno.test(`redactText() ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`, () =>
    assert.equal(redactText(text), redacted));
}

Deno.test("gatherLines() writes the lines of some ms together and in order, and flush() what still waits", async () => {
  const clock = createFakeClock();
  const written: string[] = [];
  const lines = gatherLines(clock.after, (text) => written.push(text));
  lines.write("a");
  lines.write("b");
  assert.deepEqual(written, []);
  await clock.advance(10);
  assert.deepEqual(written, ["a\nb"]);
  lines.write("c");
  lines.flush();
  assert.deepEqual(written, ["a\nb", "c"]);
  await clock.advance(10);
  assert.deepEqual(written, ["a\nb", "c"]);
});

Deno.test('createLogger() leaves of a "uri" what tells a meeting, and nothing that tells a person', () => {
  const { log, lines } = capture();
  const query =
    "meetingID=m-1&FullName=Ada&fullN%61me=Ada&userdata-x=Ada&role=VIEWER&flag&password=&checksum=hush&checksum=hush";
  log.info("", { uri: `/bbb/fe1/join?${query}&back=/b3s/retry-join/eyJtdGgiOiJHRVQiLCJ1cmwi` });
  assert.equal(
    JSON.parse(line(lines)).uri,
    "/bbb/fe1/join?meetingID=m-1&FullName=[redacted]&fullN%61me=[redacted]&userdata-x=[redacted]&role=VIEWER&flag" +
      "&password=[redacted]&checksum=[redacted]&checksum=[redacted]&back=/b3s/retry-join/[redacted]",
  );
});
