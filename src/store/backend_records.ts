// Backends as operators and agents see and change them in REST: the whole row, fresh, with what its health is read from.
import type postgres from "postgres";
import type { Db } from "../deps.ts";
import { AppError } from "../errors.ts";
import { ages, type BackendAges, type InstanceState, source } from "./backends.ts";
import type { DeletedMeeting } from "./deleted_meetings.ts";
import { recordOf } from "./frontend_settings.ts";
import { deleteBackendMeetings } from "./meetings.ts";

export interface BackendRecord {
  readonly id: string;
  readonly host: string;
  readonly secret: string;
  readonly node_state: InstanceState;
  readonly admin_state: InstanceState;
  readonly agent_heartbeat: Date;
  readonly agent_ref: string | null;
  readonly last_error: string | null;
  /** Nanoseconds. */
  readonly latency: number;
  readonly meetings_count: number;
  readonly attendees_count: number;
  readonly load_factor: number;
  /** With the members that we do not know: they are kept. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly synced_at: Date;
  /** Consecutive failed polls. */
  readonly failed_polls: number;
  /** Of our record: a call of a request that failed stands only there. */
  readonly health_error: string | null;
  readonly ages: BackendAges;
}

type RawRow = Omit<BackendRecord, "settings" | "ages"> & {
  readonly settings: unknown;
  readonly heartbeat_age: number;
  readonly synced_age: number;
  readonly failed_age: number | null;
  readonly good_age: number | null;
};

const read = ({ settings, heartbeat_age, synced_age, failed_age, good_age, ...row }: RawRow): BackendRecord => ({
  ...row,
  settings: recordOf(settings) ?? {},
  ages: { heartbeat: heartbeat_age, synced: synced_age, failed: failed_age, good: good_age },
});

const columns = (db: Db) =>
  db`b.id, b.host, b.secret, b.node_state, b.admin_state, b.agent_heartbeat, b.agent_ref, b.last_error, b.latency,
     b.meetings_count, b.attendees_count, b.load_factor, b.settings, b.created_at, b.updated_at, b.synced_at,
     coalesce(h.failed_polls, 0) as failed_polls, h.last_error as health_error, ${ages(db)}`;

/** All of them have to match; `host__like` and `host__ilike` are plain parts of the host. */
export interface BackendFilter {
  readonly id?: string;
  readonly agent_ref?: string;
  readonly host?: string;
  readonly host__like?: string;
  readonly host__ilike?: string;
}

const matching = (db: Db, filter: BackendFilter) =>
  db`true
    ${filter.id === undefined ? db`` : db`and b.id = ${filter.id}`}
    ${filter.agent_ref === undefined ? db`` : db`and b.agent_ref = ${filter.agent_ref}`}
    ${filter.host === undefined ? db`` : db`and b.host = ${filter.host}`}
    ${filter.host__like === undefined ? db`` : db`and strpos(b.host, ${filter.host__like}) > 0`}
    ${filter.host__ilike === undefined ? db`` : db`and strpos(lower(b.host), lower(${filter.host__ilike})) > 0`}`;

/** Ordered by host. */
export async function listBackendRecords(db: Db, filter: BackendFilter): Promise<BackendRecord[]> {
  return (await db<RawRow[]>`
    select ${columns(db)} from ${source(db)} where ${matching(db, filter)} order by b.host`).map(read);
}

export async function getBackendRecord(db: Db, id: string): Promise<BackendRecord> {
  const [row] = await listBackendRecords(db, { id });
  if (row === undefined) throw new AppError("not_found", `Backend "${id}" is unknown`);
  return row;
}

/** For a change within the transaction. It stops no meeting from being bound to the backend meanwhile. */
export async function lockBackendRecord(tx: Db, filter: BackendFilter): Promise<BackendRecord | undefined> {
  return (await tx<RawRow[]>`
    select ${columns(tx)} from ${source(tx)} where ${matching(tx, filter)} for no key update of b`).map(read)[0];
}

export type BackendValues = Pick<
  BackendRecord,
  "host" | "secret" | "admin_state" | "load_factor" | "settings" | "agent_ref"
>;

/** @returns its id */
export async function insertBackendRecord(db: Db, row: BackendValues): Promise<string> {
  const [inserted] = await db<{ id: string }[]>`
    insert into backends (host, secret, admin_state, load_factor, settings, agent_ref)
    values (${row.host}, ${row.secret}, ${row.admin_state}, ${row.load_factor}, ${settingsJson(db, row.settings)},
      ${row.agent_ref})
    returning id`;
  if (inserted === undefined) throw new AppError("internal", "The backend was not inserted");
  return inserted.id;
}

/** Gives a backend without an agent to the one that knows its secret. @returns its id */
export async function bindBackendAgent(
  db: Db,
  row: Pick<BackendRecord, "host" | "secret"> & { readonly agent_ref: string },
): Promise<string | undefined> {
  const [bound] = await db<{ id: string }[]>`
    update backends set agent_ref = ${row.agent_ref}, updated_at = localtimestamp
    where host = ${row.host} and secret = ${row.secret} and agent_ref is null returning id`;
  return bound?.id;
}

/** Writes what is given and no other column: polls and heartbeats write theirs at the same time. */
export async function updateBackendRecord(
  db: Db,
  row: { readonly id: string } & { readonly [name in keyof Omit<BackendValues, "agent_ref">]?: BackendValues[name] },
): Promise<void> {
  const { host = null, secret = null, admin_state = null, load_factor = null, settings } = row;
  await db`
    update backends set updated_at = localtimestamp
      ${host === null ? db`` : db`, host = ${host}`}
      ${secret === null ? db`` : db`, secret = ${secret}`}
      ${admin_state === null ? db`` : db`, admin_state = ${admin_state}`}
      ${load_factor === null ? db`` : db`, load_factor = ${load_factor}`}
      ${settings === undefined ? db`` : db`, settings = ${settingsJson(db, settings)}`}
    where id = ${row.id}`;
}

/** With its meetings, whatever runs there. Polls lock meetings before their backend, by id: the same order here. */
export async function deleteBackendRecord(
  tx: Db,
  id: string,
): Promise<{ backend: BackendRecord; meetings: DeletedMeeting[] } | undefined> {
  const before = await deleteBackendMeetings(tx, id);
  await tx`select from backends where id = ${id} for update`;
  const since = await deleteBackendMeetings(tx, id); // those bound until nobody could any more
  const [backend] = await listBackendRecords(tx, { id });
  if (backend === undefined) return undefined;
  await tx`delete from backends where id = ${id}`;
  return { backend, meetings: [...before, ...since] };
}

const settingsJson = (db: Db, settings: BackendRecord["settings"]) => db.json(settings as postgres.JSONValue);
