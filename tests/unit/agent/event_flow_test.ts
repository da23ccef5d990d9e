// What becomes of events while Redis and the server are well, or the server does not like one of them.
import assert from "node:assert/strict";
import { destroyed, ended, joined, left, presenter } from "../../support/bbb_messages.ts";
import { type AskedRequest, type FakeAnswer, makeFlow, POLL, STATUS, users } from "../../support/event_flow.ts";

const ADD = "POST meeting_add_attendee";
const ada = (intId: string) => ({ intId, extId: intId, name: "Ada Lovelace", role: "VIEWER" });
const REMOVE = "POST meeting_remove_attendee";

Deno.test("createEventFlow() reports the events of each meeting in their order", async () => {
  const { flow, clock, start, asked, stop } = makeFlow();
  await start();
  for (const text of [joined("m1", ada("a")), joined("m2", ada("b")), left("m1", "a"), ended("m1"), destroyed("m1")]) {
    flow.take(text);
  }
  await clock.advance(0);
  const of = (meeting: string) =>
    asked.filter(({ what, params }) => JSON.stringify([what, params]).includes(meeting)).map(({ what }) => what);
  assert.deepEqual(of("m1"), [ADD, REMOVE, "POST meeting_state_reset", "DELETE /api/v1/meetings/internal:m1"]);
  assert.deepEqual(of("m2"), [ADD]);
  await stop();
});

Deno.test("createEventFlow() sends what 1.x does not know only where the server announces it", async () => {
  for (const [features, expected] of [[[], []], [["meeting_update_attendee"], ["POST meeting_update_attendee"]]]) {
    const { flow, clock, start, next, stop } = makeFlow({ features });
    await start();
    flow.take(presenter("m1", "a"));
    await clock.advance(0);
    assert.deepEqual(next(), expected);
    await stop();
  }
});

/** The first event is answered so, all others are fine. */
const first = (given: FakeAnswer) => {
  let isFirst = true;
  return ({ what }: AskedRequest) => {
    if (!what.startsWith("POST") || !isFirst) return undefined;
    isFirst = false;
    return given;
  };
};

Deno.test("createEventFlow() never asks again for what the server refuses", async () => {
  for (const status of [400, 401, 403, 413]) {
    const answer = first({ status, json: { message: "no" } });
    const { flow, clock, start, asked, lines, stop } = makeFlow({ answer });
    await start();
    flow.take(joined("m1", ada("a")));
    flow.take(left("m1", "b"));
    await clock.advance(30_000);
    assert.deepEqual(users(asked), ["a", "b"], String(status));
    assert.equal(lines.at(-1)?.message, "the server refused an event, it is skipped");
    await stop();
  }
});

Deno.test("createEventFlow() never asks again for what the server cannot apply", async () => {
  const answer = first({ json: { status: "error", result: "attendee is required" } });
  const { flow, clock, start, asked, lines, stop } = makeFlow({ answer });
  await start();
  flow.take(joined("m1", ada("a")));
  flow.take(left("m1", "b"));
  await clock.advance(30_000);
  assert.deepEqual(users(asked), ["a", "b"]);
  assert.deepEqual(lines.at(-1)?.fields, { action: "meeting_add_attendee", error: "attendee is required" });
  await stop();
});

Deno.test("createEventFlow() takes a meeting that is gone already for deleted", async () => {
  const answer = ({ what }: AskedRequest) => what.startsWith("DELETE") ? { status: 404, json: {} } : undefined;
  const { flow, clock, start, next, lines, stop } = makeFlow({ answer });
  await start();
  lines.length = 0;
  flow.take(destroyed("m1"));
  await clock.advance(30_000);
  assert.deepEqual([next(), lines], [["DELETE /api/v1/meetings/internal:m1"], []]);
  await stop();
});

