import assert from "node:assert/strict";
import { createSingleFlight } from "../../../src/lib/single_flight.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

/** Flights that end when the test says so. */
function flights() {
  const started: PromiseWithResolvers<number>[] = [];
  const fly = () => {
    const flight = Promise.withResolvers<number>();
    started.push(flight);
    return flight.promise;
  };
  return { started, fly };
}

Deno.test("run() lets callers of one key share a flight", async () => {
  const { started, fly } = flights();
  const single = createSingleFlight<number>({ clock: createFakeClock() });
  const callers = [single.run("a", fly), single.run("a", fly), single.run("b", fly)];
  assert.equal(started.length, 2);
  started[0]?.resolve(1);
  started[1]?.resolve(2);
  assert.deepEqual(await Promise.all(callers), [1, 1, 2]);
});

Deno.test("run() flies again after the answer when nothing is kept", async () => {
  const { started, fly } = flights();
  const single = createSingleFlight<number>({ clock: createFakeClock() });
  const first = single.run("a", fly);
  started[0]?.resolve(1);
  await first;
  single.run("a", fly);
  assert.equal(started.length, 2);
});

Deno.test("run() shares an answer for keepMs from when it was asked for", async () => {
  const clock = createFakeClock();
  const { started, fly } = flights();
  const single = createSingleFlight<number>({ clock, keepMs: 1000 });
  const first = single.run("a", fly);
  await clock.advance(400);
  started[0]?.resolve(1);
  await first;
  await clock.advance(599);
  assert.equal(await single.run("a", fly), 1);
  await clock.advance(1);
  single.run("a", fly);
  assert.equal(started.length, 2);
});

Deno.test("run() keeps no answer that took longer than keepMs, and leaves no timer", async () => {
  const clock = createFakeClock();
  const { started, fly } = flights();
  const single = createSingleFlight<number>({ clock, keepMs: 1000 });
  const first = single.run("a", fly);
  await clock.advance(1500);
  started[0]?.resolve(1);
  await first;
  assert.equal(clock.waiting, 0);
  single.run("a", fly);
  assert.equal(started.length, 2);
});

Deno.test("run() tells a failure to all who wait and keeps it for nobody", async () => {
  const clock = createFakeClock();
  const { started, fly } = flights();
  const single = createSingleFlight<number>({ clock, keepMs: 1000 });
  const callers = [single.run("a", fly), single.run("a", fly)];
  started[0]?.reject(new Error("down"));
  for (const result of await Promise.allSettled(callers)) assert.equal(result.status, "rejected");
  const again = single.run("a", fly);
  started[1]?.resolve(2);
  assert.equal(await again, 2);
});
