import assert from "node:assert/strict";
import { createReport } from "../../../agent/report.ts";
import type { BbbEvent } from "../../../src/bbb/events.ts";

const OLD: ReadonlySet<string> = new Set();
const OURS: ReadonlySet<string> = new Set(["meeting_update_attendee"]);
const UPDATE = "meeting_update_attendee";

const ofUser = { internalMeetingID: "int-1", internalUserID: "w_1" };
const ids = { internal_meeting_id: "int-1", internal_user_id: "w_1" };
const joined = (isPresenter: boolean): BbbEvent => ({
  kind: "user_joined",
  internalMeetingID: "int-1",
  user: { userID: "u1", internalUserID: "w_1", fullName: "Ada", role: "VIEWER", clientType: "HTML5", isPresenter },
});
const webcam = (kind: "webcam_started" | "webcam_stopped", stream: string, internalUserID = "w_1"): BbbEvent => ({
  kind,
  internalMeetingID: "int-1",
  internalUserID,
  stream,
});
const hasVideo = (HasVideo: boolean, internal_user_id = "w_1") => ({
  action: UPDATE,
  params: { internal_meeting_id: "int-1", internal_user_id, attendee: { HasVideo } },
});

Deno.test("callOf() makes 1.x's calls of 1.x's five events, whatever the server can", () => {
  for (const features of [OLD, OURS]) {
    const { callOf } = createReport();
    const of = (kind: "meeting_created" | "meeting_ended" | "meeting_destroyed") =>
      callOf({ kind, internalMeetingID: "int-1" }, features);
    const params = { internal_meeting_id: "int-1" };
    assert.deepEqual(of("meeting_created"), { action: "meeting_set_running", params: { ...params, running: true } });
    assert.deepEqual(of("meeting_ended"), { action: "meeting_state_reset", params });
    assert.deepEqual(of("meeting_destroyed"), { action: "delete_meeting", internalMeetingID: "int-1" });
    assert.deepEqual(callOf({ kind: "user_left", ...ofUser }, features), {
      action: "meeting_remove_attendee",
      params: ids,
    });
    // The members' order is part of what 1.x sends.
    assert.equal(
      JSON.stringify(callOf(joined(false), features)),
      '{"action":"meeting_add_attendee","params":{"internal_meeting_id":"int-1","attendee":{"UserID":"u1",' +
        '"InternalUserID":"w_1","FullName":"Ada","Role":"VIEWER","IsPresenter":false,"IsListeningOnly":false,' +
        '"HasJoinedVoice":false,"HasVideo":false,"ClientType":"HTML5"}}}',
    );
  }
});

Deno.test("callOf() says of somebody who joins that they present where the server follows that", () => {
  const isPresenter = (features: ReadonlySet<string>) =>
    JSON.stringify(createReport().callOf(joined(true), features)).includes('"IsPresenter":true');
  assert.deepEqual([isPresenter(OLD), isPresenter(OURS)], [false, true]);
});

const changes: [string, BbbEvent, Record<string, unknown>][] = [
  ["a voice", { kind: "voice_joined", ...ofUser, listenOnly: false }, { HasJoinedVoice: true, IsListeningOnly: false }],
  ["a listener", { kind: "voice_joined", ...ofUser, listenOnly: true }, {
    HasJoinedVoice: false,
    IsListeningOnly: true,
  }],
  ["a voice that leaves", { kind: "voice_left", ...ofUser }, { HasJoinedVoice: false, IsListeningOnly: false }],
  ["a webcam", webcam("webcam_started", "a"), { HasVideo: true }],
  ["a role", { kind: "role_changed", ...ofUser, role: "MODERATOR" }, { Role: "MODERATOR" }],
  ["a presenter", { kind: "presenter_changed", ...ofUser, isPresenter: true }, { IsPresenter: true }],
  ["a presenter no more", { kind: "presenter_changed", ...ofUser, isPresenter: false }, { IsPresenter: false }],
];
for (const [name, event, attendee] of changes) {
  Deno.test(`callOf() reports ${name} to servers that can take it`, () => {
    assert.deepEqual(createReport().callOf(event, OURS), { action: UPDATE, params: { ...ids, attendee } });
    assert.equal(createReport().callOf(event, OLD), undefined);
  });
}

Deno.test("callOf() says that a webcam is off with the user's last stream", () => {
  const { callOf } = createReport();
  callOf(webcam("webcam_started", "a"), OURS);
  assert.deepEqual(callOf(webcam("webcam_started", "b"), OURS), hasVideo(true));
  callOf(webcam("webcam_started", "c", "w_2"), OURS);
  assert.equal(callOf(webcam("webcam_stopped", "a"), OURS), undefined);
  assert.deepEqual(callOf(webcam("webcam_stopped", "b"), OURS), hasVideo(false));
  assert.deepEqual(callOf(webcam("webcam_stopped", "c", "w_2"), OURS), hasVideo(false, "w_2"));
});

Deno.test("callOf() takes a stream that it never saw start for the only one", () => {
  assert.deepEqual(createReport().callOf(webcam("webcam_stopped", "a"), OURS), hasVideo(false));
});

const ends: [string, BbbEvent][] = [
  ["ended", { kind: "meeting_ended", internalMeetingID: "int-1" }],
  ["destroyed", { kind: "meeting_destroyed", internalMeetingID: "int-1" }],
  ["left by the user", { kind: "user_left", ...ofUser }],
];
for (const [name, end] of ends) {
  Deno.test(`callOf() forgets the webcams of a meeting that was ${name}`, () => {
    const { callOf } = createReport();
    callOf(webcam("webcam_started", "a"), OURS);
    callOf(end, OURS);
    callOf(webcam("webcam_started", "b"), OURS);
    assert.deepEqual(callOf(webcam("webcam_stopped", "b"), OURS), hasVideo(false));
  });
}

Deno.test("forget() drops the webcams of one meeting or of all", () => {
  for (const [given, forgotten] of [["int-1", true], ["int-2", false], [undefined, true]] as const) {
    const { callOf, forget } = createReport();
    callOf(webcam("webcam_started", "a"), OURS);
    callOf(webcam("webcam_started", "b"), OURS);
    forget(given);
    assert.equal(callOf(webcam("webcam_stopped", "b"), OURS) !== undefined, forgotten, String(given));
  }
});

Deno.test("callOf() knows a bounded number of webcams, and forgets the oldest", () => {
  const { callOf } = createReport();
  callOf(webcam("webcam_started", "first"), OURS);
  callOf(webcam("webcam_started", "second"), OURS);
  for (let n = 0; n < 4999; n++) callOf(webcam("webcam_started", `s${n}`, `w_other${n}`), OURS);
  assert.deepEqual(callOf(webcam("webcam_stopped", "second"), OURS), hasVideo(false), "the first is forgotten");
});
