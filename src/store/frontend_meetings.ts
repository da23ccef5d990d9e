// Which frontend a meeting belonged to, kept after it ended: recordings come days later.
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";

/** An existing mapping keeps its frontend; only `seen_at` moves. */
export async function touchFrontendMeeting(db: Db, frontendID: string, meetingID: ClusterMeetingID): Promise<void> {
  await db`
    insert into frontend_meetings (frontend_id, meeting_id, seen_at) values (${frontendID}, ${meetingID}, localtimestamp)
    on conflict (meeting_id) do update set seen_at = excluded.seen_at`;
}

/** Mappings that no meeting or recording needs any more. @returns how many went */
export async function deleteStaleFrontendMeetings(db: Db, olderThanDays: number): Promise<number> {
  const deleted = await db`
    delete from frontend_meetings f
    where f.seen_at < localtimestamp - make_interval(days => ${olderThanDays})
      and not exists (select from meetings m where m.id = f.meeting_id)
      and not exists (select from recordings r where r.meeting_id = f.meeting_id)`;
  return deleted.count;
}
