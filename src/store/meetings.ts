// Rows of `meetings`, each with its reservation: reads for the view, and the writes of end and the poll.
import type postgres from "postgres";
import type { Meeting } from "../bbb/meeting.ts";
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";
import { type DeletedMeeting, deletedMeeting } from "./deleted_meetings.ts";
import { encodeStoredMeeting, readStoredMeeting } from "./stored_meeting.ts";

export interface MeetingRow {
  readonly id: ClusterMeetingID;
  /** `pending:<uuid>` while a create is under way; "" where a peer left it null. */
  readonly internal_id: string;
  readonly meeting: Meeting;
  readonly frontend_id: string | null;
  readonly backend_id: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly synced_at: Date;
  /** Seconds since `created_at`, by the database's clock, when the row was read. */
  readonly ageSeconds: number;
  /** People expected when it was placed; null for a meeting of a 1.x process. */
  readonly expected: number | null;
  /** Where a create has reserved a place; stands until the meeting ends. */
  readonly reserved_backend_id: string | null;
  /** Changes with each write of the row or its reservation. */
  readonly version: string;
}

export const PENDING = "pending:";
/** A reserved meeting that no node has confirmed does not exist for any read. */
export const isPending = (row: Pick<MeetingRow, "internal_id">): boolean => row.internal_id.startsWith(PENDING);

export type RawRow = Omit<MeetingRow, "meeting" | "ageSeconds"> & {
  readonly state: unknown;
  readonly age_seconds: number;
};

export const read = ({ state, age_seconds, ...row }: RawRow): MeetingRow => ({
  ...row,
  meeting: readStoredMeeting(state),
  ageSeconds: age_seconds,
});

/** Columns that MeetingRow is read from, of `meetings` as `m` and their reservations as `r`. */
export const columns = (db: Db) =>
  db`m.id, coalesce(m.internal_id, '') as internal_id, m.state, m.frontend_id, m.backend_id,
     m.created_at, m.updated_at, m.synced_at, extract(epoch from localtimestamp - m.created_at)::float8 as age_seconds,
     r.expected, r.backend_id as reserved_backend_id, m.xmin::text || '/' || coalesce(r.xmin::text, '') as version`;
export const source = (db: Db) => db`meetings m left join b3scale_reservations r on r.meeting_id = m.id`;

/**
 * Ids of rows, locked in the order in which polls lock theirs: whoever writes several in another order may wait for a poll
 * that waits for it.
 */
export const lockMeetings = (db: Db, condition: postgres.Fragment) =>
  db`select id from meetings where ${condition} order by id for update`;

export async function listMeetings(db: Db): Promise<MeetingRow[]> {
  return (await db<RawRow[]>`select ${columns(db)} from ${source(db)}`).map(read);
}

export async function listMeetingsByID(db: Db, ids: readonly string[]): Promise<MeetingRow[]> {
  return (await db<RawRow[]>`select ${columns(db)} from ${source(db)} where m.id = any(${ids as string[]}::text[])`)
    .map(read);
}

export async function listFrontendMeetings(db: Db, frontendID: string): Promise<MeetingRow[]> {
  return (await db<RawRow[]>`select ${columns(db)} from ${source(db)} where m.frontend_id = ${frontendID}`).map(read);
}

export async function listBackendMeetings(db: Db, backendID: string): Promise<MeetingRow[]> {
  return (await db<RawRow[]>`
    select ${columns(db)} from ${source(db)} where m.backend_id = ${backendID} order by m.created_at, m.id`).map(read);
}

export async function findMeeting(db: Db, id: string): Promise<MeetingRow | undefined> {
  return (await listMeetingsByID(db, [id]))[0];
}

/** Only what tells a changed row, for the reconcile. */
export async function listMeetingVersions(db: Db): Promise<{ id: string; version: string }[]> {
  return await db<{ id: string; version: string }[]>`
    select m.id, m.xmin::text || '/' || coalesce(r.xmin::text, '') as version from ${source(db)}`;
}

/**
 * Writes state and internal id of a meeting that is on this backend.
 * @param row `claimedBy`: the frontend that gets it when it has none; `whileOn`: nothing is written when it has moved
 */
export async function updateMeeting(
  db: Db,
  row: { id: ClusterMeetingID; backendID: string; meeting: Meeting; claimedBy?: string | null; whileOn?: string },
): Promise<void> {
  await db`
    update meetings set backend_id = ${row.backendID}, internal_id = ${row.meeting.internalMeetingID},
      frontend_id = coalesce(frontend_id, ${row.claimedBy ?? null}::uuid),
      state = ${db.json(encodeStoredMeeting(row.meeting))}, updated_at = localtimestamp, synced_at = localtimestamp
    where id = ${row.id} ${row.whileOn === undefined ? db`` : db`and backend_id = ${row.whileOn}`}`;
}

/** Gives an unclaimed meeting to a frontend. False when it has one. */
export async function bindMeetingFrontend(db: Db, id: ClusterMeetingID, frontendID: string): Promise<boolean> {
  const bound = await db`
    update meetings set frontend_id = ${frontendID}, updated_at = localtimestamp
    where id = ${id} and frontend_id is null`;
  return bound.count > 0;
}

/** Deletes the row while it is bound to this backend, so that a meeting built anew elsewhere stays. */
export async function deleteMeeting(
  db: Db,
  id: ClusterMeetingID,
  backendID: string,
): Promise<DeletedMeeting | undefined> {
  const [deleted] = await db<DeletedMeeting[]>`
    delete from meetings where id = ${id} and backend_id = ${backendID} returning ${deletedMeeting(db)}`;
  return deleted;
}

/** All meetings of a backend that is gone. */
export async function deleteBackendMeetings(db: Db, backendID: string): Promise<DeletedMeeting[]> {
  return await db<DeletedMeeting[]>`
    delete from meetings where id in (${lockMeetings(db, db`backend_id = ${backendID}`)})
    returning ${deletedMeeting(db)}`;
}
