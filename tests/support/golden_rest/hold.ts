// Keeps the background of a server from rows that a test is about to compare: what REST writes is looked at, not what the
// controller and the view make of it later.
import type { Pool } from "../../../src/deps.ts";
import type { JsonObject } from "../golden/vector.ts";
import { openTestPool } from "../test_db.ts";
import type { RestVector } from "./vector.ts";

/**
 * The vectors show what REST writes, not what is made of it later: commands stay requested, and counters that the
 * recording left as they were are not put right, which happens within a second, whenever that is.
 */
export async function holdBackground(db: Pool): Promise<void> {
  await db.unsafe(`
    create table held_counters (backend_id uuid);
    create function hold_command() returns trigger as $$ begin return null; end; $$ language plpgsql;
    create function hold_counters() returns trigger as $$
    begin
      if exists (select from held_counters where backend_id = new.id) then
        new.meetings_count := old.meetings_count;
        new.attendees_count := old.attendees_count;
      end if;
      return new;
    end;
    $$ language plpgsql;
    create trigger hold before update on commands for each row when (new.state = 'running')
      execute function hold_command();
    create trigger hold before update on backends for each row execute function hold_counters();`);
}

/** Callbacks that are due stay where they are. After holdBackground(). */
export async function holdCallbacks(db: Pool): Promise<void> {
  await db.unsafe(`
    create trigger hold before update on b3scale_callbacks for each row when (new.claimed_until is not null)
      execute function hold_command();`);
}

export async function holdCounters(db: Pool, { given, then }: RestVector): Promise<void> {
  const after = (then?.["backends"] ?? []) as JsonObject[];
  const isLeft = (row: JsonObject) =>
    after.every((one) =>
      one["id"] !== row["id"] ||
      (one["meetings_count"] === row["meetings_count"] && one["attendees_count"] === row["attendees_count"])
    );
  const ids = (given?.["backends"] ?? []).filter(isLeft).map((row) => String(row["id"]));
  await db.begin(async (tx) => {
    await tx`delete from held_counters`;
    await tx`insert into held_counters select unnest(${ids}::uuid[])`;
  });
}

/** For the same reason no process schedules commands of its own: "another one" does it (src/store/commands.ts). */
export async function holdSchedule(url: string): Promise<AsyncDisposable> {
  const SCHEDULE_LOCK = 0x62337364;
  const session = openTestPool(url, 1);
  await session`select pg_advisory_lock(${SCHEDULE_LOCK})`;
  return { [Symbol.asyncDispose]: () => session.end({ timeout: 1 }) };
}
