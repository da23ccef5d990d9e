// Import of recordings: nodes say that one lies in the inbox; operators see what became of uploads, and try them again.
import { readBreakoutParent, readMetadataXml } from "../bbb/metadata_xml.ts";
import { jsonTime } from "../contract/endpoint.ts";
import { recordingImportEndpoints, type RecordingImportJson, type RecordingJson } from "../contract/recording.ts";
import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { readBody } from "../lib/read_bytes.ts";
import { realFileSystem } from "../recordings/file_system.ts";
import { checkNames, planImport } from "../recordings/import.ts";
import { moveForRequest } from "../recordings/move_files.ts";
import { findPreviews } from "../recordings/previews.ts";
import { saveImport } from "../store/import_recording.ts";
import { listImports, type RecordingImportRow, retryImport } from "../store/recording_imports.ts";
import { moveQueue, wishMoves } from "../store/recording_moves.ts";
import { encodeRecordingDocument } from "../store/stored_recording.ts";
import { isUuid } from "./input.ts";
import { jsonResponse } from "./problem.ts";
import { route } from "./route.ts";

/** @throws switched_off without the folders of recordings */
export function requireRecordings({ recordings }: Deps["config"]): NonNullable<Deps["config"]["recordings"]> {
  if (recordings !== null) return recordings;
  throw new AppError(
    "switched_off",
    "Recordings are off on this server: set B3SCALE_RECORDINGS_PUBLISHED_PATH and B3SCALE_RECORDINGS_UNPUBLISHED_PATH",
  );
}

/** The only place where row and JSON differ. */
export const importJson = (row: RecordingImportRow): RecordingImportJson => ({
  id: row.id,
  record_id: row.record_id,
  format: row.format,
  digest: row.digest,
  state: row.state,
  reason: row.reason,
  attempts: row.attempts,
  created_at: jsonTime(row.created_at),
  due_at: jsonTime(row.due_at),
  finished_at: row.finished_at && jsonTime(row.finished_at),
});

/** A node's operator has to be told which frontend is not known. */
const sayWhatIsMissing = (error: unknown): Response | undefined =>
  error instanceof AppError && error.code === "not_found" ? jsonResponse({ message: error.message }, 404) : undefined;

export const recordingImportRoutes = [
  route(recordingImportEndpoints.import, async ({ deps, req, query, requestID }) => {
    const { db, clock, log } = deps;
    const roots = requireRecordings(deps.config);
    const text = new TextDecoder().decode(await readBody(req));
    const recording = readMetadataXml(text);
    checkNames(recording);
    const places = [roots.inboxPath, roots.publishedPath, roots.unpublishedPath];
    const plan = planImport(recording, {
      parentMeetingID: readBreakoutParent(text),
      previews: await findPreviews(realFileSystem, places, recording.recordID),
      overrides: { frontendKey: query.override_frontend_key, meetingID: query.override_original_meeting_id },
    });
    const saved = await db.begin(async (tx) => {
      const row = await saveImport(tx, plan);
      await wishMoves(tx, [plan.recordID], row.recording.published ? "published" : "unpublished");
      return row;
    });
    await moveForRequest({ queue: moveQueue(db), roots, clock, log }, [plan.recordID], requestID);
    return encodeRecordingDocument(saved.recording) as unknown as RecordingJson["recording"];
  }, sayWhatIsMissing),

  route(
    recordingImportEndpoints.list,
    async ({ deps: { db }, query }) => (await listImports(db, query)).map(importJson),
  ),

  route(recordingImportEndpoints.retry, async ({ deps: { db }, params: { id = "" } }) => {
    const row = isUuid(id) ? await retryImport(db, id) : undefined;
    if (row === undefined) throw new AppError("not_found", `There is no unfinished import "${id}"`);
    return importJson(row);
  }),
];
