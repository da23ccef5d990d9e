// How much work waits in the database: commands, callbacks, files of recordings. Read at each scrape of the metrics.
import type { Db } from "../deps.ts";

/** Numbers of rows; ages in seconds by the database's clock, 0 when nothing waits. */
export interface QueueDepth {
  readonly commandsRequested: number;
  readonly commandsRunning: number;
  readonly oldestCommandAge: number;
  readonly callbacksWaiting: number;
  readonly callbacksDead: number;
  readonly oldestCallbackAge: number;
  readonly importsRequested: number;
  readonly importsMoving: number;
  readonly importsFailed: number;
  readonly moves: number;
}

export async function readQueueDepth(db: Db): Promise<QueueDepth> {
  const age = db`greatest(0, extract(epoch from localtimestamp - min(created_at)))::float8`;
  const [row] = await db<QueueDepth[]>`
    with requested as (select coalesce(${age}, 0) as age, count(*)::int as count from commands where state = 'requested'),
    waiting as (select coalesce(${age}, 0) as age, count(*)::int as count from b3scale_callbacks where died_at is null),
    imports as (
      select count(*) filter (where state = 'requested')::int as requested,
        count(*) filter (where state = 'moving')::int as moving, count(*) filter (where state = 'failed')::int as failed
      from b3scale_recording_imports where state <> 'done')
    select requested.count as "commandsRequested", requested.age as "oldestCommandAge",
      (select count(*)::int from commands where state = 'running') as "commandsRunning",
      waiting.count as "callbacksWaiting", waiting.age as "oldestCallbackAge",
      (select count(*)::int from b3scale_callbacks where died_at is not null) as "callbacksDead",
      imports.requested as "importsRequested", imports.moving as "importsMoving", imports.failed as "importsFailed",
      (select count(*)::int from b3scale_recording_moves) as moves
    from requested, waiting, imports`;
  if (row === undefined) throw new Error("the database did not count what waits");
  return row;
}
