// Rows of `frontends`: tenants with key, secret and settings.
import type postgres from "postgres";
import type { Db } from "../deps.ts";
import { AppError } from "../errors.ts";
import { type FrontendSettings, readFrontendSettings } from "./frontend_settings.ts";

export interface Frontend {
  readonly id: string;
  readonly key: string;
  readonly secret: string;
  readonly active: boolean;
  readonly settings: FrontendSettings;
  readonly account_ref: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** Changes with each write of the row. */
  readonly version: string;
}

type RawRow = Omit<Frontend, "settings"> & { readonly settings: unknown };

const read = (row: RawRow): Frontend => ({ ...row, settings: readFrontendSettings(row.settings) });
const columns = (db: Db) =>
  db`id, key, secret, active, settings, account_ref, created_at, updated_at, xmin::text as version`;

export async function listFrontends(db: Db): Promise<Frontend[]> {
  return (await db<RawRow[]>`select ${columns(db)} from frontends`).map(read);
}

export async function listFrontendsByID(db: Db, ids: readonly string[]): Promise<Frontend[]> {
  return (await db<RawRow[]>`select ${columns(db)} from frontends where id = any(${ids as string[]}::uuid[])`).map(
    read,
  );
}

export async function findFrontendByKey(db: Db, key: string): Promise<Frontend | undefined> {
  if (key.includes("\0")) return undefined; // PostgreSQL refuses the query, and that is no outage
  return (await db<RawRow[]>`select ${columns(db)} from frontends where key = ${key}`).map(read)[0];
}

/** Filters as REST takes them; `owner` restricts to an account, "" to none. `key__like` is a plain part of the key. */
export interface FrontendFilter {
  readonly id?: string;
  readonly owner?: string;
  readonly account_ref?: string;
  readonly key?: string;
  readonly key__like?: string;
}

const matching = (db: Db, filter: FrontendFilter) =>
  db`true
    ${filter.id === undefined ? db`` : db`and id = ${filter.id}`}
    ${filter.owner === undefined ? db`` : db`and account_ref = ${filter.owner} and account_ref <> ''`}
    ${filter.account_ref === undefined ? db`` : db`and account_ref = ${filter.account_ref}`}
    ${filter.key === undefined ? db`` : db`and key = ${filter.key}`}
    ${filter.key__like === undefined ? db`` : db`and strpos(key, ${filter.key__like}) > 0`}`;

/** Ordered by key. */
export async function listFrontendsMatching(db: Db, filter: FrontendFilter): Promise<Frontend[]> {
  return (await db<RawRow[]>`select ${columns(db)} from frontends where ${matching(db, filter)} order by key`).map(
    read,
  );
}

/** For a change within the transaction. */
export async function lockFrontend(tx: Db, filter: FrontendFilter): Promise<Frontend | undefined> {
  return (await tx<RawRow[]>`select ${columns(tx)} from frontends where ${matching(tx, filter)} for update`).map(
    read,
  )[0];
}

export type FrontendValues = Pick<Frontend, "key" | "secret" | "active" | "settings" | "account_ref">;

export async function insertFrontend(db: Db, row: FrontendValues): Promise<Frontend> {
  const [inserted] = await db<RawRow[]>`
    insert into frontends (key, secret, active, settings, account_ref)
    values (${row.key}, ${row.secret}, ${row.active}, ${settingsJson(db, row.settings)}, ${row.account_ref})
    returning ${columns(db)}`;
  if (inserted === undefined) throw new AppError("internal", "The frontend was not inserted");
  return read(inserted);
}

export async function updateFrontend(db: Db, row: FrontendValues & { readonly id: string }): Promise<Frontend> {
  const [updated] = await db<RawRow[]>`
    update frontends set key = ${row.key}, secret = ${row.secret}, active = ${row.active},
      settings = ${settingsJson(db, row.settings)}, account_ref = ${row.account_ref}, updated_at = localtimestamp
    where id = ${row.id} returning ${columns(db)}`;
  if (updated === undefined) throw new AppError("not_found", `Frontend "${row.id}" is unknown`);
  return read(updated);
}

/** With its meetings, mappings and recordings. */
export async function deleteFrontend(db: Db, id: string): Promise<Frontend | undefined> {
  return (await db<RawRow[]>`delete from frontends where id = ${id} returning ${columns(db)}`).map(read)[0];
}

const settingsJson = (db: Db, settings: FrontendSettings) => db.json(settings as unknown as postgres.JSONValue);
