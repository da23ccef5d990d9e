// Transactions of creates that are given up because the link to the database has died, or the database is slow.
import assert from "node:assert/strict";
import { resolvePendingMeetings } from "../../../src/controller/resolve_pending_meetings.ts";
import type { Pool } from "../../../src/deps.ts";
import { createPlacements } from "../../../src/gateway/placement.ts";
import { guardOutOfBandErrors } from "../../../src/store/pool.ts";
import { lockPlacement } from "../../../src/store/reservations.ts";
import { commandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertFrontend, makeFrontend, makeRequest } from "../../support/make.ts";
import { startTcpProxy, throughPort } from "../../support/tcp_proxy.ts";
import { openTestPool, silentLog } from "../../support/test_db.ts";
import { eventually } from "../../support/wait.ts";

const LATE = { code: "unavailable" };

/** A server whose link to the database can die; it has as long as the fake clock says. */
async function scene(db: Pool, url: string) {
  const stack = new AsyncDisposableStack();
  stack.defer(guardOutOfBandErrors(silentLog));
  const proxy = stack.use(startTcpProxy(Number(new URL(url).port)));
  const pool = openTestPool(throughPort(url, proxy.port, { idle_in_transaction_session_timeout: "300" }), 4);
  stack.defer(() => pool.end({ timeout: 0 }));
  const deps = stack.use(commandDeps(pool));
  const frontend = makeFrontend({ id: await insertFrontend(db) });
  await insertBackend(db);
  const placements = createPlacements(deps);
  const reserve = (room: string) => placements.reserve(makeRequest({ frontend }), clusterID(room), undefined);
  return {
    proxy,
    deps,
    reserve,
    /** A reservation that is given up while this statement of it waits for a lock. */
    giveUp: async (room: string, statement: string) => {
      const given = assert.rejects(reserve(room), LATE);
      await eventually(`"${statement}" waits`, async () =>
        (await db`
        select from pg_stat_activity where datname = current_database() and wait_event = 'advisory'
          and query ilike ${`%${statement}%`}`).length > 0);
      await deps.clock.advance(5000);
      await given;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const rooms = async (db: Pool) => (await db<{ id: string }[]>`select id from meetings order by id`).map(({ id }) => id);

/** Holds the lock that all placements take. */
async function holdPlacementLock(db: Pool): Promise<() => Promise<void>> {
  const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = db.begin(async (tx) => {
    await lockPlacement(tx);
    held.resolve();
    await release.promise;
  });
  await held.promise;
  return async () => {
    release.resolve();
    await holding;
  };
}

dbTest("reserve() on a link that died holds up the creates of nobody and leaves no row", async (db, url) => {
  await using test = await scene(db, url);
  const release = await holdPlacementLock(db);
  await test.giveUp("lost", "pg_advisory_xact_lock");
  test.proxy.freeze();
  await release(); // the server's side of it has the lock now, and hears no more
  const next = await eventually("the next one has a place", () => test.reserve("next"), { withinMs: 5000 });
  assert.equal(next?.id, clusterID("next"));
  assert.deepEqual(await rooms(db), [clusterID("next")]);
});

dbTest("reserve() that was given up is undone when the database goes on", async (db, url) => {
  await using test = await scene(db, url);
  const release = await holdPlacementLock(db);
  await test.giveUp("late", "pg_advisory_xact_lock");
  await release();
  assert.equal((await test.reserve("next"))?.id, clusterID("next"));
  assert.deepEqual(await rooms(db), [clusterID("next")]);
  assert.equal((await db`select from b3scale_reservations`).length, 1);
});

dbTest("reserve() that was given up while it was committed leaves a row that is swept up", async (db, url) => {
  await using test = await scene(db, url);
  await db.unsafe(`
    create function wait_at_commit() returns trigger language plpgsql as
      $$ begin if new.id = '${clusterID("late")}' then perform pg_advisory_xact_lock(4711); end if; return null; end $$;
    create constraint trigger wait_at_commit after insert on meetings deferrable initially deferred
      for each row execute function wait_at_commit()`);
  await db.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(4711)`;
    await test.giveUp("late", "commit");
    assert.deepEqual(await rooms(db), []);
  });
  await eventually("it is committed", async () => (await rooms(db)).length === 1);
  assert.equal((await test.reserve("next"))?.id, clusterID("next"));
  assert.equal(await test.reserve("late"), undefined);
  await db`update meetings set created_at = created_at - interval '1 hour', updated_at = updated_at - interval '1 hour'
    where id = ${clusterID("late")}`;
  await db`update b3scale_reservations set created_at = created_at - interval '1 hour'
    where meeting_id = ${clusterID("late")}`;
  await db`delete from backends`; // its node is not asked, since there is none
  await resolvePendingMeetings(test.deps);
  assert.deepEqual(await rooms(db), [clusterID("next")]);
});
