// Meetings as the view of a large cluster holds them, for benchmarks of what is done with them in memory.
import type { Attendee } from "../src/bbb/meeting.ts";
import { NO_MEETING } from "../src/bbb/meeting.ts";
import { encodeMeetingID, type FrontendMeetingID } from "../src/contract/meeting_id.ts";
import type { MeetingRow } from "../src/store/meetings.ts";
import { encodeStoredMeeting, readStoredMeeting } from "../src/store/stored_meeting.ts";

export const MEETINGS = 5000;
export const PEOPLE = 20;
export const FRONTENDS = 100;

export const frontendKey = (number: number): string => `frontend-${number % FRONTENDS}`;
export const frontendID = (number: number): string => uuid("8000", number % FRONTENDS);
export const backendID = (number: number): string => uuid("9000", number);
const uuid = (group: string, number: number) => `00000000-0000-4000-${group}-${String(number).padStart(12, "0")}`;

const person = (meeting: number, index: number): Attendee => ({
  userID: `gl-${meeting}-${index}-abcdef`,
  internalUserID: `w_${meeting}x${index}abcdef`,
  fullName: `Participant ${meeting} ${index}`,
  role: index === 0 ? "MODERATOR" : "VIEWER",
  isPresenter: index === 0,
  isListeningOnly: false,
  hasJoinedVoice: true,
  hasVideo: index < 4,
  clientType: "HTML5",
});

/** As it comes out of the database: every text is its own. */
export function heldMeeting(number: number, backends: number): MeetingRow {
  const key = frontendKey(number);
  const id = encodeMeetingID(key, `room-${number}-abcdef0123456789` as FrontendMeetingID);
  const internal_id = `${crypto.randomUUID().replaceAll("-", "")}0123abcd-${1_700_000_000_000 + number}`;
  const document = JSON.stringify(encodeStoredMeeting({
    ...NO_MEETING,
    meetingName: `Lecture ${number}`,
    meetingID: id,
    internalMeetingID: internal_id,
    createTime: 1_700_000_000_000 + number,
    createDate: "Tue Nov 14 22:13:20 UTC 2023",
    voiceBridge: String(10000 + number),
    dialNumber: "613-555-1234",
    attendeePW: `ap-${number}`,
    moderatorPW: `mp-${number}`,
    running: true,
    participantCount: PEOPLE,
    metadata: { "bbb-origin": "Greenlight", "b3s-frontend": key, "bbb-context": `Course ${number}` },
    attendees: Array.from({ length: PEOPLE }, (_, index) => person(number, index)),
  }));
  return {
    id,
    internal_id,
    meeting: readStoredMeeting(JSON.parse(document)),
    frontend_id: frontendID(number),
    backend_id: backendID(Math.floor(number / FRONTENDS + number) % backends),
    created_at: new Date(number),
    updated_at: new Date(number),
    synced_at: new Date(number),
    ageSeconds: number,
    expected: 15,
    reserved_backend_id: null,
    version: `${number}/${number}`,
  };
}
