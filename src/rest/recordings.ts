// Recordings in REST, for operators: list, show, and who may see them.
import { isVisibility, type Visibility, withVisibility } from "../bbb/recording.ts";
import { jsonTime } from "../contract/endpoint.ts";
import { recordingEndpoints, type RecordingJson, type VisibilityInput } from "../contract/recording.ts";
import { AppError } from "../errors.ts";
import { moveForRequest } from "../recordings/move_files.ts";
import { isSafeName } from "../recordings/paths.ts";
import { listFrontendsMatching } from "../store/frontends.ts";
import { moveQueue, wishMoves } from "../store/recording_moves.ts";
import { listFrontendRecordings } from "../store/recording_search.ts";
import { findRecording, type RecordingRow, updateRecording } from "../store/recordings.ts";
import { encodeRecordingDocument } from "../store/stored_recording.ts";
import { isUuid } from "./input.ts";
import { invalid } from "./problem.ts";
import { type RestDeps, route } from "./route.ts";

/** The only place where row and JSON differ. */
const recordingJson = (row: RecordingRow): RecordingJson => ({
  record_id: row.recording.recordID,
  recording: encodeRecordingDocument(row.recording) as unknown as RecordingJson["recording"],
  meeting_id: row.meeting_id,
  internal_meeting_id: row.internal_meeting_id,
  frontend_id: row.frontend_id,
  created_at: jsonTime(row.created_at),
  updated_at: jsonTime(row.updated_at),
  synced_at: jsonTime(row.synced_at),
});

const unknownRecording = (id: string) => new AppError("not_found", `Recording "${id}" is unknown`);

/** No row has such an id, and PostgreSQL would refuse to look for it. */
const isImpossible = (id: string): boolean => id.includes("\0");

export const recordingRoutes = [
  route(recordingEndpoints.list, async ({ deps: { db }, query: { frontend_id, frontend_key } }) => {
    if (frontend_id === undefined && frontend_key === undefined) {
      throw new AppError("invalid_parameter", "frontend_id or frontend_key is required");
    }
    const isPossible = frontend_id === undefined || isUuid(frontend_id);
    const filter = frontend_id === undefined ? { key: frontend_key } : { id: frontend_id }; // the id wins
    const [frontend] = isPossible ? await listFrontendsMatching(db, filter) : [];
    if (frontend === undefined) throw new AppError("not_found", "The frontend is unknown");
    return (await listFrontendRecordings(db, frontend.id, { metadata: [] })).map(recordingJson);
  }),

  route(recordingEndpoints.show, async ({ deps: { db }, params: { id = "" } }) => {
    const row = isImpossible(id) ? undefined : await findRecording(db, id);
    if (row === undefined) throw unknownRecording(id);
    return recordingJson(row);
  }),

  route(recordingEndpoints.setVisibility, async ({ deps, body, requestID }) => {
    const { record_id, visibility } = readInput(body);
    const { config: { recordings: roots }, db, clock, log } = deps;
    if (roots === null) {
      throw new AppError("switched_off", "B3SCALE_RECORDINGS_PUBLISHED_PATH and …_UNPUBLISHED_PATH are not set");
    }
    const row = await setVisibility(deps, record_id, visibility);
    await moveForRequest({ queue: moveQueue(db), roots, clock, log }, [record_id], requestID);
    return recordingJson(row);
  }),
];

/** @throws validation_failed, invalid_parameter */
function readInput({ record_id, visibility }: VisibilityInput): { record_id: string; visibility: Visibility } {
  const absent = Object.entries({ record_id, visibility }).filter(([, text]) => !text).map(([name]) => name);
  if (!record_id || !visibility) invalid(Object.fromEntries(absent.map((name) => [name, ["this field is required"]])));
  if (!isVisibility(visibility)) {
    throw new AppError("invalid_parameter", `unknown recording visibility: '${visibility}'`); // word for word 1.x
  }
  return { record_id, visibility };
}

/** @throws not_found, invalid_parameter for an id that no import would have let in */
const setVisibility = ({ db }: RestDeps, recordID: string, visibility: Visibility): Promise<RecordingRow> =>
  db.begin(async (tx) => {
    const row = await updateRecording(tx, recordID, (recording) => withVisibility(recording, visibility));
    if (row === undefined) throw unknownRecording(recordID);
    if (!isSafeName(recordID)) throw new AppError("invalid_parameter", "record_id cannot be the name of a folder");
    await wishMoves(tx, [recordID], row.recording.published ? "published" : "unpublished");
    return row;
  });
