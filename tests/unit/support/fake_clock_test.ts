import assert from "node:assert/strict";
import { createFakeClock } from "../../support/fake_clock.ts";

Deno.test("advance() runs timers and sleeps in the order they are due, each at its time", async () => {
  const clock = createFakeClock();
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b ${clock.monotonic()}`));
  clock.after(10, () => seen.push(`a ${clock.monotonic()}`));
  clock.after(20, () => seen.push(`c ${clock.monotonic()}`));
  const loop = (async () => {
    for (let i = 0; i < 3; i++) {
      await clock.sleep(15);
      seen.push(`sleep ${clock.monotonic()}`);
    }
  })();
  await clock.advance(50);
  await loop;
  assert.deepEqual(seen, ["a 10", "sleep 15", "b 20", "c 20", "sleep 30", "sleep 45"]);
  assert.equal(clock.monotonic(), 50);
  assert.equal(clock.waiting, 0);
});

Deno.test("sleep() rejects with the signal's reason and after() is called off", async () => {
  const clock = createFakeClock(1000);
  const stop = new AbortController();
  const sleeping = assert.rejects(clock.sleep(10, stop.signal), /enough/);
  const cancel = clock.after(10, () => assert.fail("called off"));
  stop.abort(new Error("enough"));
  cancel();
  await sleeping;
  await clock.advance(20);
  assert.equal(clock.now(), 1020);
  await assert.rejects(clock.sleep(1, stop.signal), /enough/);
});
