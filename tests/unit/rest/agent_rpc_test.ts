// Bodies of rpc calls as 1.x's agent, ours, and broken ones send them.
import assert from "node:assert/strict";
import { readRpc, RpcError } from "../../../src/rest/agent_rpc.ts";
import { makeAttendee } from "../../support/make.ts";

const base64 = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).toBase64();
const ID = { internal_meeting_id: "int-m1" };

Deno.test("readRpc() reads each action, as base64 and as an object", () => {
  const attendee = {
    UserID: "u1",
    InternalUserID: "w_1",
    FullName: "Zoë 🙂",
    Role: "MODERATOR",
    HasVideo: true,
    ClientType: "HTML5",
    Unknown: 1,
  };
  const read = makeAttendee({ internalUserID: "w_1", fullName: "Zoë 🙂", role: "MODERATOR", hasVideo: true });
  const cases: [string, object, unknown][] = [
    ["meeting_set_running", { running: false }, { kind: "running", running: false }],
    ["meeting_state_reset", {}, { kind: "reset" }],
    ["meeting_add_attendee", { attendee }, { kind: "joined", attendee: read }],
    ["meeting_remove_attendee", { internal_user_id: "w_1" }, { kind: "left", internalUserID: "w_1" }],
    [
      "meeting_update_attendee",
      { internal_user_id: "w_1", attendee: { HasVideo: false, Role: "VIEWER", IsPresenter: null, FullName: "no" } },
      { kind: "updated", internalUserID: "w_1", changes: { hasVideo: false, role: "VIEWER" } },
    ],
  ];
  for (const [action, more, event] of cases) {
    const params = { ...ID, ...more };
    for (const payload of [base64(params), params]) {
      assert.deepEqual(readRpc({ action, payload }), { internalMeetingID: "int-m1", event });
    }
  }
});

Deno.test("readRpc() leaves nothing of an attendee null, and nothing that a row cannot hold", () => {
  const attendee = { UserID: null, FullName: "a\0b\ud800" };
  const { event } = readRpc({ action: "meeting_add_attendee", payload: { ...ID, attendee } });
  const nobody = { userID: "", internalUserID: "", role: "", clientType: "" };
  assert.deepEqual(event, { kind: "joined", attendee: makeAttendee({ ...nobody, fullName: "ab\ufffd" }) });
});

Deno.test("readRpc() says what is wrong with a call", () => {
  const cases: [string | null | undefined, unknown, RegExp][] = [
    ["nope", {}, /^the requsted RPC action is unknown$/],
    ["toString", {}, /^the requsted RPC action is unknown$/],
    [undefined, undefined, /^the requsted RPC action is unknown$/],
    ["meeting_add_attendee", { ...ID, attendee: null }, /^attendee is required$/],
    ["meeting_add_attendee", ID, /^attendee is required$/],
    ["meeting_update_attendee", { ...ID, internal_user_id: "w" }, /^attendee is required$/],
    ["meeting_add_attendee", { ...ID, attendee: { UserID: 1 } }, /^field "attendee.UserID" should be /],
    ["meeting_set_running", ID, /^field "running" should be /],
    ["meeting_set_running", { internal_meeting_id: "", running: true }, /^field "internal_meeting_id" should be /],
    ["meeting_set_running", undefined, /^field "payload" should be /],
    ["meeting_set_running", null, /^field "payload" should be /],
    ["meeting_set_running", [], /^field /],
    ["meeting_set_running", 7, /^field "payload" should be /],
    ["meeting_set_running", "eHg=", /^the payload is not valid JSON$/],
    ["meeting_set_running", "", /^the payload is not valid JSON$/],
    ["meeting_set_running", "no base64!", /^the payload is not base64/],
    ["meeting_set_running", "/w==", /^the payload is not base64 of a text$/],
  ];
  for (const [action, payload, message] of cases) {
    assert.throws(() => readRpc({ action, payload }), (error) => {
      assert(error instanceof RpcError);
      assert.match(error.message, message);
      return true;
    });
  }
});
