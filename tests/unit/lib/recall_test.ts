import assert from "node:assert/strict";
import { createRecall } from "../../../src/lib/recall.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

function makeRecall({ keepMs = 5000, most = 10 } = {}) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const recall = createRecall<string>({ clock, keepMs, most });
  const get = (key: string, answer: () => Promise<string> = () => Promise.resolve(`${key}${asked.length}`)) =>
    recall.get(key, () => {
      asked.push(key);
      return answer();
    });
  return { clock, asked, get };
}

Deno.test("get() asks once for all who want to know at the same time, and per key", async () => {
  const { asked, get } = makeRecall();
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = [get("a", () => promise), get("a"), get("a")];
  assert.equal(await get("b"), "b2");
  resolve("first");
  assert.deepEqual(await Promise.all(waiting), ["first", "first", "first"]);
  assert.deepEqual(asked, ["a", "b"]);
});

Deno.test("get() asks again once the answer is as old as it may be, counted from the question", async () => {
  const { clock, asked, get } = makeRecall();
  const slow = get("a", async () => {
    await clock.sleep(4000);
    return "slow";
  });
  await clock.advance(4000);
  assert.equal(await slow, "slow");
  await clock.advance(999);
  assert.equal(await get("a"), "slow");
  await clock.advance(1);
  assert.equal(await get("a"), "a2");
  assert.deepEqual(asked, ["a", "a"]);
});

Deno.test("get() keeps no failure, and not even those who shared it make it forget a later answer", async () => {
  const { asked, get } = makeRecall();
  const fail = () => Promise.reject(new Error("away"));
  await Promise.all([assert.rejects(get("a", fail)), assert.rejects(get("a", fail))]);
  assert.equal(await get("a"), "a2");
  assert.equal(await get("a"), "a2");
  assert.deepEqual(asked, ["a", "a"]);
});

Deno.test("get() remembers as many keys as it may, the latest asked for", async () => {
  const { clock, asked, get } = makeRecall({ most: 2 });
  await get("a");
  await get("b");
  await clock.advance(5000);
  await get("a"); // again, and so later than b
  await get("c");
  asked.length = 0;
  await get("a");
  await get("c");
  assert.deepEqual(asked, []);
  await get("b");
  assert.deepEqual(asked, ["b"]);
});
