// Meetings that a frontend has ended, by BBB's own id: a node that lists one of them is behind, or was not reached.
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";
import { type DeletedMeeting, deletedMeeting } from "./deleted_meetings.ts";

/**
 * Deletes the row while it is bound to this backend, and notes that its session is over, in one statement.
 * @returns undefined when there is no such row any more
 */
export async function endMeeting(
  db: Db,
  id: ClusterMeetingID,
  backendID: string,
): Promise<DeletedMeeting | undefined> {
  const [ended] = await db<DeletedMeeting[]>`
    with ended as (
      delete from meetings where id = ${id} and backend_id = ${backendID} returning ${deletedMeeting(db)}, internal_id
    ), noted as (
      insert into b3scale_ended_meetings (internal_id) select internal_id from ended where internal_id is not null
      on conflict do nothing
    )
    select id, frontend, seconds from ended`;
  return ended;
}

/** Which of these sessions are over. */
export async function listEndedMeetings(db: Db, internalIDs: readonly string[]): Promise<Set<string>> {
  if (internalIDs.length === 0) return new Set();
  const rows = await db<{ internal_id: string }[]>`
    select internal_id from b3scale_ended_meetings where internal_id = any(${internalIDs as string[]}::text[])`;
  return new Set(rows.map((row) => row.internal_id));
}

/** A node that comes back later than that is asked by nobody. @returns how many were forgotten */
export async function deleteStaleEndedMeetings(db: Db, olderThanDays: number): Promise<number> {
  return (await db`
    delete from b3scale_ended_meetings where ended_at < localtimestamp - make_interval(days => ${olderThanDays})`)
    .count;
}
