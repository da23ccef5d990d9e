// What each event makes of a meeting, and that its counts never contradict its list.
import assert from "node:assert/strict";
import fc from "fast-check";
import { applyEvent, applyEvents, type MeetingEvent } from "../../../src/rest/agent_events_apply.ts";
import { makeAttendee, makeAttendees, makeMeeting } from "../../support/make.ts";

const person = (number: number, fields: Parameters<typeof makeAttendee>[0] = {}) =>
  makeAttendee({ userID: `u${number}`, internalUserID: `w_${number}`, fullName: `User ${number}`, ...fields });
const joined = (number: number, fields: Parameters<typeof makeAttendee>[0] = {}): MeetingEvent => ({
  kind: "joined",
  attendee: person(number, fields),
});
const left = (number: number): MeetingEvent => ({ kind: "left", internalUserID: `w_${number}` });
const meeting = makeMeeting({
  attendees: [person(1, { role: "MODERATOR" }), person(2)],
  participantCount: 2,
  moderatorCount: 1,
  listenerCount: 1,
  videoCount: 3,
});
const polled = makeMeeting({ attendees: makeAttendees(3), participantCount: 3 });

Deno.test("a join appends, and the counts follow the list; what it does not say stays", () => {
  const { meeting: after, changed } = applyEvent({ ...meeting, running: false }, joined(3, { role: "MODERATOR" }));
  assert.deepEqual(after, {
    ...meeting,
    running: false,
    attendees: [...(meeting.attendees ?? []), person(3, { role: "MODERATOR" })],
    participantCount: 3,
    moderatorCount: 2,
  });
  assert.equal(changed, true);
});

Deno.test("a join into a meeting whose people were never named begins the list", () => {
  const { meeting: after } = applyEvent(makeMeeting({ attendees: null, participantCount: 7 }), joined(1));
  assert.deepEqual([after.attendees, after.participantCount], [[person(1)], 1]);
});

Deno.test("a repeated join replaces the entry in its place (D-36)", () => {
  const { meeting: after, changed } = applyEvent(meeting, joined(1, { fullName: "New name" }));
  assert.deepEqual(after.attendees, [person(1, { fullName: "New name" }), person(2)]);
  assert.deepEqual([after.participantCount, after.moderatorCount, changed], [2, 0, true]);
});

Deno.test("a join takes over the entry of a poll with its UserID, and no other session's (D-70)", () => {
  const { meeting: once } = applyEvent(polled, joined(1));
  assert.deepEqual(once.attendees?.map((one) => one.internalUserID), ["", "w_1", ""]);
  const second = person(1, { internalUserID: "w_other" });
  const { meeting: twice } = applyEvent(once, { kind: "joined", attendee: second });
  assert.deepEqual(twice.attendees?.map((one) => one.internalUserID), ["", "w_1", "", "w_other"]);
  assert.equal(twice.participantCount, 4);
});

Deno.test("a join without an internal id never replaces somebody who has none either but another UserID", () => {
  const { meeting: after } = applyEvent(polled, { kind: "joined", attendee: makeAttendee({ userID: "new" }) });
  assert.equal(after.participantCount, 4);
});

Deno.test("a leave removes every entry with its id", () => {
  const twice = { ...meeting, attendees: [person(1), person(2), person(1)] };
  const { meeting: after, changed } = applyEvent(twice, left(1));
  assert.deepEqual([after.attendees, after.participantCount, changed], [[person(2)], 1, true]);
});

Deno.test("a leave that finds nobody changes nothing, and asks for a poll only where it may be about an unnamed entry", () => {
  assert.deepEqual(applyEvent(meeting, left(9)), { meeting, changed: false, needsPoll: false });
  assert.deepEqual(applyEvent(polled, left(9)), { meeting: polled, changed: false, needsPoll: true });
  const unnamed = makeMeeting({ attendees: null });
  assert.deepEqual(applyEvent(unnamed, left(9)), { meeting: unnamed, changed: false, needsPoll: false });
});

Deno.test("a leave without an id does not empty a polled list", () => {
  assert.equal(applyEvent(polled, { kind: "left", internalUserID: "" }).changed, false);
});

Deno.test("a reset empties the list and stops the meeting", () => {
  const { meeting: after } = applyEvent(meeting, { kind: "reset" });
  const emptied = { ...meeting, running: false, attendees: [], participantCount: 0, moderatorCount: 0 };
  assert.deepEqual(after, emptied);
});

Deno.test("running says only that", () => {
  const { meeting: after, changed } = applyEvent(meeting, { kind: "running", running: true });
  assert.deepEqual([after, changed], [{ ...meeting, running: true }, true]);
});

Deno.test("an update sets the members that it names; of somebody unknown it changes nothing", () => {
  const update = (internalUserID: string): MeetingEvent => ({
    kind: "updated",
    internalUserID,
    changes: { hasVideo: true, role: "MODERATOR" },
  });
  const { meeting: after } = applyEvent(meeting, update("w_2"));
  assert.deepEqual(after.attendees?.[1], person(2, { hasVideo: true, role: "MODERATOR" }));
  assert.equal(after.moderatorCount, 2);
  for (const nobody of ["w_9", ""]) assert.equal(applyEvent(polled, update(nobody)).changed, false);
});

Deno.test("applyEvents() goes in order and remembers the most people", () => {
  const applied = applyEvents(meeting, [joined(3), joined(4), left(3), left(4), left(9)]);
  assert.deepEqual(applied, { meeting, changed: true, needsPoll: false, peak: 4 });
});

const anyEvent: fc.Arbitrary<MeetingEvent> = fc.oneof(
  fc.record({ number: fc.nat(5), moderator: fc.boolean(), named: fc.boolean() }).map(({ number, moderator, named }) =>
    joined(number, { role: moderator ? "MODERATOR" : "VIEWER", ...(named ? {} : { internalUserID: "" }) })
  ),
  fc.nat(5).map(left),
  fc.record({ number: fc.nat(5), moderator: fc.boolean() }).map(({ number, moderator }): MeetingEvent => ({
    kind: "updated",
    internalUserID: `w_${number}`,
    changes: { role: moderator ? "MODERATOR" : "VIEWER" },
  })),
  fc.constant<MeetingEvent>({ kind: "reset" }),
  fc.boolean().map((running): MeetingEvent => ({ kind: "running", running })),
);

Deno.test("any events leave counts that agree with the list and nobody twice", () => {
  fc.assert(fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.boolean(), (events, startPolled) => {
    const start = startPolled ? polled : makeMeeting();
    const { meeting: after } = applyEvents(start, events);
    const people = after.attendees ?? [];
    assert.equal(after.participantCount, people.length);
    assert.equal(after.moderatorCount, people.filter(({ role }) => role === "MODERATOR").length);
    const ids = people.map((one) => one.internalUserID).filter((id) => id !== "");
    assert.equal(new Set(ids).size, ids.length);
  }));
});

Deno.test("events cut into batches anywhere give what they give one by one", () => {
  fc.assert(fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.nat(30), (events, cut) => {
    const first = applyEvents(polled, events.slice(0, cut));
    const second = applyEvents(first.meeting, events.slice(cut));
    const whole = applyEvents(polled, events);
    assert.deepEqual(second.meeting, whole.meeting);
    assert.equal(first.changed || second.changed, whole.changed);
    assert.equal(Math.max(first.peak, second.peak), whole.peak);
    let single = polled;
    for (const event of events) single = applyEvent(single, event).meeting;
    assert.deepEqual(single, whole.meeting);
  }));
});
