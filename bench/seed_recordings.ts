// Recordings of many frontends, one of them with far more than the others: for bench/recordings.ts and for the test that
// looks at the planner's choice.
import { NO_RECORDING, type Recording } from "../src/bbb/recording.ts";
import { encodeMeetingID, type FrontendMeetingID } from "../src/contract/meeting_id.ts";
import type { Pool } from "../src/deps.ts";
import { encodeStoredRecording } from "../src/store/stored_recording.ts";
import { createHash } from "node:crypto";

export interface Amounts {
  readonly frontends: number;
  /** Of all of them. */
  readonly recordings: number;
  /** Of the first one. */
  readonly largest: number;
}

const RECORDINGS_PER_ROOM = 8;
const COURSES = 200;
const AT_ONCE = 500;
const START = 1_700_000_000_000;

export const roomID = (key: string, room: number) => encodeMeetingID(key, `room-${room}-abcdef` as FrontendMeetingID);
/** BBB's: the same beginning for all recordings of a room. */
export const recordIDOf = (key: string, room: number, startTime: number): string =>
  `${createHash("sha1").update(`${key}/${room}`).digest("hex")}-${startTime}`;
export const startTimeOf = (number: number): number => START + number * 600_000;

/** @returns the ids of the frontends, that of the largest first */
export async function seedRecordings(db: Pool, { frontends, recordings, largest }: Amounts): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < frontends; n++) {
    const [row] = await db<{ id: string }[]>`
      insert into frontends (key, secret) values (${`fe${n}`}, ${`fe${n}-secret`}) returning id`;
    if (row !== undefined) ids.push(row.id);
  }
  const owners = Array.from({ length: recordings }, (_, n) => n < largest ? 0 : 1 + n % (frontends - 1));
  const counts = new Map<number, number>();
  const rows = owners.map((owner) => {
    const number = counts.get(owner) ?? 0;
    counts.set(owner, number + 1);
    const recording = makeRecording(`fe${owner}`, number);
    const { recordID: record_id, meetingID: meeting_id, internalMeetingID: internal_meeting_id } = recording;
    const state = encodeStoredRecording(recording);
    return { record_id, meeting_id, internal_meeting_id, frontend_id: ids[owner] ?? "", state };
  });
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    await db`
      insert into recordings (record_id, meeting_id, internal_meeting_id, frontend_id, state)
      select record_id, meeting_id, internal_meeting_id, frontend_id, state
      from jsonb_populate_recordset(null::recordings, ${db.json(rows.slice(from, from + AT_ONCE))})`;
  }
  await db`vacuum analyze recordings, b3scale_recording_index`;
  return ids;
}

function makeRecording(key: string, number: number): Recording {
  const room = Math.floor(number / RECORDINGS_PER_ROOM);
  const startTime = startTimeOf(number);
  const recordID = recordIDOf(key, room, startTime);
  const meetingID = roomID(key, room);
  const format = (type: string) => ({
    type,
    url: `https://node1.example.com/playback/${type}/2.3/${recordID}`,
    processingTimeMs: 7177,
    length: 55,
    sizeBytes: 1_045_423,
    preview: type !== "presentation" ? null : [1, 2, 3].map((n) => ({
      url: `${type}/${recordID}/presentation/d2d9a672b3c4-${startTime}/thumbnails/thumb-${n}.png`,
      alt: `Thumbnail 0${n}`,
      height: 0,
      width: 0,
    })),
  });
  return {
    ...NO_RECORDING,
    recordID,
    meetingID,
    internalMeetingID: `DEPRECATED:${meetingID}`,
    name: `Lecture ${room}`,
    published: number % 5 > 0,
    state: number % 50 === 0 ? "deleted" : number % 5 === 0 ? "unpublished" : "published",
    startTime,
    endTime: startTime + 3_300_000,
    participants: number % 300,
    metadata: {
      meetingId: meetingID,
      meetingName: `Lecture ${room}`,
      isBreakout: "false",
      "b3s-frontend": key,
      "bbb-origin": "Moodle",
      "bbb-origin-server-name": "lms.example.org",
      "bbb-context-id": String(room % COURSES),
      "gl-listed": String(number % 2 === 0),
    },
    formats: ["presentation", "video"].map(format),
  };
}
