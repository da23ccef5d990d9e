import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { listReservations, lockPlacement, upsertReservations } from "../../../src/store/reservations.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertMeeting } from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";

async function reserve(db: Pool, id: string, age: number, confirmed: boolean): Promise<void> {
  const backend = await insertBackend(db);
  const meeting_id = await insertMeeting(db, { id: clusterID(id), internal_id: `pending:${id}` });
  await upsertReservations(db, [{ meeting_id, backend_id: backend, expected: 20 }]);
  await db`
    update b3scale_reservations set created_at = localtimestamp - make_interval(secs => ${age}::float8),
      confirmed_at = ${confirmed ? db`localtimestamp` : null} where meeting_id = ${meeting_id}`;
}
const idsOf = (rows: readonly { meeting_id: string }[]) => rows.map(({ meeting_id }) => meeting_id).sort();

/** By the database's clock, so many seconds ago. */
async function secondsAgo(db: Pool, seconds: number): Promise<number> {
  const [row] = await db<
    { epoch: number }[]
  >`select extract(epoch from clock_timestamp())::float8 - ${seconds}::float8 as epoch`;
  return row?.epoch ?? 0;
}

dbTest("listReservations() has what a view may lack that holds everything up to a moment", async (db) => {
  await reserve(db, "old and confirmed", 60, true);
  await reserve(db, "old", 30, false);
  await reserve(db, "within the margin", 10.5, true);
  await reserve(db, "young and confirmed", 9, true);
  await reserve(db, "young", 0, false);
  assert.deepEqual(
    idsOf(await listReservations(db, await secondsAgo(db, 10))),
    ["within the margin", "young", "young and confirmed"].map((id) => clusterID(id) as string).sort(),
  );
  const all = await listReservations(db, undefined);
  assert.equal(all.length, 5);
  const old = all.find(({ meeting_id }) => meeting_id === clusterID("old"));
  assert(old !== undefined && Math.abs(old.ageSeconds - 30) < 5 && old.expected === 20);
});

dbTest("upsertReservations() moves a place, which is unconfirmed and young again", async (db) => {
  await reserve(db, "m", 60, true);
  const other = await insertBackend(db);
  await upsertReservations(db, [{ meeting_id: clusterID("m"), backend_id: other, expected: 7 }]);
  const [row] = await listReservations(db, await secondsAgo(db, 5));
  assert.deepEqual([row?.backend_id, row?.expected], [other, 7]);
  assert(row !== undefined && row.ageSeconds < 5);
  assert.equal((await db`select from b3scale_reservations where confirmed_at is null`).length, 1);
});

dbTest("listReservations() has none of a meeting or backend that is gone", async (db) => {
  await reserve(db, "a", 0, false);
  await reserve(db, "b", 0, false);
  await db`delete from meetings where id = ${clusterID("a")}`;
  assert.equal((await listReservations(db, undefined)).length, 1);
  await db`delete from backends`;
  assert.equal((await listReservations(db, undefined)).length, 0);
});

dbTest("lockPlacement() lets each see the reservations of all before it", async (db, url) => {
  const backend = await insertBackend(db);
  const peer = openTestPool(url);
  try {
    const seen = await Promise.all(Array.from({ length: 12 }, async (_, index) => {
      const meeting_id = await insertMeeting(db, { id: clusterID(`m${index}`), internal_id: `pending:${index}` });
      return await (index % 2 ? db : peer).begin(async (tx) => {
        await tx`select count(*) from meetings`; // a snapshot from before the wait
        await lockPlacement(tx);
        const { length } = await listReservations(tx, 0);
        await upsertReservations(tx, [{ meeting_id, backend_id: backend, expected: 15 }]);
        return length;
      });
    }));
    assert.deepEqual(seen.map(Number).sort((a, b) => a - b), Array.from({ length: 12 }, (_, index) => index));
  } finally {
    await peer.end();
  }
});
