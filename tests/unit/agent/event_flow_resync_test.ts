// What becomes of events when Redis or the server was away, or too many came: the node is polled, and newer ones follow.
import assert from "node:assert/strict";
import { left } from "../../support/bbb_messages.ts";
import { type AskedRequest, makeFlow, PATCHED_AT, POLL, SEEN, STATUS, users } from "../../support/event_flow.ts";

const REMOVE = "POST meeting_remove_attendee";

Deno.test("createEventFlow() has the node polled before it reports anything", async () => {
  const { flow, clock, next, lines, stop } = makeFlow();
  flow.take(left("m1", "a"));
  await clock.advance(60_000);
  assert.deepEqual(next(), [STATUS]);
  flow.missed("events are followed");
  await clock.advance(1000);
  assert.deepEqual(next(), [STATUS, POLL, SEEN]);
  flow.take(left("m1", "b"));
  await clock.advance(0);
  assert.deepEqual(next(), [REMOVE]);
  assert.deepEqual(lines.at(-1)?.fields, { why: "events are followed" });
  await stop();
});

Deno.test("createEventFlow() forgets what came before the node is polled, and keeps what comes meanwhile", async () => {
  let polled = false;
  const answer = ({ what }: AskedRequest) =>
    what === SEEN && !polled ? { json: { synced_at: "2026-01-01T09:00:00Z", latency: 0 } } : undefined;
  const { flow, clock, asked, next, stop } = makeFlow({ answer });
  flow.missed("redis was away");
  flow.take(left("m1", "before"));
  await clock.advance(300);
  assert.ok(next().includes(POLL));
  for (const id of ["a", "b", "c"]) flow.take(left("m1", id));
  await clock.advance(1000);
  assert.deepEqual(users(asked), []);
  polled = true;
  await clock.advance(200);
  assert.deepEqual(users(asked), ["a", "b", "c"]);
  await stop();
});

Deno.test("createEventFlow() waits for a poll that was asked for after its request, for 5 s at most", async () => {
  const askedAt = Date.parse(PATCHED_AT);
  /** Stored at that time, asked so much before it. */
  const cases: [storedAfterMs: number, latencyMs: number, counts: boolean][] = [
    [-1, 0, false],
    [300, 301, false],
    [300, 300, true],
    [5, 0, true],
  ];
  for (const [storedAfterMs, latencyMs, counts] of cases) {
    const synced_at = new Date(askedAt + storedAfterMs).toISOString();
    const answer = ({ what }: AskedRequest) =>
      what === SEEN ? { json: { synced_at, latency: latencyMs * 1e6 } } : undefined;
    const { flow, clock, asked, stop } = makeFlow({ answer });
    flow.missed("redis was away");
    await clock.advance(300);
    flow.take(left("m1", "a"));
    await clock.advance(1000);
    assert.equal(users(asked).length, counts ? 1 : 0, `${storedAfterMs} ${latencyMs}`);
    await clock.advance(5000);
    assert.equal(users(asked).length, 1);
    await stop();
  }
});

Deno.test("createEventFlow() asks for the poll until the server says yes, less and less often", async () => {
  let isDown = true;
  const answer = () => isDown ? "down" as const : undefined;
  const { flow, clock, asked, next, lines, stop } = makeFlow({ answer });
  flow.missed("redis was away");
  await clock.advance(30_000);
  const at = asked.map(({ at }) => at);
  const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  assert.deepEqual(pauses, [400, 800, 1600, 3200, 6400, 10_000]);
  assert.equal(lines.length, 1);
  flow.take(left("m1", "before an attempt that fails"));
  await clock.advance(10_000);
  isDown = false;
  next();
  await clock.advance(15_000);
  assert.deepEqual(next(), [STATUS, POLL, SEEN]);
  assert.deepEqual(lines.slice(1).map(({ message }) => message), ["the server is back", "the server polls this node"]);
  await stop();
});

Deno.test("createEventFlow() says that the server has no such backend, and tries on", async () => {
  const answer = ({ what }: AskedRequest) => what === POLL ? { status: 404, json: {} } : undefined;
  const { flow, clock, asked, lines, stop } = makeFlow({ answer });
  flow.missed("events are followed");
  await clock.advance(50_000);
  assert.equal(lines.map(({ message }) => message).join(), "the server has no such backend, trying on");
  assert.ok(asked.filter(({ what }) => what === POLL).length > 5);
  await clock.advance(60_000);
  assert.equal(lines.length, 2, "a reminder");
  await stop();
});

