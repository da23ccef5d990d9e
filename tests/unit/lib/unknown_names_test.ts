import assert from "node:assert/strict";
import { nearestName } from "../../../src/lib/unknown_names.ts";

const KNOWN = ["DB_URL", "DB_POOL_SIZE", "LISTEN_HTTP", "LOG_LEVEL"];
const typos: [typed: string, meant: string | undefined][] = [
  ["DB_UR", "DB_URL"],
  ["DBURL", "DB_URL"],
  ["DATABASE_URL", "DB_URL"],
  ["LISTEN", "LISTEN_HTTP"],
  ["LOGLEVEL", "LOG_LEVEL"],
  ["POOL_SIZE", "DB_POOL_SIZE"],
  ["QQQQQQ", undefined],
  ["", undefined],
];
for (const [typed, meant] of typos) {
  Deno.test(`nearestName() takes "${typed}" for ${meant ?? "none"}`, () => {
    assert.equal(nearestName(typed, KNOWN), meant);
  });
}

Deno.test("nearestName() of no names is none", () => assert.equal(nearestName("A", []), undefined));
