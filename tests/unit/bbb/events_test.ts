import assert from "node:assert/strict";
import fc from "fast-check";
import { type BbbEvent, readEvent } from "../../../src/bbb/events.ts";

const header = { meetingId: "int-1", userId: "w_1" };

const message = (name: string, body: unknown, more: Record<string, unknown> = {}) => ({
  envelope: { name, routing: { msgType: "BROADCAST_TO_MEETING", n: 5 }, timestamp: 1715261745120.5 },
  core: { header: { name, ...header }, body },
  ...more,
});

const JOINED = {
  intId: "w_1",
  extId: "ext-7",
  name: "Mira Example",
  role: "MODERATOR",
  guest: false,
  presenter: true,
  clientType: "HTML5",
};

const user = {
  userID: "ext-7",
  internalUserID: "w_1",
  fullName: "Mira Example",
  role: "MODERATOR",
  clientType: "HTML5",
  isPresenter: true,
};

const ofUser = { internalMeetingID: "int-1", internalUserID: "w_1" };

/** Name → body, the event, and what it must not lack. */
const cases: Record<string, [body: unknown, event: BbbEvent, needed: string]> = {
  MeetingCreatedEvtMsg: [
    { props: { meetingProp: { intId: "int-1", extId: "room-42" }, durationProps: {} } },
    { kind: "meeting_created", internalMeetingID: "int-1" },
    "core.body.props.meetingProp.intId",
  ],
  MeetingEndedEvtMsg: [
    { meetingId: "int-1" },
    { kind: "meeting_ended", internalMeetingID: "int-1" },
    "core.body.meetingId",
  ],
  MeetingDestroyedEvtMsg: [
    { meetingId: "int-1" },
    { kind: "meeting_destroyed", internalMeetingID: "int-1" },
    "core.body.meetingId",
  ],
  UserJoinedMeetingEvtMsg: [JOINED, { kind: "user_joined", internalMeetingID: "int-1", user }, "core.body.intId"],
  UserJoinedVoiceConfToClientEvtMsg: [
    { intId: "w_1", callerName: "Mira+Example", listenOnly: true },
    { kind: "voice_joined", ...ofUser, listenOnly: true },
    "core.body.intId",
  ],
  UserLeftVoiceConfToClientEvtMsg: [{ intId: "w_1" }, { kind: "voice_left", ...ofUser }, "core.body.intId"],
  UserBroadcastCamStartedEvtMsg: [
    { userId: "w_1", stream: "w_1-a" },
    { kind: "webcam_started", ...ofUser, stream: "w_1-a" },
    "core.body.userId",
  ],
  UserBroadcastCamStoppedEvtMsg: [
    { userId: "w_1", stream: "w_1-a" },
    { kind: "webcam_stopped", ...ofUser, stream: "w_1-a" },
    "core.body.userId",
  ],
  UserRoleChangedEvtMsg: [
    { userId: "w_1", role: "VIEWER", changedBy: "w_2" },
    { kind: "role_changed", ...ofUser, role: "VIEWER" },
    "core.body.userId",
  ],
  PresenterAssignedEvtMsg: [
    { presenterId: "w_1", presenterName: "Mira", assignedBy: "w_2" },
    { kind: "presenter_changed", ...ofUser, isPresenter: true },
    "core.body.presenterId",
  ],
  PresenterUnassignedEvtMsg: [
    { intId: "w_1", name: "Mira" },
    { kind: "presenter_changed", ...ofUser, isPresenter: false },
    "core.body.intId",
  ],
};

for (const [name, [body, event, needed]] of Object.entries(cases)) {
  Deno.test(`readEvent() reads ${name}`, () => {
    assert.deepEqual(readEvent(JSON.stringify(message(name, body))), { event });
  });

  Deno.test(`readEvent() says what ${name} lacks`, () => {
    for (const broken of [{}, null, "text", { props: null }]) {
      assert.deepEqual(readEvent(JSON.stringify(message(name, broken))), { unreadable: `${name} has no ${needed}` });
    }
    assert.ok("unreadable" in (readEvent(JSON.stringify({ envelope: { name } })) ?? {}));
  });
}

Deno.test("readEvent() reads UserLeftMeetingEvtMsg by its header", () => {
  const name = "UserLeftMeetingEvtMsg";
  assert.deepEqual(readEvent(JSON.stringify(message(name, {}))), { event: { kind: "user_left", ...ofUser } });
  const noUser = { core: { header: { meetingId: "int-1" }, body: { intId: "w_1" } } };
  assert.deepEqual(readEvent(JSON.stringify(message(name, {}, noUser))), {
    unreadable: `${name} has no core.header.userId`,
  });
  const noMeeting = { core: { header: { userId: "w_1" } } };
  assert.deepEqual(readEvent(JSON.stringify(message(name, {}, noMeeting))), {
    unreadable: `${name} has no core.header.meetingId`,
  });
});

Deno.test("readEvent() takes an empty text for whatever else a user who joins has not", () => {
  const sparse = message("UserJoinedMeetingEvtMsg", { intId: "w_1", extId: null, name: 5, presenter: "yes" });
  const nothing = { userID: "", fullName: "", role: "", clientType: "", isPresenter: false };
  assert.deepEqual(readEvent(JSON.stringify(sparse)), {
    event: { kind: "user_joined", internalMeetingID: "int-1", user: { internalUserID: "w_1", ...nothing } },
  });
});

Deno.test("readEvent() takes no id that is empty or no text", () => {
  for (const meetingId of ["", 5, true, ["int-1"], { toString: "int-1" }]) {
    assert.deepEqual(readEvent(JSON.stringify(message("MeetingEndedEvtMsg", { meetingId }))), {
      unreadable: "MeetingEndedEvtMsg has no core.body.meetingId",
    });
  }
});

Deno.test("readEvent() passes over messages about something else", () => {
  for (const name of ["UserTalkingVoiceEvtMsg", "constructor", "toString", ""]) {
    assert.equal(readEvent(JSON.stringify(message(name, { meetingId: "int-1" }))), undefined, name);
  }
});

Deno.test("readEvent() says so when there is nothing to go by", () => {
  for (const text of ["{nope", "", "\0"]) {
    assert.deepEqual(readEvent(text), { unreadable: "the message is not JSON" }, text);
  }
  for (const text of ["{}", "null", "5", "[]", '"x"', '{"envelope":null}', '{"envelope":{"name":5}}']) {
    assert.deepEqual(readEvent(text), { unreadable: "the message has no envelope.name" }, text);
  }
});

Deno.test("readEvent() throws for no JSON of any shape", () => {
  const names = fc.constantFrom(...Object.keys(cases), "UserLeftMeetingEvtMsg");
  const core = fc.oneof(fc.jsonValue(), fc.record({ header: fc.jsonValue(), body: fc.jsonValue() }));
  fc.assert(fc.property(names, core, (name, core) => {
    const reading = readEvent(JSON.stringify({ envelope: { name }, core }));
    assert.ok(reading !== undefined && ("event" in reading || reading.unreadable.startsWith(`${name} has no core.`)));
  }));
  fc.assert(fc.property(fc.json(), (text) => void readEvent(text)));
});
