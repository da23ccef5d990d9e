// How much memory the view takes: 5,000 meetings of 20 people with their fragments; the budget is 150 MB.
// Run by hand: deno run --v8-flags=--expose-gc bench/view_memory.ts
import type { Attendee } from "../src/bbb/meeting.ts";
import { NO_MEETING } from "../src/bbb/meeting.ts";
import { meetingFragment } from "../src/cluster/fragment.ts";
import { createClusterMemory } from "../src/cluster/memory.ts";
import { encodeMeetingID, type FrontendMeetingID } from "../src/contract/meeting_id.ts";
import type { MeetingRow } from "../src/store/meetings.ts";
import { encodeStoredMeeting, readStoredMeeting } from "../src/store/stored_meeting.ts";

const MEETINGS = 5000;
const PEOPLE = 20;
const FRONTENDS = 100;
const NODES = 50;

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
function row(number: number): MeetingRow {
  const key = `frontend-${number % FRONTENDS}`;
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
    frontend_id: `00000000-0000-4000-8000-${String(number % FRONTENDS).padStart(12, "0")}`,
    backend_id: `00000000-0000-4000-9000-${String(number % NODES).padStart(12, "0")}`,
    created_at: new Date(number),
    updated_at: new Date(number),
    synced_at: new Date(number),
    ageSeconds: number,
    expected: 15,
    reserved_backend_id: null,
    version: `${number}/${number}`,
  };
}

declare const gc: (() => void) | undefined;

/** Bytes on the heap after garbage is collected. */
function heapBytes(): number {
  if (typeof gc === "undefined") throw new Error("run it with --v8-flags=--expose-gc");
  for (let round = 0; round < 4; round++) gc();
  return Deno.memoryUsage().heapUsed;
}

const before = heapBytes();
const memory = createClusterMemory();
for (let number = 0; number < MEETINGS; number++) memory.putMeeting(row(number), 0);
const rows = heapBytes();
let letters = 0;
for (const { row } of memory.meetings.values()) letters += meetingFragment(row, "frontend-0").length;
const fragments = heapBytes();

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
console.log(`${MEETINGS} meetings of ${PEOPLE} people, held ${memory.meetings.size}`);
console.log(`rows and indexes  ${megabytes(rows - before)}`);
console.log(`fragments         ${megabytes(fragments - rows)} (${megabytes(letters)} of text)`);
console.log(`together          ${megabytes(fragments - before)}`);
