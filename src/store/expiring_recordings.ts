// Recordings that are older than their frontend keeps them: `recordings.retention_days` in its settings.
import type { Db } from "../deps.ts";
import { MOST_RETENTION_DAYS } from "./frontend_settings.ts";

export interface ExpiringRecording {
  readonly record_id: string;
  readonly frontend_key: string;
  readonly retention_days: number;
  readonly ended_at: Date;
}

/**
 * Settings and states of 1.x may hold anything. Only a whole number of days counts, and only a time after the year 2000:
 * a recording of which nobody knows when it was made is kept. No recording ends before its start, which has an index.
 */
const expiring = (db: Db, frontendKey: string | undefined) =>
  db`from frontends f
    cross join lateral (select case when jsonb_typeof(f.settings #> '{recordings,retention_days}') = 'number'
      then (f.settings #>> '{recordings,retention_days}')::numeric end as days) keeps
    cross join lateral (select extract(epoch from now())::numeric * 1000 - keeps.days * 86400000 as before) bound
    join b3scale_recording_index i on i.frontend_id = f.id and i.start_time < bound.before
    join recordings r on r.record_id = i.record_id
    cross join lateral (select case when jsonb_typeof(r.state -> 'EndTime') = 'number'
        and (r.state ->> 'EndTime')::numeric > 0 then (r.state ->> 'EndTime')::numeric
      else i.start_time end as ms) ended
    where keeps.days between 1 and ${MOST_RETENTION_DAYS} and keeps.days = trunc(keeps.days)
      and ended.ms < bound.before and ended.ms > 946684800000
      ${frontendKey === undefined ? db`` : db`and f.key = ${frontendKey}`}`;

/** What the next deletion takes, the oldest first. */
export async function listExpiringRecordings(
  db: Db,
  { frontendKey, limit }: { frontendKey?: string; limit: number },
): Promise<ExpiringRecording[]> {
  return await db<ExpiringRecording[]>`
    select r.record_id, f.key as frontend_key, keeps.days::int as retention_days,
      to_timestamp(ended.ms / 1000) at time zone 'UTC' as ended_at
    ${expiring(db, frontendKey)} order by ended.ms, r.record_id limit ${limit}`;
}

/**
 * Two callers never get the same ones.
 * @param tx a transaction: the files must be wished to the trash in it
 * @returns their ids; as many as `limit` = there may be more
 */
export async function deleteExpiringRecordings(tx: Db, limit: number): Promise<ExpiringRecording[]> {
  return await tx<ExpiringRecording[]>`
    with gone as materialized (
      select r.record_id, f.key as frontend_key, keeps.days::int as retention_days,
        to_timestamp(ended.ms / 1000) at time zone 'UTC' as ended_at
      ${expiring(tx, undefined)} order by r.record_id limit ${limit} for update of r skip locked)
    delete from recordings r using gone where r.record_id = gone.record_id
    returning r.record_id, gone.frontend_key, gone.retention_days, gone.ended_at`;
}
