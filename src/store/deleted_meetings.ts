// What a deleted row of `meetings` leaves behind: the view forgets it, the metrics learn how long it lasted.
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";

export interface DeletedMeeting {
  readonly id: ClusterMeetingID;
  /** Key; null for a meeting of nobody. */
  readonly frontend: string | null;
  /** Since the row was made, by the database's clock. */
  readonly seconds: number;
}

/** For `returning` of a delete from `meetings`. */
export const deletedMeeting = (db: Db) =>
  db`meetings.id, (select f.key from frontends f where f.id = meetings.frontend_id) as frontend,
     extract(epoch from localtimestamp - meetings.created_at)::float8 as seconds`;
