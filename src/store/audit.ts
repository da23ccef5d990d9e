// Rows of `b3scale_audit`: what was changed through REST, by whom. Written by rest/rest.ts, read by rest/audit.ts.
import type { Db } from "../deps.ts";

export interface AuditEntry {
  /** `sub` of the token. */
  readonly subject: string;
  /** All of the token's scopes, separated by spaces. */
  readonly scope: string;
  readonly method: string;
  /** Path of the request. */
  readonly resource: string;
  /** Dotted names of what the body set; never a value. */
  readonly changed_keys: readonly string[];
  readonly request_id: string;
}

export interface AuditRow extends AuditEntry {
  readonly time: Date;
}

const MOST_CHARACTERS = 500;

/** Tokens and bodies may hold what PostgreSQL takes for no text, and that must not keep a change out of the audit. */
const storable = (text: string): string => text.slice(0, MOST_CHARACTERS).toWellFormed().replaceAll("\0", "\ufffd");

export async function insertAudit(db: Db, entry: AuditEntry): Promise<void> {
  await db`
    insert into b3scale_audit (subject, scope, method, resource, changed_keys, request_id)
    values (${storable(entry.subject)}, ${storable(entry.scope)}, ${entry.method}, ${storable(entry.resource)},
      ${entry.changed_keys.map(storable)}::text[], ${entry.request_id})`;
}

/** Newest first. */
export async function listAudit(
  db: Db,
  { since, limit }: { readonly since?: Date; readonly limit: number },
): Promise<AuditRow[]> {
  // Counted from 1970, because PostgreSQL takes no text with the year 0.
  const from = since === undefined
    ? db``
    : db`where time >= timestamp '1970-01-01' + ${since.getTime() / 1000}::float8 * interval '1 second'`;
  return await db<AuditRow[]>`
    select time, subject, scope, method, resource, changed_keys, request_id from b3scale_audit
    ${from} order by time desc, id desc limit ${limit}`;
}

/** @returns how many there were */
export async function deleteStaleAudit(db: Db, days: number): Promise<number> {
  const deleted = await db`
    delete from b3scale_audit where time < localtimestamp - make_interval(days => ${days})`;
  return deleted.count;
}
