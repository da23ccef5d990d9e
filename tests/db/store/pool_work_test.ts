// What the pool tells of its work, for the metrics.
import assert from "node:assert/strict";
import { guardOutOfBandErrors, openPool } from "../../../src/store/pool.ts";
import { dbTest } from "../../support/db_test.ts";
import { silentLog } from "../../support/test_db.ts";
import { eventually } from "../../support/wait.ts";

function counting(url: string) {
  const seen = { underWay: 0, begun: 0 };
  const onWork = (change: 1 | -1) => {
    seen.underWay += change;
    if (change === 1) seen.begun++;
  };
  const pool = openPool({ url, poolSize: 2, applicationName: "test", log: silentLog, onWork });
  return { pool, seen, [Symbol.asyncDispose]: () => pool.end({ timeout: 1 }) };
}

dbTest(
  "openPool() tells of each query from when it needs a connection until it has ended, failed ones too",
  async (_, url) => {
    await using counted = counting(url);
    const { pool, seen } = counted;
    const sleeping = Array.from({ length: 5 }, () => pool`select pg_sleep(0.2)`.execute());
    await eventually("all have begun", () => seen.underWay === 5);
    await Promise.all(sleeping);
    await assert.rejects(pool`select nothing from nowhere`);
    assert.deepEqual(seen, { underWay: 0, begun: 6 });
  },
);

dbTest("openPool() tells of a query with parts, and of one that is asked twice for its rows, once", async (_, url) => {
  await using counted = counting(url);
  const { pool, seen } = counted;
  const part = pool`and ${1}::int = 1`;
  const query = pool`select ${2}::int as two where true ${part} ${pool`and true`} and ${pool("a")}.n = 3 from_`.catch(
    () => [],
  );
  await Promise.all([query, query]);
  const rows = pool<{ two: number }[]>`select ${2}::int as two where true ${part} ${pool``}`;
  assert.deepEqual([(await rows)[0]?.two, (await rows)[0]?.two], [2, 2]);
  assert.deepEqual(seen, { underWay: 0, begun: 2 });
});

dbTest("openPool() tells of a transaction as one, for as long as it keeps its connection", async (_, url) => {
  await using counted = counting(url);
  const { pool, seen } = counted;
  await pool.begin(async (tx) => {
    await tx`select 1`;
    assert.deepEqual(seen, { underWay: 1, begun: 1 });
  });
  await assert.rejects(pool.begin(() => Promise.reject(new Error("undone"))), { message: "undone" });
  assert.deepEqual(seen, { underWay: 0, begun: 2 });
});

dbTest("openPool() tells of the end of what was under way when its connection died", async (db, url) => {
  using _guard = { [Symbol.dispose]: guardOutOfBandErrors(silentLog) };
  await using counted = counting(url);
  const { pool, seen } = counted;
  const dying = [pool`select pg_sleep(60)`, pool.begin((tx) => tx`select pg_sleep(60)`)].map((one) =>
    assert.rejects(one)
  );
  await eventually(
    "both run",
    async () =>
      (await db`select from pg_stat_activity where query like 'select pg_sleep(60)%' and datname = current_database()`)
        .length === 2,
  );
  assert.equal(seen.underWay, 2);
  await db`select pg_terminate_backend(pid) from pg_stat_activity
    where query like 'select pg_sleep(60)%' and datname = current_database()`;
  await Promise.all(dying);
  assert.equal(seen.underWay, 0);
});
