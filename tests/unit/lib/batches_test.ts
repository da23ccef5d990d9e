import assert from "node:assert/strict";
import fc from "fast-check";
import { inBatches } from "../../../src/lib/batches.ts";

const never = () => false;

/** A run that each test ends by hand. */
function handRun() {
  const runs: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const run = (items: readonly number[]) =>
    new Promise<number[]>((resolve, reject) => {
      runs.push({ items, end: (error) => error === undefined ? resolve(items.map((n) => n * 10)) : reject(error) });
    });
  return { runs, run };
}
const turn = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))));

Deno.test("inBatches() begins at once, and takes all that came meanwhile into the next batch", async () => {
  const { runs, run } = handRun();
  const ask = inBatches({ most: 3, isUndone: never }, run);
  const answers = Promise.all([1, 2, 3, 4, 5].map(ask));
  for (let index = 0; index < 3; index++) {
    await turn();
    runs[index]?.end();
  }
  assert.deepEqual(await answers, [10, 20, 30, 40, 50]);
  assert.deepEqual(runs.map(({ items }) => items), [[1], [2, 3, 4], [5]]);
});

Deno.test("inBatches() works on after a pause", async () => {
  const ask = inBatches({ most: 3, isUndone: never }, (items: readonly number[]) => Promise.resolve(items));
  assert.equal(await ask(1), 1);
  assert.equal(await ask(2), 2);
});

Deno.test("inBatches() tries the items of an undone batch one by one: a bad one fails alone", async () => {
  const tried: (readonly number[])[] = [];
  const ask = inBatches({ most: 10, isUndone: () => true }, (items: readonly number[]) => {
    tried.push(items);
    return items.includes(3) ? Promise.reject(new Error("bad")) : Promise.resolve(items);
  });
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(ask));
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  assert.deepEqual(tried, [[1], [2, 3, 4], [2], [3], [4]]);
});

Deno.test("inBatches() does not repeat a batch that may have been done", async () => {
  const tried: (readonly number[])[] = [];
  const ask = inBatches({ most: 10, isUndone: never }, (items: readonly number[]) => {
    tried.push(items);
    return items.length > 1 ? Promise.reject(new Error("lost")) : Promise.resolve(items);
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map(ask));
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
  assert.deepEqual(tried, [[1], [2, 3]]);
  assert.equal(await ask(4), 4);
});

Deno.test("inBatches() answers each item with its own answer", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 5 }), async (items, most) => {
    const ask = inBatches({ most, isUndone: never }, async (batch: readonly number[]) => {
      assert.ok(batch.length <= most);
      await turn();
      return batch.map((n) => n + 1);
    });
    assert.deepEqual(await Promise.all(items.map(ask)), items.map((n) => n + 1));
  }));
});
