import assert from "node:assert/strict";
import { watchEventLoop } from "../../../src/metrics/event_loop.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

/** A loop that something has blocked for so long when its timer comes round. */
function start() {
  const clock = createFakeClock();
  const registry = createRegistry();
  let blockedMs = 0;
  const stop = watchEventLoop({ clock: { ...clock, monotonic: () => clock.monotonic() + blockedMs }, registry });
  const value = async (line: string) =>
    Number((await registry.metrics()).split("\n").find((one) => one.startsWith(`${line} `))?.split(" ")[1]);
  const block = async (ms: number) => {
    await clock.advance(499);
    blockedMs += ms;
    await clock.advance(1);
  };
  return { clock, stop, value, block };
}

Deno.test("watchEventLoop() observes how late its timer is, each half second", async () => {
  const { clock, value, block } = start();
  await clock.advance(1000);
  await block(300);
  assert.equal(await value("b3scale_event_loop_lag_seconds_count"), 3);
  assert.equal(await value("b3scale_event_loop_lag_seconds_sum"), 0.3);
  assert.equal(await value('b3scale_event_loop_lag_seconds_bucket{le="0.25"}'), 2);
  await clock.advance(500); // late once is not late for ever
  assert.equal(await value('b3scale_event_loop_lag_seconds_bucket{le="0.001"}'), 3);
});

Deno.test("watchEventLoop() tells the worst since the last scrape", async () => {
  const { clock, value, block } = start();
  await block(300);
  await block(50);
  assert.equal(await value("b3scale_event_loop_lag_max_seconds"), 0.3);
  await clock.advance(500);
  assert.equal(await value("b3scale_event_loop_lag_max_seconds"), 0);
});

Deno.test("watchEventLoop() leaves no timer when it is stopped", async () => {
  const { clock, stop } = start();
  await clock.advance(700);
  stop();
  assert.equal(clock.waiting, 0);
});
