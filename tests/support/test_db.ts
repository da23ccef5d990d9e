// A migrated database of its own for a test, cloned from a template: 50 ms instead of a migration, and nothing that one
// test leaves behind meets another. tests/run.ts sets B3SCALE_TEST_DB_URL, the server it is made on.
import { createHash } from "node:crypto";
import type { Pool } from "../../src/deps.ts";
import type { Logger } from "../../src/log.ts";
import { BASE_MIGRATIONS, EXTENSION_MIGRATIONS, migrate } from "../../src/store/migrate.ts";
import { openPool } from "../../src/store/pool.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly pool: Pool;
}

/** `await using db = await testDatabase()`: schema version 2 and our extensions, no rows. */
export function testDatabase(): Promise<TestDatabase> {
  return createDatabase(template);
}

/** The same without any table: for tests of the migration itself. */
export function emptyDatabase(): Promise<TestDatabase> {
  return createDatabase(() => Promise.resolve("template0"));
}

/** A pool beside the database's own, for what a second process would see. */
export function openTestPool(url: string, poolSize = 10): Pool {
  return openPool({ url, poolSize, applicationName: "test", log: silentLog });
}

export const silentLog: Logger = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} };

async function createDatabase(source: (admin: Pool) => Promise<string>): Promise<TestDatabase> {
  const name = `b3scale_test_${crypto.randomUUID().replaceAll("-", "")}`;
  await withAdmin(async (admin) => {
    await admin.unsafe(`create database ${name} template ${await source(admin)}`);
  });
  const url = urlOf(name);
  const pool = openTestPool(url);
  return {
    url,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end({ timeout: 1 });
      await withAdmin((admin) => admin.unsafe(`drop database if exists ${name} with (force)`));
    },
  };
}

/** Test files run in parallel: one of them makes the template, under a lock; it gets its name when it is complete. */
async function template(admin: Pool): Promise<string> {
  const hash = createHash("sha256");
  for (const { sql } of [...BASE_MIGRATIONS, ...EXTENSION_MIGRATIONS]) hash.update(sql);
  const name = `b3scale_template_${hash.digest("hex").slice(0, 16)}`;
  const isThere = async () => (await admin`select from pg_database where datname = ${name}`).length > 0;
  if (await isThere()) return name;
  await admin`select pg_advisory_lock(hashtext('b3scale test template'))`; // until this connection ends
  if (await isThere()) return name;
  await admin.unsafe(`drop database if exists ${name}_new with (force)`);
  await admin.unsafe(`create database ${name}_new template template0`);
  const pool = openTestPool(urlOf(`${name}_new`), 1);
  await migrate(pool);
  await pool.end();
  await admin.unsafe(`alter database ${name}_new rename to ${name}`);
  return name;
}

/** One connection, because the advisory lock belongs to it. */
async function withAdmin(work: (admin: Pool) => Promise<unknown>): Promise<void> {
  const admin = openTestPool(baseUrl(), 1);
  try {
    await work(admin);
  } finally {
    await admin.end({ timeout: 5 });
  }
}

function baseUrl(): string {
  const url = Deno.env.get("B3SCALE_TEST_DB_URL");
  if (!url) {
    throw new Error('B3SCALE_TEST_DB_URL is not set: run "deno task test tests/db/…", which starts a PostgreSQL');
  }
  return url;
}

function urlOf(database: string): string {
  const url = new URL(baseUrl());
  url.pathname = `/${database}`;
  return url.href;
}
