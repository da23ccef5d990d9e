// A meeting's XML as its frontend sees it, written once per version of the row.
import { meetingXml } from "../bbb/meeting.ts";
import { wrapElement } from "../bbb/xml.ts";
import { decodeMeetingID } from "../contract/meeting_id.ts";
import type { MeetingRow } from "../store/meetings.ts";

const fragments = new WeakMap<MeetingRow, string>();

/** `<meeting>…</meeting>` with the frontend's own ids. */
export function meetingFragment(row: MeetingRow, frontendKey: string): string {
  const cached = fragments.get(row);
  if (cached !== undefined) return cached;
  const { meeting } = row;
  const breakout = meeting.breakout === null
    ? null
    : { ...meeting.breakout, parentMeetingID: decodeMeetingID(frontendKey, meeting.breakout.parentMeetingID) };
  const meetingID = decodeMeetingID(frontendKey, meeting.meetingID);
  const fragment = wrapElement("meeting", meetingXml({ ...meeting, meetingID, breakout }));
  fragments.set(row, fragment);
  return fragment;
}
