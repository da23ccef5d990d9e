import assert from "node:assert/strict";
import fc from "fast-check";
import { createSemaphore } from "../../../src/lib/semaphore.ts";

const turn = () => new Promise<void>((resolve) => queueMicrotask(resolve));
const settled = async () => {
  for (let i = 0; i < 5; i++) await turn();
};

Deno.test("acquire() waits while all places are taken and serves in order", async () => {
  const semaphore = createSemaphore(1);
  const served: number[] = [];
  const first = await semaphore.acquire();
  const waiting = [1, 2, 3].map((number) =>
    semaphore.acquire().then((release) => {
      served.push(number);
      return release;
    })
  );
  await settled();
  assert.deepEqual(served, []);
  first();
  (await waiting[0])?.();
  (await waiting[1])?.();
  (await waiting[2])?.();
  assert.deepEqual(served, [1, 2, 3]);
});

Deno.test("acquire() gives a place back once, however often its release is called", async () => {
  const semaphore = createSemaphore(1);
  const release = await semaphore.acquire();
  release();
  release();
  await semaphore.acquire();
  let second = false;
  semaphore.acquire().then(() => second = true);
  await settled();
  assert.equal(second, false);
});

Deno.test("acquire() rejects with the signal's reason, before and while it waits", async () => {
  const semaphore = createSemaphore(1);
  const reason = new Error("enough");
  await assert.rejects(semaphore.acquire(AbortSignal.abort(reason)), reason);
  const release = await semaphore.acquire(); // the aborted one took no place
  const controller = new AbortController();
  const waiting = semaphore.acquire(controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  release();
  await semaphore.acquire(); // nor did the one that left the queue
});

Deno.test("acquire() keeps its place when the signal aborts afterwards", async () => {
  const semaphore = createSemaphore(1);
  const controller = new AbortController();
  const first = await semaphore.acquire();
  const waiting = semaphore.acquire(controller.signal);
  first();
  controller.abort(new Error("late"));
  (await waiting)();
  (await semaphore.acquire())();
});

Deno.test("acquire() never hands out more places than there are, nor loses one", async () => {
  const steps = fc.array(
    fc.oneof(fc.constant("acquire" as const), fc.constant("release" as const), fc.constant("abort" as const)),
    {
      maxLength: 60,
    },
  );
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (places, todo) => {
    const semaphore = createSemaphore(places);
    const held: (() => void)[] = [];
    const waiting = new Set<AbortController>();
    for (const step of todo) {
      if (step === "acquire") {
        const controller = new AbortController();
        waiting.add(controller);
        semaphore.acquire(controller.signal).then((release) => {
          waiting.delete(controller);
          held.push(release);
        }, () => waiting.delete(controller));
      } else if (step === "release") held.shift()?.();
      else [...waiting].at(-1)?.abort(new Error("gone"));
      await settled();
      assert.ok(held.length <= places);
      assert.ok(waiting.size === 0 || held.length === places, "someone waits although a place is free");
    }
    for (const controller of waiting) controller.abort(new Error("end"));
    for (const release of held) release();
    await Promise.all(Array.from({ length: places }, () => semaphore.acquire()));
  }));
});
