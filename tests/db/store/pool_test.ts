import assert from "node:assert/strict";
import { startPostgres } from "../../../demo/postgres.ts";
import type { Pool } from "../../../src/deps.ts";
import { guardOutOfBandErrors } from "../../../src/store/pool.ts";
import { openTestPool, silentLog, testDatabase } from "../../support/test_db.ts";

Deno.test("openPool() works in UTC under its name, though the database is set to another zone", async () => {
  await using test = await testDatabase();
  await test.pool.unsafe(`alter database ${new URL(test.url).pathname.slice(1)} set timezone to 'America/St_Johns'`);
  const pool = openTestPool(test.url);
  try {
    const [row] = await pool`select current_setting('TimeZone') as zone, current_setting('application_name') as name`;
    assert.deepEqual({ ...row }, { zone: "UTC", name: "test" });
    const at = new Date("2026-03-29T02:30:00.123Z"); // an hour that Berlin leaves out
    await pool`insert into backends (host, secret, created_at) values ('h', 's', ${at})`;
    const [stored] =
      await pool`select created_at, created_at::text as text, agent_heartbeat from backends where created_at = ${at}`;
    assert.deepEqual({ ...stored }, {
      created_at: at,
      text: "2026-03-29 02:30:00.123",
      agent_heartbeat: new Date("2000-01-01T00:00:00Z"),
    });
    const [now] = await pool<{ drift: number }[]>`
      select abs(extract(epoch from created_at - ${new Date(Date.now())}::timestamp))::float as drift from frontends
      where id in (select id from frontends) union all select 0`;
    assert(now !== undefined && now.drift < 60);
  } finally {
    await pool.end();
  }
});

Deno.test("openPool() reads bigint as a number and json as it was passed", async () => {
  await using test = await testDatabase();
  const settings = { tags: ["sip"], camelCase: { snake_case: 1 }, none: null };
  await test.pool`insert into backends (host, secret, latency, settings) values ('h', 's', ${1234567890123}, ${
    test.pool.json(settings)
  })`;
  const [row] = await test.pool`select latency, settings, count(*) over () as rows from backends`;
  assert.deepEqual({ ...row }, { latency: 1234567890123, settings, rows: 1 });
});

Deno.test("openPool() takes parameters of the URL and never more connections than its size", async () => {
  await using test = await testDatabase();
  const pool = openTestPool(`${test.url}?search_path=other,public&sslmode=disable`, 3);
  try {
    assert.equal((await pool`show search_path`)[0]?.search_path, "other,public");
    const pids = await Promise.all(
      Array.from({ length: 12 }, () => pool`select pg_backend_pid() as pid, pg_sleep(0.01)`),
    );
    assert(new Set(pids.map(([row]) => row?.pid)).size <= 3);
  } finally {
    await pool.end();
  }
});

Deno.test("openPool() keeps working in all its places after the server died again and again under load", async () => {
  const remove = guardOutOfBandErrors(silentLog);
  const server = await startPostgres({ fsync: false });
  const pool = openTestPool(server.url(), 4);
  const loop = async (stop: AbortSignal) => {
    // A transaction whose connection dies writes its rollback to nothing: that is what the driver does not get over.
    while (!stop.aborted) await pool.begin((tx) => tx`select pg_sleep(0.005)`).catch(() => {});
  };
  try {
    for (let round = 0; round < 3; round++) {
      const stop = new AbortController();
      const loops = Array.from({ length: 8 }, () => loop(stop.signal));
      await untilServed(pool);
      await server.kill();
      await server.restart();
      await untilServed(pool);
      stop.abort();
      await Promise.all(loops);
    }
    const started = performance.now();
    await Promise.all(Array.from({ length: 16 }, () => pool`select pg_sleep(0.01)`));
    assert(performance.now() - started < 1500, "a connection that hangs would take its connect_timeout, or for ever");
  } finally {
    await pool.end({ timeout: 1 });
    await server.stop();
    remove();
  }
});

Deno.test("openPool() listens again by itself after the server was away", async () => {
  const remove = guardOutOfBandErrors(silentLog);
  const server = await startPostgres({ fsync: false });
  const pool = openTestPool(server.url(), 2);
  try {
    let listening = Promise.withResolvers<void>();
    const heard: string[] = [];
    let next = Promise.withResolvers<void>();
    await pool.listen("channel", (payload) => {
      heard.push(payload);
      next.resolve();
    }, () => listening.resolve());
    await pool.notify("channel", "before");
    await next.promise;
    listening = Promise.withResolvers();
    next = Promise.withResolvers();
    await server.kill();
    await server.restart();
    await listening.promise;
    await untilServed(pool);
    await pool.notify("channel", "after");
    await next.promise;
    assert.deepEqual(heard, ["before", "after"]);
  } finally {
    await pool.end({ timeout: 1 });
    await server.stop();
    remove();
  }
});

/** The attempts that meet the outage itself fail, at once or after 0.1–1 s. */
async function untilServed(pool: Pool): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const served = await pool`select 1`.then(() => true, () => false);
    if (served) return;
  }
  assert.fail("the pool did not come back");
}
