import assert from "node:assert/strict";
import fc from "fast-check";
import { createEventQueue, type EventQueue } from "../../../agent/event_queue.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

/** A queue whose deliveries the test ends. */
function makeQueue({ mostWaiting }: { mostWaiting?: number } = {}) {
  const clock = createFakeClock();
  const stop = new AbortController();
  const underWay = new Map<string, () => void>();
  const begun: string[] = [];
  const calledOff: string[] = [];
  const deliver = (event: string, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      begun.push(event);
      const end = () => {
        underWay.delete(event);
        resolve();
      };
      underWay.set(event, end);
      const callOff = () => {
        if (!underWay.has(event)) return;
        calledOff.push(event);
        end();
      };
      if (signal.aborted) callOff();
      else signal.addEventListener("abort", callOff);
    });
  const queue = createEventQueue<string>({ clock, deliver, mostWaiting }, stop.signal);
  return {
    queue,
    clock,
    stop,
    begun,
    calledOff,
    underWay,
    end: async (...events: string[]) => {
      for (const event of events) underWay.get(event)?.();
      await clock.advance(0);
    },
  };
}

/** `a1` is the first event of meeting a. */
const push = (queue: EventQueue<string>, ...events: string[]) =>
  events.map((event) => queue.push(event.replace(/\d+$/, ""), event));

const many = (count: number) => Array.from({ length: count }, (_, n) => `m${n}x1`);

Deno.test("createEventQueue() delivers nothing before it is released", () => {
  const { queue, begun } = makeQueue();
  push(queue, "a1", "b1");
  assert.deepEqual([begun, queue.waiting], [[], 2]);
  queue.release();
  assert.deepEqual([begun, queue.waiting], [["a1", "b1"], 0]);
});

Deno.test("createEventQueue() delivers one event of a meeting at a time, in order, others beside", async () => {
  const { queue, begun, end } = makeQueue();
  queue.release();
  push(queue, "a1", "a2", "b1", "a3");
  assert.deepEqual(begun, ["a1", "b1"]);
  await end("b1");
  assert.deepEqual(begun, ["a1", "b1"]);
  await end("a1");
  push(queue, "b2");
  assert.deepEqual(begun, ["a1", "b1", "a2", "b2"]);
  await end("a2");
  assert.equal(begun.at(-1), "a3");
});

Deno.test("createEventQueue() keeps the order of each meeting, however long deliveries take", async () => {
  const event = fc.record({ meeting: fc.integer({ min: 0, max: 25 }), ms: fc.integer({ min: 0, max: 3000 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 80 }), async (events) => {
      const clock = createFakeClock();
      const busy = new Set<number>();
      const begun: number[] = [];
      const deliver = async (index: number) => {
        const { meeting, ms } = events[index] ?? { meeting: -1, ms: 0 };
        assert.ok(!busy.has(meeting), "one at a time");
        busy.add(meeting);
        begun.push(index);
        await clock.sleep(ms);
        busy.delete(meeting);
      };
      const queue = createEventQueue<number>({ clock, deliver }, new AbortController().signal);
      queue.release();
      events.forEach(({ meeting }, index) => queue.push(String(meeting), index));
      await clock.advance(80 * 3000);
      assert.equal(begun.length, events.length);
      const byMeeting = (indexes: number[]) => Object.groupBy(indexes, (index) => events[index]?.meeting ?? -1);
      assert.deepEqual({ ...byMeeting(begun) }, { ...byMeeting(events.map((_, index) => index)) });
    }),
    { numRuns: 15 },
  );
});

Deno.test("createEventQueue() delivers 16 at once, and those next that have waited longest", async () => {
  const { queue, begun, end } = makeQueue();
  queue.release();
  push(queue, ...many(18), "m0x2");
  assert.equal(begun.length, 16);
  await end("m0x1", "m1x1", "m2x1");
  assert.deepEqual(begun.slice(16), ["m16x1", "m17x1", "m0x2"]);
});

