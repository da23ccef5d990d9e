// Rows of `backends` with their health record: BBB nodes as the operator wants them and as they were last seen.
import type { ChecksumAlgorithm } from "../bbb/checksum.ts";
import type { Db } from "../deps.ts";
import type { DeletedMeeting } from "./deleted_meetings.ts";
import { readTexts, recordOf } from "./frontend_settings.ts";
import { deleteBackendMeetings } from "./meetings.ts";

export type InstanceState = "init" | "ready" | "error" | "stopped" | "decommissioned";

/** Ages in seconds by the database's clock when read; null = never. */
export interface BackendAges {
  readonly heartbeat: number;
  readonly synced: number;
  readonly failed: number | null;
  readonly good: number | null;
}

export interface Backend {
  readonly id: string;
  readonly host: string;
  readonly secret: string;
  readonly node_state: InstanceState;
  readonly admin_state: InstanceState;
  readonly load_factor: number;
  readonly last_error: string | null;
  readonly agent_ref: string | null;
  readonly tags: readonly string[];
  readonly checksum_algorithm: ChecksumAlgorithm;
  readonly meetings_count: number;
  readonly attendees_count: number;
  /** Consecutive failed polls. */
  readonly failed_polls: number;
  readonly ages: BackendAges;
  /** Changes with each write that matters here; heartbeats do not count. */
  readonly version: string;
}

interface RawRow extends Omit<Backend, "tags" | "checksum_algorithm" | "ages"> {
  readonly settings: unknown;
  readonly heartbeat_age: number;
  readonly synced_age: number;
  readonly failed_age: number | null;
  readonly good_age: number | null;
}

function read({ settings, heartbeat_age, synced_age, failed_age, good_age, ...row }: RawRow): Backend {
  const from = recordOf(settings) ?? {};
  const algorithm = ["sha1", "sha256", "sha384", "sha512"].find((name) => name === from["checksum_algorithm"]);
  return {
    ...row,
    tags: readTexts(from["tags"]),
    checksum_algorithm: (algorithm ?? "sha256") as ChecksumAlgorithm,
    ages: { heartbeat: heartbeat_age, synced: synced_age, failed: failed_age, good: good_age },
  };
}

const age = (db: Db, column: string) => db`extract(epoch from localtimestamp - ${db(column)})::float8`;
/** The columns that BackendAges is read from. */
export const ages = (db: Db) =>
  db`${age(db, "b.agent_heartbeat")} as heartbeat_age, ${age(db, "b.synced_at")} as synced_age,
     ${age(db, "h.failed_at")} as failed_age, ${age(db, "h.good_at")} as good_age`;
const columns = (db: Db) =>
  db`b.id, b.host, b.secret, b.node_state, b.admin_state, b.load_factor, b.last_error, b.agent_ref, b.settings,
     b.meetings_count, b.attendees_count, coalesce(h.failed_polls, 0) as failed_polls, ${ages(db)},
     md5(row(b.host, b.secret, b.node_state, b.admin_state, b.load_factor, b.last_error, b.agent_ref, b.settings,
       h.failed_polls)::text) as version`;
/** Rows of `backends` as `b`, their health record as `h`. */
export const source = (db: Db) => db`backends b left join b3scale_backend_health h on h.backend_id = b.id`;

export async function listBackends(db: Db): Promise<Backend[]> {
  return (await db<RawRow[]>`select ${columns(db)} from ${source(db)}`).map(read);
}

export async function listBackendsByID(db: Db, ids: readonly string[]): Promise<Backend[]> {
  return (await db<RawRow[]>`select ${columns(db)} from ${source(db)} where b.id = any(${ids as string[]}::uuid[])`)
    .map(read);
}

export async function findBackend(db: Db, id: string): Promise<Backend | undefined> {
  return (await listBackendsByID(db, [id]))[0];
}

/** The backend that an agent's token belongs to; the reference is unique. */
export async function findBackendByAgent(db: Db, agentRef: string): Promise<Backend | undefined> {
  const [row] = await db<RawRow[]>`select ${columns(db)} from ${source(db)} where b.agent_ref = ${agentRef}`;
  return row === undefined ? undefined : read(row);
}

export interface BackendPulse extends BackendAges {
  readonly id: string;
  readonly meetings_count: number;
  readonly attendees_count: number;
}

/**
 * What moves each second; the same statement notifies `ping` with the database's clock (epoch seconds) behind a colon:
 * whoever hears it has heard of everything that was committed before.
 */
export async function listBackendPulses(db: Db, ping: string): Promise<BackendPulse[]> {
  type Row =
    & { id: string; meetings_count: number; attendees_count: number }
    & {
      [name in `${"heartbeat" | "synced" | "failed" | "good"}_age`]: number | null;
    };
  const rows = await db<(Row | { id: null })[]>`
    with ping as (
      select pg_notify('b3scale_changes', ${ping} || ':' || extract(epoch from clock_timestamp())::text)
    )
    select b.id, b.meetings_count, b.attendees_count, ${ages(db)}
    from ping left join (${source(db)}) on true`;
  return rows.filter((row): row is Row => row.id !== null).map((row) => ({
    id: row.id,
    meetings_count: row.meetings_count,
    attendees_count: row.attendees_count,
    heartbeat: row.heartbeat_age ?? Infinity,
    synced: row.synced_age ?? Infinity,
    failed: row.failed_age,
    good: row.good_age,
  }));
}

/** Counters that 1.x processes balance by; rows that are right already are not written. */
export async function updateBackendCounters(
  db: Db,
  counters: readonly { id: string; meetings: number; attendees: number }[],
): Promise<void> {
  if (counters.length === 0) return;
  await db`
    update backends b set meetings_count = t.meetings, attendees_count = t.attendees
    from unnest(${counters.map(({ id }) => id)}::uuid[], ${counters.map(({ meetings }) => meetings)}::int[],
      ${counters.map(({ attendees }) => attendees)}::int[]) as t(id, meetings, attendees)
    where b.id = t.id and (b.meetings_count, b.attendees_count) is distinct from (t.meetings, t.attendees)`;
}

/**
 * Removes a decommissioned backend and its meetings, unless something still runs or is about to.
 * @returns undefined when it does
 */
export async function deleteEmptyBackend(tx: Db, id: string): Promise<DeletedMeeting[] | undefined> {
  await tx`select from backends where id = ${id} for update`;
  const [busy] = await tx`
    select 1 from meetings where backend_id = ${id}
      and (state -> 'Running' = 'true' or created_at > localtimestamp - interval '5 minutes')
    union all
    select 1 from b3scale_reservations where backend_id = ${id} and confirmed_at is null
    limit 1`;
  if (busy !== undefined) return undefined;
  const meetings = await deleteBackendMeetings(tx, id);
  await tx`delete from backends where id = ${id}`;
  return meetings;
}
