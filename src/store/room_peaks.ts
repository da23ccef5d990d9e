// How many people a room had at most, kept per frontend and meeting id: what to expect when it is created again.
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";

export async function raiseRoomPeaks(
  db: Db,
  rooms: readonly { frontend_id: string; meeting_id: ClusterMeetingID; attendees: number }[],
): Promise<void> {
  if (rooms.length === 0) return;
  await db`
    insert into b3scale_room_peaks as p (frontend_id, meeting_id, peak, seen_at)
    select f, m, n, localtimestamp from unnest(${rooms.map((room) => room.frontend_id)}::uuid[],
      ${rooms.map((room) => room.meeting_id)}::text[], ${rooms.map((room) => room.attendees)}::int[]) as t(f, m, n)
    on conflict (frontend_id, meeting_id) do update set peak = greatest(p.peak, excluded.peak), seen_at = excluded.seen_at
    where p.peak < excluded.peak or p.seen_at < localtimestamp - interval '1 day'`;
}

/** @returns how many rooms were forgotten */
export async function deleteStaleRoomPeaks(db: Db, olderThanDays: number): Promise<number> {
  return (await db`delete from b3scale_room_peaks where seen_at < localtimestamp - make_interval(days => ${olderThanDays})`)
    .count;
}
