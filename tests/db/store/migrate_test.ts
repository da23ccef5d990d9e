import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { AppError } from "../../../src/errors.ts";
import { BASE_MIGRATIONS, EXTENSION_MIGRATIONS, migrate, readMigrationStatus } from "../../../src/store/migrate.ts";
import { emptyDatabase, openTestPool, testDatabase } from "../../support/test_db.ts";

const extensions = EXTENSION_MIGRATIONS.length;

/** Everything a migration could change, as text: equal before and after means nothing was touched. */
const fingerprint = async (db: Pool) =>
  JSON.stringify(
    await db`
      select c.oid, c.relname, c.relfilenode, a.attname, a.attnum from pg_class c left join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace order by c.oid, a.attnum`,
  );

/** As b3scale 1.x leaves a database: no lock, no extensions. */
async function migrateAsOneX(db: Pool, version: number): Promise<void> {
  await db`create table __meta__ (
    version integer not null unique, description text not null, applied_at timestamp not null default current_timestamp)`;
  for (const migration of BASE_MIGRATIONS.slice(0, version)) {
    await db.unsafe(migration.sql);
    await db`insert into __meta__ (version, description) values (${migration.version}, ${migration.description})`;
  }
}

Deno.test("migrate() takes an empty database to version 2 and all extensions", async () => {
  await using test = await emptyDatabase();
  const before = await readMigrationStatus(test.pool);
  assert.deepEqual(before, { migration: null, extension: 0, pending: 2 + extensions, newer: false });
  const after = await migrate(test.pool);
  assert.equal(after.migration?.version, 2);
  assert.equal(after.migration?.description, "node agent api");
  assert(after.migration?.applied_at instanceof Date);
  assert.deepEqual([after.extension, after.pending, after.newer], [extensions, 0, false]);
  assert.deepEqual([...await test.pool`select version, description from __meta__ order by version`], [
    { version: 1, description: "initial tables" },
    { version: 2, description: "node agent api" },
  ]);
  assert.deepEqual(await readMigrationStatus(test.pool), after);
});

Deno.test("migrate() changes nothing the second time", async () => {
  await using test = await testDatabase();
  const before = await fingerprint(test.pool);
  assert.equal((await migrate(test.pool)).pending, 0);
  assert.equal(await fingerprint(test.pool), before);
});

Deno.test("migrate() is safe when eight processes start at once", async () => {
  await using test = await emptyDatabase();
  const pools = Array.from({ length: 8 }, () => openTestPool(test.url, 1));
  try {
    const statuses = await Promise.all(pools.map(migrate));
    assert.deepEqual(statuses.map((status) => status.pending), Array(8).fill(0));
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
  }
  assert.equal((await test.pool`select from __meta__`).length, 2);
  assert.equal((await test.pool`select from b3scale_extensions`).length, extensions);
});

for (const version of [1, 2]) {
  Deno.test(`migrate() adopts a 1.x database at version ${version} with its rows`, async () => {
    await using test = await emptyDatabase();
    await migrateAsOneX(test.pool, version);
    await test.pool`insert into backends (host, secret) values ('https://node/', 's')`;
    await test.pool`update __meta__ set applied_at = '2024-01-01'`;
    const before = await readMigrationStatus(test.pool);
    assert.deepEqual([before.migration?.version, before.pending], [version, 2 - version + extensions]);
    const after = await migrate(test.pool);
    assert.deepEqual([after.migration?.version, after.pending], [2, 0]);
    const rows = await test.pool`select applied_at from __meta__ where applied_at = '2024-01-01'`;
    assert.equal(rows.length, version);
    assert.deepEqual([...await test.pool`select host, agent_ref from backends`], [{
      host: "https://node/",
      agent_ref: null,
    }]);
  });
}

Deno.test("migrate() refuses a database that a newer build has migrated and writes nothing", async () => {
  await using test = await emptyDatabase();
  await migrateAsOneX(test.pool, 1);
  await test.pool`create table b3scale_extensions (version integer unique, description text, applied_at timestamp)`;
  await test.pool`insert into b3scale_extensions (version) values (${extensions + 1})`;
  const before = await fingerprint(test.pool);
  assert.equal((await readMigrationStatus(test.pool)).newer, true);
  await assert.rejects(migrate(test.pool), (error) => error instanceof AppError && error.code === "database_newer");
  assert.equal(await fingerprint(test.pool), before);
});

Deno.test("migrate() is all or nothing", async () => {
  await using test = await emptyDatabase();
  await test.pool`create table b3scale_room_peaks (other integer)`; // makes the last migration fail
  await assert.rejects(migrate(test.pool), { code: "42P07" });
  assert.equal((await readMigrationStatus(test.pool)).migration, null);
  assert.equal((await test.pool`select to_regclass('backends') as found`)[0]?.found, null);
});

Deno.test("migrate() records UTC whatever the time zone of the database is", async () => {
  await using test = await emptyDatabase();
  await test.pool.unsafe(`alter database ${new URL(test.url).pathname.slice(1)} set timezone to 'Pacific/Auckland'`);
  await migrate(test.pool);
  const [row] = await test
    .pool`select max(abs(extract(epoch from (now() at time zone 'utc') - applied_at))) < 60 as ok from
    (select applied_at from __meta__ union all select applied_at from b3scale_extensions) all_of_them`;
  assert.equal(row?.ok, true);
});