Deno.test("createEventFlow() reports everything in order when the server is back within 5 s", async () => {
  for (const failure of ["down", { status: 500, json: {} }, { status: 503, json: {} }] as const) {
    let isWell = true;
    const { flow, clock, start, asked, next, lines, stop } = makeFlow({ answer: () => isWell ? undefined : failure });
    await start();
    isWell = false;
    for (const id of ["a", "b", "c"]) flow.take(left("m1", id));
    flow.take(left("m2", "d"));
    await clock.advance(3000);
    assert.deepEqual([...new Set(users(asked))], ["a", "d"]);
    asked.length = 0;
    isWell = true;
    await clock.advance(3000);
    assert.deepEqual(users(asked).sort(), ["a", "b", "c", "d"]);
    assert.deepEqual(users(asked).filter((id) => id !== "d"), ["a", "b", "c"]);
    assert.equal(next().includes(POLL), false);
    assert.deepEqual(lines.slice(-2).map(({ message }) => message), [
      "an event could not be reported, trying on",
      "the server is back",
    ]);
    await stop();
  }
});

Deno.test("createEventFlow() forgets what waits and has the node polled when the server was away for longer", async () => {
  let isDown = false;
  const { flow, clock, start, asked, next, stop } = makeFlow({ answer: () => isDown ? "down" : undefined });
  await start();
  isDown = true;
  for (const id of ["a", "b", "c"]) flow.take(left("m1", id));
  await clock.advance(20_000);
  flow.take(left("m1", "before an attempt that fails"));
  await clock.advance(10_000);
  asked.length = 0;
  isDown = false;
  await clock.advance(10_000);
  flow.take(left("m1", "d"));
  await clock.advance(0);
  assert.deepEqual(next(), [STATUS, POLL, SEEN, REMOVE]);
  await stop();
});

Deno.test("createEventFlow() does not wait for ever for an event that the server cannot store", async () => {
  const answer = ({ params }: AskedRequest) =>
    JSON.stringify(params ?? "").includes('"bad"') ? { status: 500, json: {} } : undefined;
  const { flow, clock, start, asked, stop } = makeFlow({ answer });
  await start();
  flow.take(left("m1", "bad"));
  await clock.advance(10_000);
  flow.take(left("m1", "a"));
  await clock.advance(0);
  assert.equal(asked.filter(({ what }) => what === POLL).length, 1);
  assert.equal(users(asked).at(-1), "a");
  await stop();
});

Deno.test("createEventFlow() takes a server that does not answer for away", async () => {
  let hangs = false;
  const { flow, clock, start, next, stop } = makeFlow({ answer: () => hangs ? "hang" : undefined });
  await start();
  hangs = true;
  flow.take(left("m1", "a"));
  await clock.advance(19_999);
  assert.deepEqual(next(), [REMOVE]);
  await clock.advance(1000);
  assert.deepEqual(next(), [STATUS]);
  hangs = false;
  await clock.advance(12_000);
  assert.deepEqual(next(), [STATUS, POLL, SEEN]);
  await stop();
});

Deno.test("createEventFlow() forgets everything and has the node polled when too many events wait", async () => {
  let hangs = false;
  const { flow, clock, start, asked, lines, stop } = makeFlow({
    answer: ({ what }) => hangs && what === REMOVE ? "hang" : undefined,
  });
  await start();
  hangs = true;
  for (let n = 0; n < 10_001; n++) flow.take(left("m1", `w${n}`));
  await clock.advance(1000);
  assert.equal(asked.length, 1, "one is under way, and 10,000 wait");
  flow.take(left("m1", "too much"));
  hangs = false;
  await clock.advance(3000);
  flow.take(left("m1", "a"));
  await clock.advance(0);
  assert.deepEqual(asked.slice(1).map(({ what }) => what), [STATUS, POLL, SEEN, REMOVE]);
  assert.equal(users(asked).at(-1), "a");
  assert.deepEqual(lines.slice(-2).map(({ message, fields }) => [message, fields]), [
    ["events are given up, a poll of this node will make up for them", {
      why: "too many events waited",
      events: 10_000,
    }],
    ["the server polls this node", { why: "too many events waited" }],
  ]);
  await stop();
});

Deno.test("createEventFlow() has the node polled again for what was missed while it was asked for", async () => {
  const { flow, clock, next, stop } = makeFlow();
  flow.missed("events are followed");
  await clock.advance(250);
  assert.deepEqual(next(), [STATUS, POLL]);
  flow.missed("redis was away");
  flow.take(left("m1", "a"));
  await clock.advance(2000);
  assert.deepEqual(next(), [SEEN, STATUS, POLL, SEEN]);
  await stop();
});
