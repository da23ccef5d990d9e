// What agents report of meetings, written into their rows: found by BBB's own id, and never over a newer row.
import type { Meeting } from "../bbb/meeting.ts";
import type { Db } from "../deps.ts";
import { columns, findMeeting, type MeetingRow, type RawRow, read, source } from "./meetings.ts";
import { encodeStoredMeeting } from "./stored_meeting.ts";

/** Meetings of this backend by BBB's own ids; those of others count as unknown. */
export async function listMeetingsByInternalID(
  db: Db,
  backendID: string,
  internalIDs: readonly string[],
): Promise<MeetingRow[]> {
  return (await db<RawRow[]>`
    select ${columns(db)} from ${source(db)}
    where m.internal_id = any(${internalIDs as string[]}::text[]) and m.backend_id = ${backendID}`).map(read);
}

/** The row as it is now, locked until the transaction ends. */
export async function lockMeetingByInternalID(
  tx: Db,
  backendID: string,
  internalID: string,
): Promise<MeetingRow | undefined> {
  const [found] = await tx<{ id: string }[]>`
    select id from meetings where internal_id = ${internalID} and backend_id = ${backendID} for update`;
  return found === undefined ? undefined : await findMeeting(tx, found.id);
}

export interface MeetingUpdate {
  /** What was read; nothing is written when the row is another one by now. */
  readonly row: MeetingRow;
  readonly meeting: Meeting;
  /**
   * With the most people since the last time: has the mapping that recordings need, and the room's peak, written too. The
   * poll does it only for rows that it changes, and these events leave it little to change.
   */
  readonly touchWithPeak: number | undefined;
}

/**
 * One statement, without reading: the version that was read is the condition. `synced_at` stays: the node said nothing.
 * @returns the row as written; undefined when somebody else has written it since
 */
export async function updateReportedMeeting(
  db: Db,
  { row, meeting, touchWithPeak }: MeetingUpdate,
): Promise<MeetingRow | undefined> {
  const [rowVersion = ""] = row.version.split("/");
  type Written = Pick<MeetingRow, "updated_at" | "ageSeconds" | "expected" | "reserved_backend_id" | "version">;
  const [written] = await db<Written[]>`
    with m as (
      update meetings set state = ${db.json(encodeStoredMeeting(meeting))}, updated_at = localtimestamp
      where id = ${row.id} and xmin::text = ${rowVersion}
      returning id, frontend_id, created_at, updated_at, xmin
    )${touchWithPeak === undefined ? db`` : touched(db, touchWithPeak)}
    select m.updated_at, extract(epoch from localtimestamp - m.created_at)::float8 as "ageSeconds", r.expected,
      r.backend_id as reserved_backend_id, m.xmin::text || '/' || coalesce(r.xmin::text, '') as version
    from m left join b3scale_reservations r on r.meeting_id = m.id`;
  return written === undefined ? undefined : { ...row, meeting, ...written };
}

const touched = (db: Db, peak: number) =>
  db`, mapping as (
      insert into frontend_meetings (frontend_id, meeting_id, seen_at)
      select frontend_id, id, localtimestamp from m where frontend_id is not null
      on conflict (meeting_id) do update set seen_at = excluded.seen_at
    ), peak as (
      insert into b3scale_room_peaks as p (frontend_id, meeting_id, peak, seen_at)
      select frontend_id, id, ${peak}::int, localtimestamp from m where frontend_id is not null and ${peak}::int > 0
      on conflict (frontend_id, meeting_id) do update set peak = greatest(p.peak, excluded.peak), seen_at = excluded.seen_at
      where p.peak < excluded.peak or p.seen_at < localtimestamp - interval '1 day'
    )`;
