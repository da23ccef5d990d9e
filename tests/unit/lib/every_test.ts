import assert from "node:assert/strict";
import { every } from "../../../src/lib/every.ts";
import type { Clock } from "../../../src/deps.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";

function setUp(run: (turn: number, clock: Clock) => Promise<void>, { isQuick = false } = {}) {
  const clock = createFakeClock();
  const controller = new AbortController();
  const { log, lines } = makeLog();
  const at: number[] = [];
  const done = every({ clock, log }, {
    ms: 1000,
    what: "counting",
    isQuick,
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

Deno.test("every() says once that a quick run takes long, and when it goes on", async () => {
  const minute = (time: Clock) => time.sleep(60_000);
  const runs = [
    () => Promise.resolve(),
    minute, // said after 15 s
    (time: Clock) => minute(time).then(() => Promise.reject(new Error("given up"))), // not over
    minute,
    () => Promise.resolve(),
    minute, // said again
  ];
  const { clock, controller, lines, done } = setUp((turn, time) => runs[turn - 1]?.(time) ?? Promise.resolve(), {
    isQuick: true,
  });
  await clock.advance(1000 + 14_999);
  assert.deepEqual(lines, []);
  await clock.advance(1);
  assert.deepEqual(lines, [{ level: "warn", message: "counting takes long", fields: { seconds: 15 } }]);
  await clock.advance(300_000);
  assert.deepEqual(lines.map(({ level, message }) => `${level}: ${message}`), [
    "warn: counting takes long",
    "info: counting goes on",
    "warn: counting takes long",
    "warn: counting failed, trying on",
    "info: counting goes on",
    "warn: counting takes long",
    "info: counting goes on",
  ]);
  controller.abort();
  await done;
  assert.equal(clock.waiting, 0);
});

Deno.test("every() lets a run take as long as it likes that is not quick", async () => {
  const { clock, controller, lines, done } = setUp((_turn, time) => time.sleep(3_600_000));
  await clock.advance(4_000_000);
  controller.abort();
  await clock.advance(3_600_000);
  await done;
  assert.deepEqual(lines, []);
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
