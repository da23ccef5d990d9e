import assert from "node:assert/strict";
import { withDeadline } from "../../../agent/deadline.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const forEver = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

Deno.test("withDeadline() ends with what comes first: the answer, the deadline, or the outer signal", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  assert.equal(await withDeadline(clock, 1000, stop.signal, () => Promise.resolve(5)), 5);
  assert.equal(clock.waiting, 0);
  const late = assert.rejects(withDeadline(clock, 1000, stop.signal, forEver), { message: "no answer within 1 s" });
  await clock.advance(1000);
  await late;
  const stopped = assert.rejects(withDeadline(clock, 1000, stop.signal, forEver), { message: "enough" });
  stop.abort(new Error("enough"));
  await stopped;
  assert.equal(clock.waiting, 0);
});
