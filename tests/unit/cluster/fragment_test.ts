import assert from "node:assert/strict";
import { readMeeting } from "../../../src/bbb/meeting.ts";
import { parseXml } from "../../../src/bbb/xml.ts";
import { meetingFragment } from "../../../src/cluster/fragment.ts";
import { clusterID, makeAttendee, makeMeeting, makeMeetingRow } from "../../support/make.ts";

Deno.test("meetingFragment() writes the meeting with the frontend's own ids", () => {
  const breakout = { parentMeetingID: clusterID("parent"), sequence: 2, freeJoin: true };
  const meeting = makeMeeting({
    meetingName: "<Room>",
    attendees: [makeAttendee()],
    breakoutRooms: [clusterID("b1")],
    isBreakout: true,
    breakout,
  });
  const fragment = meetingFragment(makeMeetingRow({ meeting }), "fe1");
  assert(fragment.startsWith("<meeting>") && fragment.endsWith("</meeting>"));
  assert.deepEqual(readMeeting(parseXml(fragment)), {
    ...meeting,
    meetingID: "m1",
    internalMeetingID: meeting.internalMeetingID,
    breakout: { ...breakout, parentMeetingID: "parent" },
  });
});

Deno.test("meetingFragment() leaves ids of another frontend as they are", () => {
  const fragment = meetingFragment(makeMeetingRow(), "fe2");
  assert(fragment.includes(`<meetingID>${clusterID("m1")}</meetingID>`));
});

Deno.test("meetingFragment() is written once per row", () => {
  const row = makeMeetingRow();
  const fragment = meetingFragment(row, "fe1");
  assert.equal(meetingFragment(row, "fe1"), fragment);
  const changed = makeMeetingRow({ meeting: makeMeeting({ meetingName: "Other" }) });
  assert(meetingFragment(changed, "fe1").includes("<meetingName>Other</meetingName>"));
});
