import assert from "node:assert/strict";
import { within } from "../../../src/lib/within.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const late = () => new Error("late");

Deno.test("within() gives the promise's outcome and leaves no timer behind", async () => {
  const clock = createFakeClock();
  assert.equal(await within(clock, 100, Promise.resolve(1), late), 1);
  await assert.rejects(within(clock, 100, Promise.reject(new Error("failed")), late), /failed/);
  assert.equal(clock.waiting, 0);
});

Deno.test("within() rejects when it takes longer, and what comes after that is nobody's", async () => {
  const clock = createFakeClock();
  const slow = Promise.withResolvers<number>();
  const waiting = assert.rejects(within(clock, 100, slow.promise, late), /late/);
  await clock.advance(100);
  await waiting;
  slow.reject(new Error("much later"));
});
