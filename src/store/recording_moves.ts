// Where the files of recordings belong: intents that are written in the transaction which changes the recording, and
// removed when the files are there. Written by gateway, REST and controller; carried out by src/recordings/move_files.ts.
import type { Db } from "../deps.ts";

export type MoveTarget = "published" | "unpublished" | "trash";

/** An intent that this process holds. */
export interface RecordingMove {
  readonly recordID: string;
  readonly target: MoveTarget;
  /** Changes whenever somebody wishes another target. */
  readonly wish: string;
  readonly wishedAt: Date;
  /** Ours; another process that takes over has one of its own. */
  readonly claim: string;
}

/** A process that has not said for so long that it is still at work is dead, and another one takes over. */
export const MOVE_LEASE_SECONDS = 20;
const LONGEST_BACKOFF_SECONDS = 600;

/** In the caller's transaction, together with what makes it so. */
export async function wishMoves(tx: Db, recordIDs: readonly string[], target: MoveTarget): Promise<void> {
  if (recordIDs.length === 0) return;
  // Everybody in one order: two that wish for the same recordings wait for each other instead of blocking each other.
  await tx`
    insert into b3scale_recording_moves (record_id, target)
    select distinct id, ${target} from unnest(${recordIDs as string[]}::text[]) as id order by id
    ${renewed(tx)}`;
}

/** To the trash with everything that a frontend has. The caller holds its row, so that nothing is added meanwhile. */
export async function wishFrontendToTrash(tx: Db, frontendID: string): Promise<number> {
  const wished = await tx`
    with locked as materialized ( -- as everybody does: first the recording, then its intent
      select record_id from recordings where frontend_id = ${frontendID} order by record_id for update)
    insert into b3scale_recording_moves (record_id, target) select record_id, 'trash' from locked
    ${renewed(tx)}`;
  return wished.count;
}

/** Who is at work keeps the claim, and finds the new wish when it is done. */
const renewed = (tx: Db) =>
  tx`on conflict (record_id) do update set target = excluded.target, wish = excluded.wish,
      wished_at = excluded.wished_at, due_at = excluded.due_at, attempts = 0, last_error = null`;

const columns = (db: Db) => db`record_id as "recordID", target, wish, wished_at as "wishedAt", claim`;
const leaseEnd = (db: Db) => db`localtimestamp + make_interval(secs => ${MOVE_LEASE_SECONDS})`;

/** The intent that is due longest, of these recordings or of all. Two callers never hold the same recording. */
export async function claimMove(db: Db, recordIDs?: readonly string[]): Promise<RecordingMove | undefined> {
  const [move] = await db<RecordingMove[]>`
    update b3scale_recording_moves set claim = uuid_generate_v4(), claimed_until = ${leaseEnd(db)}
    where record_id = any(array( -- read once, whatever the plan
      select record_id from b3scale_recording_moves
      where due_at <= localtimestamp and (claimed_until is null or claimed_until < localtimestamp)
        ${recordIDs === undefined ? db`` : db`and record_id = any(${recordIDs as string[]}::text[])`}
      order by due_at, record_id limit 1 for update skip locked))
    returning ${columns(db)}`;
  return move;
}

/** False when the claim is lost: somebody else is at work. */
export async function renewMove(db: Db, { recordID, claim }: RecordingMove): Promise<boolean> {
  const renewed = await db`
    update b3scale_recording_moves set claimed_until = ${leaseEnd(db)}
    where record_id = ${recordID} and claim = ${claim}`;
  return renewed.count > 0;
}

/** @returns the same recording with what was wished meanwhile, still ours; undefined = nothing is left to do */
export async function finishMove(db: Db, { recordID, claim, wish }: RecordingMove): Promise<RecordingMove | undefined> {
  const finished = await db`
    delete from b3scale_recording_moves where record_id = ${recordID} and claim = ${claim} and wish = ${wish}`;
  if (finished.count > 0) return undefined;
  const [next] = await db<RecordingMove[]>`
    update b3scale_recording_moves set claimed_until = ${leaseEnd(db)}
    where record_id = ${recordID} and claim = ${claim} returning ${columns(db)}`;
  return next;
}

/** Given back until it is due again: after 10 s, then twice as long each time, or at once when the wish is a new one. */
export async function failMove(db: Db, { recordID, claim, wish }: RecordingMove, reason: string): Promise<void> {
  await db`
    update b3scale_recording_moves set claim = null, claimed_until = null, last_error = ${reason},
      attempts = case when wish = ${wish} then attempts + 1 else 0 end,
      due_at = case when wish = ${wish}
        then localtimestamp + make_interval(secs => least(${LONGEST_BACKOFF_SECONDS}, 10 * 2 ^ least(attempts, 16)))
        else due_at end
    where record_id = ${recordID} and claim = ${claim}`;
}

/** The queue that finishMoves() in src/recordings/move_files.ts works on. */
export const moveQueue = (db: Db) => ({
  claim: (recordIDs?: readonly string[]) => claimMove(db, recordIDs),
  renew: (move: RecordingMove) => renewMove(db, move),
  finish: (move: RecordingMove) => finishMove(db, move),
  fail: (move: RecordingMove, reason: string) => failMove(db, move, reason),
});

/** The clock that wishes have their times from. */
export async function findDatabaseTime(db: Db): Promise<Date> {
  const [row] = await db<{ now: Date }[]>`select localtimestamp as now`;
  if (row === undefined) throw new Error("the database does not say what time it is");
  return row.now;
}
