// Rows of `frontends`: tenants with key, secret and settings.
import type { Db } from "../deps.ts";
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
