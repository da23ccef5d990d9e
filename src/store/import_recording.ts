// Writes an imported recording: finds its frontend and the row that is there, and puts both together in one transaction.
import type { Recording } from "../bbb/recording.ts";
import {
  type ClusterMeetingID,
  encodeMeetingID,
  type FrontendMeetingID,
  MAX_CLUSTER_MEETING_ID,
  readMeetingID,
} from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";
import { AppError } from "../errors.ts";
import { touchFrontendMeeting } from "./frontend_meetings.ts";
import { findFrontendByKey, type Frontend, listFrontendsByID } from "./frontends.ts";
import { findRecording, type RecordingRow, upsertRecording } from "./recordings.ts";

/** `planImport()` in src/recordings/import.ts makes it, and says what its members mean. */
export interface RecordingImport {
  readonly recordID: string;
  readonly meetingID: string;
  readonly overrideKey: string | undefined;
  readonly ownerKeys: readonly string[];
  readonly parentMeetingID: string;
  merge(stored: Recording | undefined, facts: { meetingID: string; visibility: string | null }): Recording;
}

/**
 * @param tx a transaction; another import of the same recording waits for its end
 * @throws not_found when nobody's is the recording, malformed_body for a meeting's id that cannot be stored
 */
export async function saveImport(tx: Db, plan: RecordingImport): Promise<RecordingRow> {
  const { recordID } = plan;
  // Two formats of a recording that is new arrive together: a lock of its own, since there is no row to lock.
  await tx`select pg_advisory_xact_lock(hashtextextended(${`b3scale recording ${recordID}`}, 0))`;
  await tx`select from recordings where record_id = ${recordID} for update`;
  const stored = await findRecording(tx, recordID);
  const override = await findOverride(tx, plan.overrideKey);
  const meetingID = override === undefined ? plan.meetingID : encodeFor(override, plan.meetingID);
  if (meetingID.length > MAX_CLUSTER_MEETING_ID) {
    throw new AppError("malformed_body", `The id of the meeting is longer than ${MAX_CLUSTER_MEETING_ID} characters`);
  }
  if (override !== undefined) await touchFrontendMeeting(tx, override.id, meetingID as ClusterMeetingID);
  const frontendID = stored?.frontend_id ?? override?.id ?? await findOwner(tx, { ...plan, meetingID });
  const [frontend] = frontendID === undefined ? [] : await listFrontendsByID(tx, [frontendID]);
  if (frontend === undefined) {
    throw new AppError("not_found", `No frontend is known of the meeting "${meetingID}" of recording "${recordID}"`);
  }
  const visibility = frontend.settings.recordings?.visibility_override ?? null;
  const recording = plan.merge(stored?.recording, { meetingID, visibility });
  return await upsertRecording(tx, { recording, frontend_id: frontend.id });
}

async function findOverride(tx: Db, key: string | undefined): Promise<Frontend | undefined> {
  if (key === undefined) return undefined;
  const frontend = await findFrontendByKey(tx, key);
  if (frontend !== undefined) return frontend;
  throw new AppError("not_found", `override_frontend_key: A frontend with key '${key}' could not be found.`);
}

/** An id that is encoded already, whoever's it was, is the same room at this frontend. */
const encodeFor = ({ key }: Frontend, meetingID: string): string =>
  encodeMeetingID(key, readMeetingID(meetingID)?.meetingID ?? meetingID as FrontendMeetingID);

/** By the mapping, then by the keys, then by the meeting that a breakout room belonged to. */
async function findOwner(
  tx: Db,
  { meetingID, ownerKeys, parentMeetingID }: RecordingImport,
): Promise<string | undefined> {
  const [owner] = await tx<{ frontend_id: string }[]>`
    select frontend_id from (
      select 0 as place, frontend_id from frontend_meetings where meeting_id = ${meetingID}
      union all
      select k.place::int, f.id from unnest(${ownerKeys as string[]}::text[]) with ordinality k (key, place)
        join frontends f on f.key = k.key
      union all
      select 10, frontend_id from frontend_meetings where meeting_id = ${parentMeetingID}
      union all
      select 11, frontend_id from meetings where internal_id = ${parentMeetingID} and frontend_id is not null
      union all
      select 12, frontend_id from recordings where record_id = ${parentMeetingID}
    ) owners order by place limit 1`;
  return owner?.frontend_id;
}
