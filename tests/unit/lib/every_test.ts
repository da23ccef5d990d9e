import assert from "node:assert/strict";
import { every } from "../../../src/lib/every.ts";
import type { Clock } from "../../../src/deps.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";

function setUp(run: (turn: number, clock: Clock) => Promise<void>) {
  const clock = createFakeClock();
  const controller = new AbortController();
  const { log, lines } = makeLog();
  const at: number[] = [];
  const done = every({ clock, log }, {
    ms: 1000,
    what: "counting",
    run: () => {
      at.push(clock.monotonic());
      return run(at.length, clock);
    },
  }, controller.signal);
  return { clock, controller, lines, at, done };
}

Deno.test("every() runs at once and then so long after each end", async () => {
  const { clock, controller, at, done } = setUp((_turn, time) => time.sleep(300));
  await clock.advance(3000);
  assert.deepEqual(at, [0, 1300, 2600]);
  controller.abort();
  await clock.advance(300);
  await done;
  assert.equal(clock.waiting, 0);
});

Deno.test("every() goes on after failures and logs the first of a row", async () => {
  const fails = [1, 2, 4];
  const { clock, controller, lines, at, done } = setUp((turn) =>
    fails.includes(turn) ? Promise.reject(new Error(`turn ${turn}`)) : Promise.resolve()
  );
  await clock.advance(4000);
  assert.equal(at.length, 5);
  assert.deepEqual(
    lines,
    [1, 4].map((turn) => ({
      level: "warn",
      message: "counting failed, trying on",
      fields: { error: `turn ${turn}` },
    })),
  );
  controller.abort();
  await done;
});

Deno.test("every() finishes the run that has begun, and says nothing of its failure after the end", async () => {
  const run = Promise.withResolvers<void>();
  const { clock, controller, lines, done } = setUp(() => run.promise);
  let ended = false;
  done.then(() => ended = true);
  controller.abort();
  await clock.advance(5000);
  assert.equal(ended, false);
  run.reject(new Error("stopped"));
  await done;
  assert.deepEqual(lines, []);
});

Deno.test("every() of an aborted signal does not run", async () => {
  await every({ clock: createFakeClock(), log: makeLog().log }, {
    ms: 0,
    what: "x",
    run: () => assert.fail("it ran"),
  }, AbortSignal.abort());
});
