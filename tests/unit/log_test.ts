import assert from "node:assert/strict";
import {
  configureLogging,
  createLogger,
  gatherLines,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  withFields,
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

Deno.test("withFields() adds its fields to each line, and its own win", () => {
  const { log, lines } = capture();
  withFields(log, { request_id: "r1" }).warn("x", { a: 1, request_id: "other" });
  const { a, request_id } = JSON.parse(line(lines));
  assert.deepEqual([a, request_id], [1, "r1"]);
});

const CONTROLS = "a\nb\r\tc\x00\x1b[31m\x7f\x9b\x85\u2028\u2029\u202e\u2066";
for (const format of ["structured", "plain"] as const) {
  Deno.test(`createLogger() writes no control character and one line, whatever a client sent, in ${format} lines`, () => {
    const { log, lines } = capture(format);
    log.warn("x", { path: CONTROLS, error: CONTROLS, nested: { [CONTROLS]: CONTROLS } });
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(line(lines), /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/);
    if (format === "structured") assert.equal(JSON.parse(line(lines)).path, CONTROLS);
  });
}

Deno.test("createLogger() quotes what could be taken for another field of a plain line", () => {
  for (const value of ["x remote_ip=192.0.2.9", "x=1", 'x"y', "x\\", "x\u00a0y"]) {
    const { log, lines } = capture("plain");
    log.warn("x", { path: value });
    assert.match(line(lines), / WRN x path="(?:[^"\\]|\\.)*"$/);
  }
});

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
