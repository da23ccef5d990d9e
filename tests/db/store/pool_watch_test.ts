// Links to the database that die silently, and what must not be taken for it.
import assert from "node:assert/strict";
import { realClock } from "../../../src/deps.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { guardOutOfBandErrors, openPool } from "../../../src/store/pool.ts";
import { dbTest } from "../../support/db_test.ts";
import { makeLog } from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";
import { startTcpProxy, throughPort } from "../../support/tcp_proxy.ts";
import { eventually, pause } from "../../support/wait.ts";

const AFTER_MS = 600;
const PLACES = 4;
const NOTICED = "the link to the database is dead, connecting anew";

/** A watched pool behind a network of its own. */
function watched(url: string, parameters: Record<string, string> = {}) {
  const stack = new AsyncDisposableStack();
  stack.defer(guardOutOfBandErrors(makeLog().log));
  const proxy = stack.use(startTcpProxy(Number(new URL(url).port)));
  const { log, lines } = makeLog();
  const work = { underWay: 0 };
  const pool = openPool({
    url: throughPort(url, proxy.port, { idle_in_transaction_session_timeout: "200", ...parameters }),
    poolSize: PLACES,
    applicationName: "watched",
    log,
    onWork: (change) => work.underWay += change,
    watch: { clock: realClock, afterMs: AFTER_MS, lookMs: 50 },
  });
  stack.defer(() => pool.end({ timeout: 0 }));
  const warnings = () => lines.filter(({ level }) => level === "warn").map(({ message }) => message);
  return { pool, proxy, work, warnings, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

dbTest("openPool() has all its places again after the link died silently", async (_, url) => {
  await using scene = watched(url);
  const { pool, proxy, work, warnings } = scene;
  await Promise.all(Array.from({ length: PLACES }, () => pool`select pg_sleep(0.05)`));
  const inside = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  // In the middle, with a statement whose parameters the server is asked for first: the driver drops its rollback.
  const begun = pool.begin(async (tx) => {
    await tx`select 1`;
    inside.resolve();
    await goOn.promise;
    return await tx`select ${1}::int + ${2}::int as three`;
  });
  await inside.promise;
  proxy.freeze();
  goOn.resolve();
  const lost = [
    begun,
    pool`select 1`,
    pool`select ${1}::int`,
    ...Array.from({ length: PLACES }, () => pool.begin((tx) => tx`select ${1}::int`)),
  ];
  const startedAt = performance.now();
  const outcomes = await Promise.allSettled(lost);
  const tookMs = performance.now() - startedAt;
  assert.deepEqual(outcomes.map(({ status }) => status), lost.map(() => "rejected"));
  assert.ok(tookMs < AFTER_MS + 4000, `${Math.round(tookMs)} ms`);
  assert.equal(work.underWay, 0);
  assert.deepEqual(warnings(), [NOTICED]);

  const pids = await Promise.all(
    Array.from({ length: PLACES }, () => pool<{ pid: number }[]>`select pg_backend_pid() as pid, pg_sleep(0.1)`),
  );
  assert.equal(new Set(pids.map(([row]) => row?.pid)).size, PLACES);
});

dbTest("openPool() serves anew before what hung on the dead link has ended", async (_, url) => {
  await using scene = watched(url);
  const { pool, proxy, work, warnings } = scene;
  await Promise.all(Array.from({ length: PLACES }, () => pool`select pg_sleep(0.05)`));
  proxy.freeze();
  const lost = Array.from({ length: PLACES }, () => pool`select 1`.catch(() => "lost"));
  await eventually("it has noticed", () => warnings().length > 0);
  assert.equal((await pool`select 1 as one`)[0]?.["one"], 1);
  assert.equal(work.underWay, PLACES);
  assert.deepEqual(await Promise.all(lost), lost.map(() => "lost"));
});

dbTest("openPool() lets a statement run that takes long on a link that lives", async (_, url) => {
  await using scene = watched(url);
  const { pool, warnings } = scene;
  const [[slow], [inTransaction]] = await Promise.all([
    pool`select pg_sleep(2), 1 as done`,
    pool.begin((tx) => tx`select pg_sleep(2), 1 as done`),
  ]);
  assert.deepEqual([slow?.["done"], inTransaction?.["done"]], [1, 1]);
  assert.deepEqual(warnings(), []);
});

dbTest("openPool() waits for a database that answers nobody instead of connecting anew", async (_, url) => {
  await using scene = watched(url);
  const { pool, proxy, warnings } = scene;
  await pool`select 1`;
  proxy.freeze({ fresh: true });
  const asked = pool`select 1 as one`.execute();
  await eventually("it has looked", () => warnings().length > 0);
  proxy.thaw();
  assert.equal((await asked)[0]?.["one"], 1);
  assert.deepEqual(warnings(), ["looking for dead connections failed, trying on"]);
});

dbTest("migrate() waits for another process however long that takes", async (_, url) => {
  await using scene = watched(url, { lock_timeout: "300" });
  const { pool, warnings } = scene;
  const other = openTestPool(url);
  try {
    const held = Promise.withResolvers<void>();
    const other_ = other.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${0x62337363}, 0)`;
      await held.promise;
    });
    await eventually(
      "it is locked",
      async () =>
        (await other`select from pg_locks where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())`).length === 1,
    );
    let ended = false;
    const migrated = migrate(pool).finally(() => ended = true);
    await pause(3 * AFTER_MS); // three times as long as a dead link gets
    assert.equal(ended, false);
    held.resolve();
    await other_;
    assert.equal((await migrated).pending, 0);
    assert.deepEqual(warnings(), []);
  } finally {
    await other.end({ timeout: 1 });
  }
});

dbTest("openPool() gives every wait for a lock an end, and a transaction that its client forgot", async (db, url) => {
  const pool = openTestPool(url, 1);
  try {
    const [row] = await pool`select current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle`;
    assert.deepEqual({ ...row }, { lock: "30s", idle: "10s" });
  } finally {
    await pool.end();
  }
  const impatient = openTestPool(`${url}?lock_timeout=100`, 1);
  try {
    await db.begin(async (tx) => {
      await tx`lock table commands in exclusive mode`;
      await assert.rejects(impatient`update commands set state = state`, { code: "55P03" });
    });
    assert.equal((await impatient`update commands set state = state`).count, 0);
  } finally {
    await impatient.end();
  }
});
