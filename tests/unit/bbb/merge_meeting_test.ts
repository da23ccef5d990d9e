import assert from "node:assert/strict";
import fc from "fast-check";
import type { Attendee } from "../../../src/bbb/meeting.ts";
import { mergeMeeting } from "../../../src/bbb/merge_meeting.ts";
import { makeAttendee, makeMeeting } from "../../support/make.ts";

const person = (userID: string, internalUserID = "") => makeAttendee({ userID, internalUserID });
const stored = makeMeeting({
  attendees: [person("u1", "w_1"), person("u2", "w_2")],
  participantCount: 2,
  running: true,
  maxUsers: 5,
});
const polled = makeMeeting({
  attendees: [person("u2"), person("u3")],
  participantCount: 7,
  running: false,
  maxUsers: 9,
  meetingName: "New",
});

Deno.test("mergeMeeting() takes the node's word, and keeps the internal ids that it does not say", () => {
  assert.deepEqual(mergeMeeting(stored, polled, false), { ...polled, attendees: [person("u2", "w_2"), person("u3")] });
});

Deno.test("mergeMeeting() of a row that changed since keeps people, counts and running, and takes the rest", () => {
  const changed = { ...stored, listenerCount: 1, voiceParticipantCount: 2, videoCount: 3, moderatorCount: 4 };
  assert.deepEqual(mergeMeeting(changed, polled, true), { ...changed, maxUsers: 9, meetingName: "New" });
});

Deno.test("mergeMeeting() takes another session of the room whole", () => {
  const other = { ...polled, internalMeetingID: "int-2" };
  assert.deepEqual(mergeMeeting(stored, other, false), other);
});

Deno.test("mergeMeeting() keeps a session that was stored since: the node's list is of the one before", () => {
  assert.deepEqual(mergeMeeting({ ...stored, internalMeetingID: "int-2" }, polled, true), {
    ...stored,
    internalMeetingID: "int-2",
  });
});

const people: [name: string, stored: Attendee[] | null, polled: Attendee[] | null, merged: Attendee[] | null][] = [
  ["nobody stored", null, [person("u1")], [person("u1")]],
  ["nobody polled", [person("u1", "w_1")], null, null],
  ["an empty list", [person("u1", "w_1")], [], []],
  ["the same user in two tabs, in order", [person("u1", "w_1"), person("u1", "w_2")], [person("u1"), person("u1")], [
    person("u1", "w_1"),
    person("u1", "w_2"),
  ]],
  ["a third tab", [person("u1", "w_1")], [person("u1"), person("u1")], [person("u1", "w_1"), person("u1")]],
  ["stored ones without internal id", [person("u1"), person("u1", "w_2")], [person("u1")], [person("u1", "w_2")]],
  ["an internal id that the node says", [person("u1", "w_1")], [person("u1", "w_9")], [person("u1", "w_9")]],
  ["names of built-in properties", [person("__proto__", "w_1"), person("constructor", "w_2")], [
    person("constructor"),
    person("__proto__"),
  ], [person("constructor", "w_2"), person("__proto__", "w_1")]],
];
for (const [name, before, after, merged] of people) {
  Deno.test(`mergeMeeting() keeps internal ids: ${name}`, () => {
    const result = mergeMeeting(makeMeeting({ attendees: before }), makeMeeting({ attendees: after }), false);
    assert.deepEqual(result.attendees, merged);
  });
}

Deno.test("mergeMeeting() invents no internal id and gives each to one attendee only", () => {
  const ids = fc.constantFrom("u1", "u2", "u3");
  const before = fc.uniqueArray(fc.nat(9), { maxLength: 6 }).chain((numbers) =>
    fc.tuple(...numbers.map((number) => ids.map((id) => person(id, `w_${number}`))))
  );
  fc.assert(fc.property(before, fc.array(ids, { maxLength: 6 }), (known, now) => {
    const merged = mergeMeeting(
      makeMeeting({ attendees: known }),
      makeMeeting({ attendees: now.map((id) => person(id)) }),
      false,
    ).attendees ?? [];
    assert.deepEqual(merged.map(({ userID }) => userID), now);
    const given = merged.map(({ internalUserID }) => internalUserID).filter((id) => id !== "");
    assert.equal(new Set(given).size, given.length);
    for (const { userID, internalUserID } of merged) {
      const fits = known.some((one) => one.userID === userID && one.internalUserID === internalUserID);
      assert(internalUserID === "" || fits);
    }
    for (const id of ["u1", "u2", "u3"]) {
      const [had, has] = [known, merged].map((list) => list.filter(({ userID }) => userID === id).length);
      const kept = merged.filter(({ userID, internalUserID }) => userID === id && internalUserID !== "").length;
      assert.equal(kept, Math.min(had ?? 0, has ?? 0));
    }
  }));
});
