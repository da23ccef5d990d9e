import assert from "node:assert/strict";
import fc from "fast-check";
import { type Meeting, NO_MEETING } from "../../../src/bbb/meeting.ts";
import { encodeStoredMeeting, readStoredMeeting } from "../../../src/store/stored_meeting.ts";
import { makeAttendee, makeMeeting } from "../../support/make.ts";

/** The document of the control-plane contract §4.3, as 1.x writes it: names, order and types are fixed. */
const DOCUMENT =
  `{"MeetingName":"Room","MeetingID":"m1","InternalMeetingID":"int-m1","CreateTime":1704164645000,"CreateDate":"Tue Jan 02 03:04:05 UTC 2024","VoiceBridge":"70001","DialNumber":"613-555-1234","AttendeePW":"ap","ModeratorPW":"mp","Running":true,"Duration":0,"Recording":false,"HasBeenForciblyEnded":false,"StartTime":1704164645100,"EndTime":0,"ParticipantCount":1,"ListenerCount":0,"VoiceParticipantCount":0,"VideoCount":0,"MaxUsers":0,"ModeratorCount":1,"IsBreakout":false,"Metadata":{"bbb-origin":"Greenlight"},"Attendees":[{"UserID":"u1","InternalUserID":"w_1","FullName":"User 1","Role":"MODERATOR","IsPresenter":false,"IsListeningOnly":false,"HasJoinedVoice":false,"HasVideo":false,"ClientType":"HTML5"}],"BreakoutRooms":["b1"],"Breakout":{"ParentMeetingID":"m0","Sequence":1,"FreeJoin":false}}`;
const MEETING: Meeting = {
  meetingName: "Room",
  meetingID: "m1",
  internalMeetingID: "int-m1",
  createTime: 1704164645000,
  createDate: "Tue Jan 02 03:04:05 UTC 2024",
  voiceBridge: "70001",
  dialNumber: "613-555-1234",
  attendeePW: "ap",
  moderatorPW: "mp",
  running: true,
  duration: 0,
  recording: false,
  hasBeenForciblyEnded: false,
  startTime: 1704164645100,
  endTime: 0,
  participantCount: 1,
  listenerCount: 0,
  voiceParticipantCount: 0,
  videoCount: 0,
  maxUsers: 0,
  moderatorCount: 1,
  isBreakout: false,
  metadata: { "bbb-origin": "Greenlight" },
  attendees: [makeAttendee({ internalUserID: "w_1", role: "MODERATOR" })],
  breakoutRooms: ["b1"],
  breakout: { parentMeetingID: "m0", sequence: 1, freeJoin: false },
};

Deno.test("encodeStoredMeeting() writes 1.x's document to the letter", () => {
  assert.equal(JSON.stringify(encodeStoredMeeting(MEETING)), DOCUMENT);
});

Deno.test("readStoredMeeting() reads 1.x's document", () => {
  assert.deepEqual(readStoredMeeting(JSON.parse(DOCUMENT)), MEETING);
});

