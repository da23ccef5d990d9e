import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { deleteStaleRoomPeaks, raiseRoomPeaks } from "../../../src/store/room_peaks.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertFrontend } from "../../support/make.ts";

const peaks = async (db: Pool) =>
  Object.fromEntries(
    (await db`select meeting_id, peak from b3scale_room_peaks`).map((row) => [row.meeting_id, row.peak]),
  );
const M = clusterID("m");
const agePeaks = (db: Pool, days: number) =>
  db`update b3scale_room_peaks set seen_at = localtimestamp - make_interval(days => ${days})`;

dbTest("raiseRoomPeaks() keeps the most per frontend and room", async (db) => {
  const [frontend, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  const raise = (frontend_id: string, attendees: number) =>
    raiseRoomPeaks(db, [{ frontend_id, meeting_id: M, attendees }]);
  await raise(frontend, 5);
  await raise(other, 50);
  await raise(frontend, 9);
  await raise(frontend, 3);
  const rows = await db`select frontend_id, peak from b3scale_room_peaks`;
  assert.deepEqual(Object.fromEntries(rows.map((row) => [row.frontend_id, row.peak])), { [frontend]: 9, [other]: 50 });
  await raiseRoomPeaks(db, []);
});

dbTest(
  "raiseRoomPeaks() keeps a room that is in use from being forgotten, though it is not as full as once",
  async (db) => {
    const frontend_id = await insertFrontend(db);
    await raiseRoomPeaks(db, [{ frontend_id, meeting_id: M, attendees: 30 }, {
      frontend_id,
      meeting_id: clusterID("n"),
      attendees: 2,
    }]);
    await agePeaks(db, 200);
    await raiseRoomPeaks(db, [{ frontend_id, meeting_id: M, attendees: 4 }]);
    assert.equal(await deleteStaleRoomPeaks(db, 180), 1);
    assert.deepEqual(await peaks(db), { [M]: 30 });
  },
);

dbTest("raiseRoomPeaks() does not write a row that says the same today", async (db) => {
  const frontend_id = await insertFrontend(db);
  const raise = () => raiseRoomPeaks(db, [{ frontend_id, meeting_id: M, attendees: 30 }]);
  const version = async () => (await db`select xmin::text from b3scale_room_peaks`)[0]?.xmin;
  await raise();
  const before = await version();
  await raise();
  assert.equal(await version(), before);
});

dbTest("deleteStaleRoomPeaks() forgets rooms that were not seen for so long", async (db) => {
  const frontend_id = await insertFrontend(db);
  await raiseRoomPeaks(db, [{ frontend_id, meeting_id: M, attendees: 30 }]);
  await agePeaks(db, 179);
  assert.equal(await deleteStaleRoomPeaks(db, 180), 0);
  await agePeaks(db, 181);
  assert.equal(await deleteStaleRoomPeaks(db, 180), 1);
});
