// Imports uploaded recordings: their rows from the metadata.xml, then their files to where they belong. Each step can be
// done again: a process may die after any of them, and another one begins where it stopped.
import type { RecordingsConfig } from "../config.ts";
import type { Deps } from "../deps.ts";
import { AppError, errorText } from "../errors.ts";
import { type FileSystem, realFileSystem } from "../recordings/file_system.ts";
import { planImport } from "../recordings/import.ts";
import type { Move } from "../recordings/move_files.ts";
import { moveRecording, renewing } from "../recordings/move_recording.ts";
import { recordingDir } from "../recordings/paths.ts";
import { placeUpload } from "../recordings/place_upload.ts";
import { findPreviews } from "../recordings/previews.ts";
import { readMetadataFile } from "../recordings/read_metadata.ts";
import { sweepUploads, uploadRoot } from "../recordings/upload_folder.ts";
import { saveImport } from "../store/import_recording.ts";
import {
  beginMove,
  type ClaimedImport,
  claimImport,
  failImport,
  findUpload,
  finishImport,
  listNeededFolders,
  releaseImport,
  renewImport,
} from "../store/recording_imports.ts";
import { moveQueue, wishMoves } from "../store/recording_moves.ts";
import { findRecording } from "../store/recordings.ts";

export type ImportDeps = Pick<Deps, "config" | "db" | "log" | "clock"> & { readonly files?: FileSystem };
type Importer = ImportDeps & { readonly roots: RecordingsConfig; readonly files: FileSystem };

/** For a day or so; what fails longer needs somebody who looks at it. */
const MOST_ATTEMPTS = 150;

/** All that is due. @throws what the database throws */
export async function importRecordings(deps: ImportDeps, signal: AbortSignal): Promise<void> {
  const { config: { recordings: roots }, db, files = realFileSystem } = deps;
  if (roots === null) return; // another process may have the folders
  while (!signal.aborted) {
    const claimed = await claimImport(db);
    if (claimed === undefined) return;
    await importOne({ ...deps, roots, files }, claimed);
  }
}

/** Deletes files of uploads that nobody needs. */
export async function sweepRecordingUploads(deps: ImportDeps): Promise<void> {
  const { config: { recordings: roots }, db, clock, log, files = realFileSystem } = deps;
  if (roots === null) return;
  const deleted = await sweepUploads({ files, roots }, { needed: await listNeededFolders(db), now: clock.now() });
  if (deleted > 0) log.info("files of unfinished uploads deleted", { folders: deleted });
}

/** A newer upload of the same format has taken its place, or another process has it. */
class Superseded extends Error {
  override name = "Superseded";
}

async function importOne(importer: Importer, claimed: ClaimedImport): Promise<void> {
  const { db, log } = importer;
  const fields = { record_id: claimed.record_id, format: claimed.format };
  try {
    if (claimed.state === "requested") await saveRow(importer, claimed);
    await placeFiles(importer, claimed);
    if (!await finishImport(db, claimed)) throw new Superseded();
    log.info("recording imported", fields);
  } catch (error) {
    if (error instanceof Superseded) return await giveUp(importer, claimed);
    const reason = errorText(error);
    const forGood = error instanceof AppError || claimed.attempts + 1 >= MOST_ATTEMPTS;
    const state = await failImport(db, claimed, reason, forGood);
    if (state === undefined) return await giveUp(importer, claimed);
    if (state === "failed") {
      log.error("import of a recording failed", {
        ...fields,
        error: reason,
        hint: `b3scalectl retry import ${claimed.id}`,
      });
    } else log.warn("import of a recording failed, trying again later", { ...fields, error: reason });
  }
}

/** The row of the recording, and that it is written, together. @throws AppError for what no second try mends */
async function saveRow({ db, files, roots }: Importer, claimed: ClaimedImport): Promise<void> {
  const { record_id: recordID, format } = claimed;
  const upload = uploadRoot(roots, claimed.folder);
  const folder = recordingDir(upload, format, recordID);
  if (await files.lstat(roots.inboxPath) === undefined) throw new Error(`"${roots.inboxPath}" is not there`);
  if (await files.lstat(folder) === undefined) throw new AppError("not_found", "Its files are gone: upload it again");
  const { recording, parentMeetingID } = await readMetadataFile(folder, { recordID, format });
  const places = [upload, roots.inboxPath, roots.publishedPath, roots.unpublishedPath];
  const previews = await findPreviews(files, places, recordID);
  const plan = planImport(recording, { parentMeetingID, previews });
  await db.begin(async (tx) => {
    await saveImport(tx, plan);
    if (!await beginMove(tx, claimed)) throw new Superseded();
  });
}

/** By the row as it is by now: it may have been published, unpublished or deleted since. */
async function placeFiles(importer: Importer, claimed: ClaimedImport): Promise<void> {
  const { db, files, roots, log } = importer;
  const { record_id: recordID, format, folder } = claimed;
  const queue = moveQueue(db);
  const move = await db.begin(async (tx) => {
    const row = await findRecording(tx, recordID);
    await wishMoves(
      tx,
      [recordID],
      row === undefined ? "trash" : row.recording.published ? "published" : "unpublished",
    );
    return await moveQueue(tx).claim([recordID]);
  });
  if (move === undefined) throw new Error("Its other files are being moved");
  const renew = async () => await renewImport(db, claimed) && await queue.renew(move);
  try {
    const published = move.target === "published";
    const onCopied = renewing(renew);
    await placeUpload({ files, roots }, { id: folder, format, recordID, published, at: move.wishedAt, onCopied });
    for (let next: Move | undefined = move; next !== undefined; next = await queue.finish(next)) {
      await moveRecording({ files, roots, log, renew }, next);
    }
  } catch (error) {
    await queue.fail(move, errorText(error));
    throw error;
  }
}

/** What has been superseded needs its files no more; the newer upload is imported at once. */
async function giveUp({ db, files, roots }: Importer, claimed: ClaimedImport): Promise<void> {
  const newest = await findUpload(db, claimed.record_id, claimed.format);
  if (newest !== undefined && newest.folder !== claimed.folder) await files.remove(uploadRoot(roots, claimed.folder));
  await releaseImport(db, claimed);
}