Deno.test("encodeStoredMeeting() writes every key of an empty meeting, lists as null", () => {
  const document = encodeStoredMeeting(NO_MEETING);
  assert.deepEqual(Object.keys(document), Object.keys(JSON.parse(DOCUMENT)));
  assert.deepEqual([document.Metadata, document.Attendees, document.BreakoutRooms, document.Breakout], [
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("encodeStoredMeeting() leaves out what a jsonb value cannot hold", () => {
  const document = encodeStoredMeeting(makeMeeting({
    meetingName: "a\0b\ud800",
    metadata: { x: "\0", y: "😀" },
    attendees: [makeAttendee({ fullName: "N\0N" })],
    breakoutRooms: ["\0r"],
  }));
  assert.equal(document.MeetingName, "ab\ufffd");
  assert.deepEqual(document.Metadata, { x: "", y: "😀" });
  assert(!JSON.stringify(document).includes("\\u0000"));
});

const odd: [name: string, document: unknown, read: Partial<Meeting>][] = [
  ["nothing", null, {}],
  ["a text", "x", {}],
  ["a list", [1], {}],
  ["an empty document", {}, {}],
  ["keys in another case", { meetingname: "Room", RUNNING: true, moderatorPw: "mp" }, {
    meetingName: "Room",
    running: true,
    moderatorPW: "mp",
  }],
  ["the exact key before another case", { meetingname: "other", MeetingName: "Room" }, { meetingName: "Room" }],
  ["nulls", { MeetingName: null, CreateTime: null, Running: null, Attendees: null }, {}],
  ["wrong types", { MeetingName: 5, CreateTime: "5", Running: "true", ModeratorCount: true, Breakout: "b" }, {}],
  ["numbers that 1.x could not read back", { CreateTime: 1.5, StartTime: -1, Duration: 1e300 }, {}],
  ["metadata with values of other types", { Metadata: { a: 1, b: true, c: null, d: {}, e: "x" } }, {
    metadata: { a: "1", b: "true", e: "x" },
  }],
  ["metadata that is a list", { Metadata: ["a"] }, {}],
  ["attendees with null entries and missing keys", { Attendees: [null, { userid: "u1", HasVideo: true }, "x"] }, {
    attendees: [{ ...makeAttendee(), fullName: "", clientType: "", role: "", hasVideo: true }],
  }],
  ["the same attendee twice", { Attendees: [{ UserID: "u1" }, { UserID: "u1" }] }, {
    attendees: [1, 2].map(() => makeAttendee({ fullName: "", clientType: "", role: "" })),
  }],
  ["attendees that are no list", { Attendees: { 0: {} } }, {}],
  ["breakout rooms with odd entries", { BreakoutRooms: ["b1", null, 2] }, { breakoutRooms: ["b1"] }],
  ["a breakout without members", { Breakout: {} }, { breakout: { parentMeetingID: "", sequence: 0, freeJoin: false } }],
  ["unknown keys", { More: 1 }, {}],
];
for (const [name, document, read] of odd) {
  Deno.test(`readStoredMeeting() reads ${name}`, () => {
    assert.deepEqual(readStoredMeeting(document), { ...NO_MEETING, ...read });
  });
}

Deno.test("readStoredMeeting() reads back any meeting that was encoded", () => {
  const text = fc.string({ unit: "grapheme" }).map((value) => value.replaceAll("\0", ""));
  const count = fc.maxSafeNat();
  const own = { noNullPrototype: true };
  const fields: { [name in keyof Meeting]: fc.Arbitrary<Meeting[name]> } = {
    meetingName: text,
    meetingID: text,
    internalMeetingID: text,
    createTime: count,
    createDate: text,
    voiceBridge: text,
    dialNumber: text,
    attendeePW: text,
    moderatorPW: text,
    running: fc.boolean(),
    duration: count,
    recording: fc.boolean(),
    hasBeenForciblyEnded: fc.boolean(),
    startTime: count,
    endTime: count,
    participantCount: count,
    listenerCount: count,
    voiceParticipantCount: count,
    videoCount: count,
    maxUsers: count,
    moderatorCount: count,
    isBreakout: fc.boolean(),
    metadata: fc.option(fc.dictionary(text, text, own)),
    attendees: fc.option(fc.array(fc.record({
      userID: text,
      internalUserID: text,
      fullName: text,
      role: text,
      isPresenter: fc.boolean(),
      isListeningOnly: fc.boolean(),
      hasJoinedVoice: fc.boolean(),
      hasVideo: fc.boolean(),
      clientType: text,
    }, own))),
    breakoutRooms: fc.option(fc.array(text)),
    breakout: fc.option(fc.record({ parentMeetingID: text, sequence: count, freeJoin: fc.boolean() }, own)),
  };
  fc.assert(fc.property(fc.record(fields, own), (meeting) => {
    assert.deepEqual(readStoredMeeting(JSON.parse(JSON.stringify(encodeStoredMeeting(meeting)))), meeting);
  }));
});

Deno.test("readStoredMeeting() never fails, and what it reads is written as 1.x reads it", () => {
  const keys = Object.keys(JSON.parse(DOCUMENT) as object);
  fc.assert(fc.property(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()), (document) => {
    const encoded = encodeStoredMeeting(readStoredMeeting(document));
    for (const [key, sample] of Object.entries(JSON.parse(DOCUMENT) as object)) {
      const value = encoded[key];
      if (typeof sample !== "object") assert.equal(typeof value, typeof sample);
      if (typeof value === "number") assert(Number.isSafeInteger(value) && value >= 0);
    }
  }));
});