Deno.test("createEventQueue() gives the place of a slow delivery to another meeting", async () => {
  const { queue, clock, begun, end } = makeQueue();
  queue.release();
  push(queue, ...many(16), "a1", "m0x2");
  await clock.advance(999);
  assert.equal(begun.includes("a1"), false);
  await clock.advance(1);
  assert.equal(begun.at(-1), "a1");
  assert.equal(begun.includes("m0x2"), false, "its meeting still waits for it");
  await end("m0x1");
  assert.equal(begun.at(-1), "m0x2");
});

Deno.test("createEventQueue() has a bound on slow deliveries too, and takes back each place once", async () => {
  const { queue, clock, begun, underWay, end } = makeQueue();
  queue.release();
  push(queue, ...many(400));
  await clock.advance(60_000);
  assert.equal(underWay.size, 256);
  await end(...underWay.keys());
  await clock.advance(60_000);
  await end(...underWay.keys());
  assert.deepEqual([begun.length, underWay.size], [400, 0]);
  push(queue, ...many(40));
  assert.equal(underWay.size, 16);
});

Deno.test("push() refuses what is more than the queue holds; what is under way does not count", async () => {
  const { queue, end } = makeQueue({ mostWaiting: 3 });
  queue.release();
  assert.deepEqual(push(queue, "a1", "a2", "a3", "a4", "a5", "b1"), [true, true, true, true, false, false]);
  await end("a1");
  assert.deepEqual(push(queue, "b1", "b2"), [true, true]);
  assert.equal(queue.waiting, 3);
});

Deno.test("clear() forgets what waits of one meeting or of all", async () => {
  const { queue, begun, end } = makeQueue();
  queue.release();
  push(queue, "a1", "a2", "b1", "b2", "b3");
  queue.clear("a");
  assert.equal(queue.waiting, 2);
  await end("a1", "b1");
  assert.deepEqual(begun, ["a1", "b1", "b2"]);
  queue.clear();
  push(queue, "b4", "a3");
  await end("b2");
  assert.deepEqual(begun.slice(3), ["a3", "b4"]);
  assert.equal(queue.waiting, 0);
});

Deno.test("hold() waits for what is under way and starts nothing until release()", async () => {
  const { queue, clock, begun, calledOff, end } = makeQueue();
  queue.release();
  push(queue, "a1", "a2", "b1");
  let isHeld = false;
  const holding = queue.hold(2000).then(() => isHeld = true);
  await end("b1");
  assert.equal(isHeld, false);
  await end("a1");
  await holding;
  push(queue, "a3", "c1");
  await clock.advance(60_000);
  assert.deepEqual(begun, ["a1", "b1"]);
  queue.release();
  assert.deepEqual([begun.slice(2), calledOff], [["a2", "c1"], []]);
  await end("a2");
  assert.equal(begun.at(-1), "a3");
});

Deno.test("hold() calls off what takes too long, and not what comes later", async () => {
  const { queue, clock, calledOff, end } = makeQueue();
  queue.release();
  push(queue, "a1", "b1");
  const holding = queue.hold(2000);
  await end("b1");
  await clock.advance(1999);
  assert.deepEqual(calledOff, []);
  await clock.advance(1);
  await holding;
  queue.release();
  push(queue, "a2");
  await clock.advance(60_000);
  assert.deepEqual(calledOff, ["a1"]);
});

Deno.test("createEventQueue() calls everything off when its signal aborts", async () => {
  const { queue, stop, begun, calledOff, clock } = makeQueue();
  queue.release();
  push(queue, "a1", "a2", "b1");
  stop.abort();
  await queue.hold(0);
  queue.release();
  push(queue, "c1");
  await clock.advance(1000);
  assert.deepEqual([begun, calledOff], [["a1", "b1"], ["a1", "b1"]]);
  assert.equal(clock.waiting, 0);
});