Deno.test("createEventFlow() skips what waits for a meeting that the server does not know, and has the node polled", async () => {
  const answer = first({ json: { status: "error", result: "context deadline exceeded" } });
  const { flow, clock, start, next, stop } = makeFlow({ answer });
  await start();
  for (const text of [joined("m1", ada("a")), left("m1", "b"), left("m1", "c"), left("m2", "d")]) flow.take(text);
  await clock.advance(0);
  assert.deepEqual(next(), [ADD, REMOVE, POLL]);
  flow.take(left("m1", "e"));
  await clock.advance(0);
  assert.deepEqual(next(), [REMOVE]);
  await stop();
});

Deno.test("createEventFlow() is not kept from other meetings by 40 that the server waits for", async () => {
  const answer = ({ params }: AskedRequest) => JSON.stringify(params ?? "").includes('"slow') ? "hang" : undefined;
  const { flow, clock, start, asked, stop } = makeFlow({ answer });
  await start();
  for (let n = 0; n < 40; n++) flow.take(left(`slow${n}`, "s"));
  flow.take(left("m1", "a"));
  await clock.advance(3000);
  assert.equal(users(asked).at(-1), "a");
  await stop();
});

Deno.test("createEventFlow() sends 1.x what 1.x knows once it turns out to be one, and looks again after a minute", async () => {
  let isOld = true;
  const unknown = { json: { status: "error", result: "the requsted RPC action is unknown" } };
  const answer = ({ what }: AskedRequest) => isOld && what === "POST meeting_update_attendee" ? unknown : undefined;
  const { flow, clock, start, next, stop } = makeFlow({ features: ["meeting_update_attendee"], answer });
  await start();
  flow.take(presenter("m1", "a"));
  await clock.advance(0);
  assert.deepEqual(next(), ["POST meeting_update_attendee"]);
  flow.take(presenter("m1", "b"));
  flow.take(left("m1", "a"));
  await clock.advance(0);
  assert.deepEqual(next(), [REMOVE]);
  isOld = false;
  await clock.advance(60_000);
  assert.deepEqual(next(), [STATUS]);
  flow.take(presenter("m1", "b"));
  await clock.advance(0);
  assert.deepEqual(next(), ["POST meeting_update_attendee"]);
  await stop();
});

Deno.test("createEventFlow() says once a minute what it cannot read", async () => {
  const { flow, clock, start, next, lines, stop } = makeFlow();
  await start();
  lines.length = 0;
  for (let n = 0; n < 1000; n++) {
    for (const text of ["{nope", "{}", '{"envelope":{"name":"MeetingEndedEvtMsg"}}']) flow.take(text);
  }
  await clock.advance(0);
  assert.deepEqual(lines.map(({ fields }) => fields["reason"]), [
    "the message is not JSON",
    "the message has no envelope.name",
    "MeetingEndedEvtMsg has no core.body.meetingId",
  ]);
  await clock.advance(60_000);
  flow.take("{nope");
  assert.equal(lines.length, 4);
  assert.deepEqual(next(), [STATUS]);
  await stop();
});

Deno.test("createEventFlow() ends at once, whatever is under way", async () => {
  const { flow, clock, start, next, stop } = makeFlow({
    answer: ({ what }) => what.startsWith("POST") ? "hang" : undefined,
  });
  await start();
  for (const text of [left("m1", "a"), left("m1", "b"), left("m2", "c")]) flow.take(text);
  await clock.advance(0);
  await stop();
  await clock.advance(60_000);
  assert.deepEqual(next(), [REMOVE, REMOVE]);
  assert.equal(clock.waiting, 0);
});

Deno.test("createEventFlow() names nobody in its log", async () => {
  const answers: FakeAnswer[] = [
    { status: 400, json: { message: "no" } },
    { status: 500, json: { message: "no" } },
    { json: { status: "error", result: "no" } },
    { json: { status: "error", result: "context deadline exceeded" } },
    "down",
    "hang",
  ];
  for (const given of answers) {
    const answer = ({ what }: AskedRequest) => what.startsWith("POST") ? given : undefined;
    const { flow, clock, start, lines, stop } = makeFlow({ answer });
    await start();
    flow.take(joined("m1", ada("w_secret")));
    await clock.advance(60_000);
    const text = JSON.stringify(lines);
    assert.ok(lines.length > 1 && !/Ada|Lovelace|w_secret/.test(text), text);
    await stop();
  }
});
