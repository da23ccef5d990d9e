// Brings the database to the schema this build works on: base version 2, which b3scale 1.x shares, and our extensions.
// Called at start, by `db migrate` and by tests; any number of processes may call it at once.
import extension1 from "../../migrations/extensions/0001_cluster_view.sql" with { type: "text" };
import extension2 from "../../migrations/extensions/0002_audit.sql" with { type: "text" };
import extension3 from "../../migrations/extensions/0003_ended_meetings.sql" with { type: "text" };
import extension4 from "../../migrations/extensions/0004_recordings.sql" with { type: "text" };
import extension5 from "../../migrations/extensions/0005_recording_imports.sql" with { type: "text" };
import extension6 from "../../migrations/extensions/0006_callbacks.sql" with { type: "text" };
import base1 from "../../migrations/0001_initial_tables.sql" with { type: "text" };
import base2 from "../../migrations/0002_node_agent_api.sql" with { type: "text" };
import type { Db, Pool } from "../deps.ts";
import { AppError } from "../errors.ts";

interface Migration {
  readonly version: number;
  readonly description: string;
  readonly sql: string;
}

/** The descriptions of the base are read by 1.x. Append only. */
export const BASE_MIGRATIONS: readonly Migration[] = [
  { version: 1, description: "initial tables", sql: base1 },
  { version: 2, description: "node agent api", sql: base2 },
];
export const EXTENSION_MIGRATIONS: readonly Migration[] = [
  { version: 1, description: "cluster view", sql: extension1 },
  { version: 2, description: "audit", sql: extension2 },
  { version: 3, description: "ended meetings", sql: extension3 },
  { version: 4, description: "recordings", sql: extension4 },
  { version: 5, description: "recording imports", sql: extension5 },
  { version: 6, description: "callbacks", sql: extension6 },
];

export interface MigrationStatus {
  /** The newest base migration, from `__meta__`; null on a database without tables of ours. */
  readonly migration: { readonly version: number; readonly description: string; readonly applied_at: Date } | null;
  /** Version of our extensions, 0 for none. */
  readonly extension: number;
  /** Base and extension migrations that this build would still apply. */
  readonly pending: number;
  /** True when another, newer build has migrated further than this one knows: it must not write. */
  readonly newer: boolean;
}

/**
 * Applies what is missing, all of it or nothing, and returns the status after that.
 * @throws database_newer when the database is ahead of this build; errors of the driver otherwise
 */
export function migrate(pool: Pool): Promise<MigrationStatus> {
  return pool.begin("isolation level read committed", async (tx) => {
    await tx`set local timezone = 'UTC'`;
    await tx`set local lock_timeout = 0`; // another process may migrate for as long as it takes
    // A statement of its own: one that also reads the versions would read them as they were before its wait.
    await tx`select pg_advisory_xact_lock(${LOCK[0]}, ${LOCK[1]})`;
    const before = await readMigrationStatus(tx);
    if (before.newer) {
      throw new AppError(
        "database_newer",
        `The database is at version ${
          before.migration?.version ?? 0
        }, extension ${before.extension}: newer than this build`,
      );
    }
    if (before.pending === 0) return before;
    // A 1.x worker holds locks for up to 70 s. Waiting longer than this queues its writers behind us; we are called again.
    await tx`set local lock_timeout = '10s'`;
    await tx`create table if not exists __meta__ (
      version integer not null unique, description text not null, applied_at timestamp not null default current_timestamp)`;
    await tx`create table if not exists b3scale_extensions (
      version integer not null unique, description text not null,
      applied_at timestamp not null default (now() at time zone 'utc'))`;
    for (const { version, description, sql } of newerThan(before.migration?.version ?? 0, BASE_MIGRATIONS)) {
      await tx.unsafe(sql);
      await tx`insert into __meta__ (version, description) values (${version}, ${description})`;
    }
    for (const { version, description, sql } of newerThan(before.extension, EXTENSION_MIGRATIONS)) {
      await tx.unsafe(sql);
      await tx`insert into b3scale_extensions (version, description) values (${version}, ${description})`;
    }
    return readMigrationStatus(tx);
  });
}

/** A missing table reads as version 0. */
export async function readMigrationStatus(db: Db): Promise<MigrationStatus> {
  const [tables] = await db<{ meta: boolean; extensions: boolean }[]>`
    select to_regclass('__meta__') is not null as meta, to_regclass('b3scale_extensions') is not null as extensions`;
  const [migration] = tables?.meta
    ? await db<{ version: number; description: string; applied_at: Date }[]>`
      select version, description, applied_at from __meta__ order by version desc limit 1`
    : [];
  const [newest] = tables?.extensions
    ? await db<{ version: number }[]>`select coalesce(max(version), 0) as version from b3scale_extensions`
    : [];
  const [base, extension] = [migration?.version ?? 0, newest?.version ?? 0];
  return {
    migration: migration === undefined ? null : { ...migration },
    extension,
    pending: newerThan(base, BASE_MIGRATIONS).length + newerThan(extension, EXTENSION_MIGRATIONS).length,
    newer: base > BASE_MIGRATIONS.length || extension > EXTENSION_MIGRATIONS.length,
  };
}

/** Any two numbers, the same in every process: they stand for "someone migrates this database". */
const LOCK = [0x62337363, 0] as const;

const newerThan = (version: number, migrations: readonly Migration[]) => migrations.filter((m) => m.version > version);
