import assert from "node:assert/strict";
import { guardOutOfBandErrors, isOutOfBandSocketError, parseTimestamp } from "../../../src/store/pool.ts";

const timestamps: [string, string][] = [
  ["2026-11-21 07:20:28", "2026-11-21T07:20:28.000Z"],
  ["2026-11-21 07:20:28.7", "2026-11-21T07:20:28.700Z"],
  ["2026-11-21 07:20:28.716985", "2026-11-21T07:20:28.716Z"], // cut, not rounded
  ["2026-03-29 02:30:00", "2026-03-29T02:30:00.000Z"], // does not exist in Berlin
  ["2000-01-01 00:00:00", "2000-01-01T00:00:00.000Z"],
  ["0001-01-01 00:00:00", "0001-01-01T00:00:00.000Z"], // 1.x's zero time
  ["0044-03-15 12:00:00 BC", "-000043-03-15T12:00:00.000Z"],
  ["12026-01-02 03:04:05", "+012026-01-02T03:04:05.000Z"],
  ["infinity", "+275760-09-13T00:00:00.000Z"],
];
for (const [text, iso] of timestamps) {
  Deno.test(`parseTimestamp() reads ${text} as UTC`, () => assert.equal(parseTimestamp(text).toISOString(), iso));
}

const withStack = (error: Error, stack: string) => Object.assign(error, { stack });
const NULL_WRITE = "Cannot read properties of null (reading 'write')";

Deno.test("isOutOfBandSocketError() knows the driver's write on a socket that is gone, also in a minified build", () => {
  const source = "TypeError: …\n    at nextWrite (file:///npm/postgres/3.4.9/src/connection.js:255:22)";
  const minified = "TypeError: …\n    at Immediate.callback (ext:deno_node/internal/timers.mjs:4:3069)";
  assert(isOutOfBandSocketError(withStack(new TypeError(NULL_WRITE), source)));
  assert(isOutOfBandSocketError(withStack(new TypeError(NULL_WRITE), minified)));
  assert(
    isOutOfBandSocketError(Object.assign(new Error("write CONNECTION_CLOSED db:5432"), { code: "CONNECTION_CLOSED" })),
  );
});

Deno.test("isOutOfBandSocketError() knows the driver's own query on a new connection, whatever it failed with", () => {
  const reset = withStack(
    Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
    "at TCPWrap.onStreamRead",
  );
  const failed = (query: string) =>
    isOutOfBandSocketError(Object.defineProperty(reset, "query", { value: query, configurable: true }));
  assert(failed("\n select b.oid, b.typarray\n from pg_catalog.pg_type a"));
  assert(!failed("select id from meetings"));
});

Deno.test("isOutOfBandSocketError() leaves errors of our own alone", () => {
  assert(!isOutOfBandSocketError(withStack(new TypeError(NULL_WRITE), "at answer (file:///app/src/app.ts:1:1)")));
  assert(!isOutOfBandSocketError(new TypeError("Cannot read properties of null (reading 'read')")));
  assert(
    !isOutOfBandSocketError(withStack(Object.assign(new Error("broken pipe"), { code: "EPIPE" }), "at src/app.ts:1:1")),
  );
  assert(!isOutOfBandSocketError(Object.assign(new Error("duplicate key"), { code: "23505" })));
  assert(!isOutOfBandSocketError("CONNECTION_CLOSED"));
});

Deno.test("guardOutOfBandErrors() stops the driver's errors, logs them, and lets others through until removed", () => {
  const warnings: string[] = [];
  const remove = guardOutOfBandErrors({ warn: (message) => warnings.push(message) });
  const raise = (error: unknown) => !globalThis.dispatchEvent(new ErrorEvent("error", { error, cancelable: true }));
  const lost = withStack(new TypeError(NULL_WRITE), "at nextWrite (connection.js:255:22)");
  assert.equal(raise(lost), true);
  assert.equal(raise(new Error("a bug")), false);
  remove();
  assert.equal(raise(lost), false);
  assert.deepEqual(warnings, ["database connection lost while writing"]);
});
