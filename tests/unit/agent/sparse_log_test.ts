import assert from "node:assert/strict";
import { createSparseLog } from "../../../agent/sparse_log.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";

Deno.test("createSparseLog() warns once, once a minute, and says when it is over", async () => {
  const clock = createFakeClock();
  const { log, lines } = makeLog();
  const sparse = createSparseLog({ clock, log });
  sparse.over("redis", "redis is back");
  for (let second = 0; second < 150; second++) {
    sparse.warn("redis is away", { error: `number ${second}` }, "redis");
    sparse.warn("something else");
    await clock.advance(1000);
  }
  sparse.over("redis", "redis is back", { address: "a" });
  sparse.over("redis", "redis is back");
  sparse.warn("redis is away", {}, "redis");
  const said = lines.filter(({ message }) => message !== "something else");
  assert.deepEqual(said.map(({ level, message, fields }) => [level, message, fields["error"] ?? fields["address"]]), [
    ["warn", "redis is away", "number 0"],
    ["warn", "redis is away", "number 60"],
    ["warn", "redis is away", "number 120"],
    ["info", "redis is back", "a"],
    ["warn", "redis is away", undefined],
  ]);
  assert.equal(lines.length - said.length, 3);
});
