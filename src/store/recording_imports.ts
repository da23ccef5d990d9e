// Uploaded formats of recordings that wait to be imported, are being imported, or were. Written by the upload, taken out
// by controller/import_recordings.ts, shown to operators.
import { MOST_IMPORTS } from "../contract/recording.ts";
import type { Db } from "../deps.ts";

export type ImportState = "requested" | "moving" | "done" | "failed";

export interface RecordingImportRow {
  readonly id: string;
  readonly record_id: string;
  readonly format: string;
  /** SHA-256 of what was sent, in base64. */
  readonly digest: string;
  /** Where its files wait, among the uploads. */
  readonly folder: string;
  /** moving: the recording's row is written, its files are not in place yet. */
  readonly state: ImportState;
  /** Of the last failure; null when there was none. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly created_at: Date;
  readonly due_at: Date;
  readonly finished_at: Date | null;
}

/** One that this process holds. */
export interface ClaimedImport extends RecordingImportRow {
  readonly claim: string;
}

/** A process that has not said for so long that it is still at work is dead, and another one takes over. */
export const IMPORT_LEASE_SECONDS = 60;
const LONGEST_BACKOFF_SECONDS = 600;

const columns = (db: Db) =>
  db`id, record_id, format, digest, folder, state, reason, attempts, created_at, due_at, finished_at`;
const leaseEnd = (db: Db) => db`localtimestamp + make_interval(secs => ${IMPORT_LEASE_SECONDS})`;

export async function findUpload(db: Db, recordID: string, format: string): Promise<RecordingImportRow | undefined> {
  return (await db<RecordingImportRow[]>`
    select ${columns(db)} from b3scale_recording_imports where record_id = ${recordID} and format = ${format}`)[0];
}

export type Upload = Pick<RecordingImportRow, "record_id" | "format" | "digest" | "folder">;

/**
 * Requests an import; a newer upload of the same format takes the place of the older one.
 * @param tx a transaction
 * @returns the row, and the folder that nobody needs any more: the given one when somebody sent the same meanwhile
 */
export async function requestImport(
  tx: Db,
  { record_id, format, digest, folder }: Upload,
): Promise<{ row: RecordingImportRow; obsolete: string | undefined }> {
  const [inserted] = await tx<RecordingImportRow[]>`
    insert into b3scale_recording_imports (record_id, format, digest, folder)
    values (${record_id}, ${format}, ${digest}, ${folder})
    on conflict (record_id, format) do nothing returning ${columns(tx)}`;
  if (inserted !== undefined) return { row: inserted, obsolete: undefined };
  const [held] = await tx<(RecordingImportRow & { claimed: boolean })[]>`
    select ${columns(tx)}, claimed_until is not null and claimed_until > localtimestamp as claimed
    from b3scale_recording_imports where record_id = ${record_id} and format = ${format} for update`;
  if (held?.digest === digest && held.state !== "failed") return { row: held, obsolete: folder };
  // Whoever imports the older one keeps its claim and its folder, and finds out when it is done.
  const [row] = await tx<RecordingImportRow[]>`
    update b3scale_recording_imports set digest = ${digest}, folder = ${folder}, state = 'requested', reason = null,
      attempts = 0, created_at = localtimestamp, due_at = localtimestamp, finished_at = null
    where record_id = ${record_id} and format = ${format} returning ${columns(tx)}`;
  if (row === undefined) throw new Error("the import was not requested");
  return { row, obsolete: held?.claimed === false ? held.folder : undefined };
}

/** Again and at once; one that is done stays done. @returns undefined when there is none that is not done */
export async function retryImport(db: Db, id: string): Promise<RecordingImportRow | undefined> {
  return (await db<RecordingImportRow[]>`
    update b3scale_recording_imports set state = case when state = 'failed' then 'requested' else state end,
      attempts = 0, due_at = localtimestamp, finished_at = null
    where id = ${id} and state <> 'done' returning ${columns(db)}`)[0];
}

/** The newest first. */
export async function listImports(db: Db, { state }: { state?: ImportState }): Promise<RecordingImportRow[]> {
  return await db<RecordingImportRow[]>`
    select ${columns(db)} from b3scale_recording_imports ${state === undefined ? db`` : db`where state = ${state}`}
    order by created_at desc, record_id, format limit ${MOST_IMPORTS}`;
}

/** Folders with files that an import still needs. */
export async function listNeededFolders(db: Db): Promise<Set<string>> {
  const rows = await db<{ folder: string }[]>`select folder from b3scale_recording_imports where state <> 'done'`;
  return new Set(rows.map(({ folder }) => folder));
}

/** What is due longest. Two callers never hold the same. */
export async function claimImport(db: Db): Promise<ClaimedImport | undefined> {
  return (await db<ClaimedImport[]>`
    update b3scale_recording_imports set claim = uuid_generate_v4(), claimed_until = ${leaseEnd(db)}
    where id = any(array( -- read once, whatever the plan
      select id from b3scale_recording_imports
      where state in ('requested', 'moving') and due_at <= localtimestamp
        and (claimed_until is null or claimed_until < localtimestamp)
      order by due_at, id limit 1 for update skip locked))
    returning ${columns(db)}, claim`)[0];
}

/** That nobody else has it and that it is the newest upload still. */
const held = (db: Db, { id, claim, folder }: ClaimedImport) =>
  db`id = ${id} and claim = ${claim} and folder = ${folder}`;

/** False when another process has it, or a newer upload has taken its place. */
export async function renewImport(db: Db, claimed: ClaimedImport): Promise<boolean> {
  const renewed = await db`
    update b3scale_recording_imports set claimed_until = ${leaseEnd(db)} where ${held(db, claimed)}`;
  return renewed.count > 0;
}

/** In the transaction that writes the recording's row. False as above. */
export async function beginMove(tx: Db, claimed: ClaimedImport): Promise<boolean> {
  const begun = await tx`
    update b3scale_recording_imports set state = 'moving', claimed_until = ${leaseEnd(tx)} where ${held(tx, claimed)}`;
  return begun.count > 0;
}

/** False as above. */
export async function finishImport(tx: Db, claimed: ClaimedImport): Promise<boolean> {
  const finished = await tx`
    update b3scale_recording_imports set state = 'done', reason = null, claim = null, claimed_until = null,
      finished_at = localtimestamp
    where ${held(tx, claimed)}`;
  return finished.count > 0;
}

/**
 * Once the recording's row is written its files are put into place, however long that takes.
 * @param forGood false: it is tried again, after 5 s, then twice as long each time
 * @returns the state it has now; undefined when it is not ours any more
 */
export async function failImport(
  db: Db,
  claimed: ClaimedImport,
  reason: string,
  forGood: boolean,
): Promise<ImportState | undefined> {
  const [row] = await db<{ state: ImportState }[]>`
    update b3scale_recording_imports set reason = ${reason}, attempts = attempts + 1, claim = null, claimed_until = null,
      state = case when ${forGood} and state = 'requested' then 'failed' else state end,
      finished_at = case when ${forGood} and state = 'requested' then localtimestamp end,
      due_at = localtimestamp + make_interval(secs => least(${LONGEST_BACKOFF_SECONDS}, 5 * 2 ^ least(attempts, 16)))
    where ${held(db, claimed)} returning state`;
  return row?.state;
}

/** Gives back what turned out to be superseded, so that the newer upload need not wait for the claim's end. */
export async function releaseImport(db: Db, { id, claim }: ClaimedImport): Promise<void> {
  await db`
    update b3scale_recording_imports set claim = null, claimed_until = null where id = ${id} and claim = ${claim}`;
}

/** The same upload is received anew after that. @returns how many were forgotten */
export async function deleteDoneImports(db: Db, olderThanDays: number): Promise<number> {
  return (await db`
    delete from b3scale_recording_imports
    where state = 'done' and finished_at < localtimestamp - make_interval(days => ${olderThanDays})`).count;
}
