import assert from "node:assert/strict";
import {
  bindMeetingFrontend,
  deleteBackendMeetings,
  deleteMeeting,
  findMeeting,
  listBackendMeetings,
  listFrontendMeetings,
  listMeetings,
  listMeetingsByID,
  listMeetingVersions,
  updateMeeting,
} from "../../../src/store/meetings.ts";
import { upsertReservations } from "../../../src/store/reservations.ts";
import { readStoredMeeting } from "../../../src/store/stored_meeting.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertFrontend, insertMeeting, makeMeeting } from "../../support/make.ts";

const M1 = clusterID("m1");

dbTest("updateMeeting() writes state, ids and times, and gives an unclaimed row to who claims it", async (db) => {
  const [frontend, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  const [a, b] = [await insertBackend(db), await insertBackend(db)];
  await insertMeeting(db, { backend_id: a });
  const meeting = makeMeeting({ internalMeetingID: "int-2", participantCount: 5 });
  const update = async (claimedBy?: string | null) => {
    await updateMeeting(db, { id: M1, backendID: b, meeting, claimedBy });
    return await findMeeting(db, M1);
  };
  const row = await update();
  assert.deepEqual([row?.internal_id, row?.backend_id, row?.frontend_id], ["int-2", b, null]);
  assert.deepEqual(row?.meeting, meeting);
  assert(row !== undefined && row.updated_at > row.created_at && row.synced_at > row.created_at);
  assert.equal((await update(frontend))?.frontend_id, frontend);
  assert.equal((await update(other))?.frontend_id, frontend);
  assert.equal((await update(null))?.frontend_id, frontend);
});

dbTest("bindMeetingFrontend() binds a meeting that nobody has", async (db) => {
  const [frontend, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  await insertMeeting(db);
  assert.deepEqual(
    await Promise.all([bindMeetingFrontend(db, M1, frontend), bindMeetingFrontend(db, M1, frontend)]).then((all) =>
      all.sort()
    ),
    [false, true],
  );
  assert.equal(await bindMeetingFrontend(db, M1, other), false);
  assert.equal((await findMeeting(db, M1))?.frontend_id, frontend);
});

dbTest(
  "deleteMeeting() deletes the row while it is bound to that backend, and says whose it was and how old",
  async (db) => {
    const [a, b] = [await insertBackend(db), await insertBackend(db)];
    await insertMeeting(db, { backend_id: b, frontend_id: await insertFrontend(db, { key: "fe1" }), age: 60 });
    assert.equal(await deleteMeeting(db, M1, a), undefined);
    const deleted = await deleteMeeting(db, M1, b);
    assert.deepEqual([deleted?.id, deleted?.frontend], [M1, "fe1"]);
    assert.ok(deleted !== undefined && deleted.seconds >= 60 && deleted.seconds < 90);
    assert.equal(await deleteMeeting(db, M1, b), undefined);
    assert.equal(await findMeeting(db, M1), undefined);
  },
);

dbTest("deleteBackendMeetings() releases what is bound to the backend, and says what", async (db) => {
  const [a, b] = [await insertBackend(db), await insertBackend(db)];
  for (const [id, backend_id] of [["1", a], ["2", a], ["3", b], ["4", null]] as const) {
    await insertMeeting(db, { id, backend_id });
  }
  assert.deepEqual((await deleteBackendMeetings(db, a)).map(({ id }) => id as string).sort(), ["1", "2"]);
  assert.deepEqual((await listMeetings(db)).map(({ id }) => id as string).sort(), ["3", "4"]);
});

dbTest("list functions have the rows that they name", async (db) => {
  const [frontend, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  const backend = await insertBackend(db);
  await insertMeeting(db, { id: "new", frontend_id: frontend, backend_id: backend, age: 1 });
  await insertMeeting(db, { id: "old", frontend_id: frontend, backend_id: backend, age: 9 });
  await insertMeeting(db, { id: "foreign", frontend_id: other, backend_id: backend, age: 5 });
  await insertMeeting(db, { id: "pending", internal_id: "pending:1", frontend_id: frontend });
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
  assert.deepEqual(ids(await listBackendMeetings(db, backend)), ["old", "foreign", "new"]);
  assert.deepEqual(ids(await listFrontendMeetings(db, frontend)).sort(), ["new", "old", "pending"]);
  assert.deepEqual(ids(await listMeetingsByID(db, ["new", "nobody", "foreign"])).sort(), ["foreign", "new"]);
  assert.deepEqual(await listMeetingsByID(db, []).then(ids), []);
});

dbTest("listMeetings() reads rows of 1.x without complaint", async (db) => {
  await db`insert into meetings (id, internal_id, state, updated_at) values
    ('odd', null, ${db.json({ Attendees: [null, { UserID: "u" }], Running: "yes" })}, '0001-01-01'),
    ('empty', 'i', '{}', '0001-01-01')`;
  const rows = new Map((await listMeetings(db)).map((row) => [row.id as string, row]));
  assert.equal(rows.get("odd")?.internal_id, "");
  assert.equal(rows.get("odd")?.meeting.attendees?.length, 1);
  assert.deepEqual(rows.get("empty")?.meeting, readStoredMeeting({}));
  assert.equal(rows.get("empty")?.updated_at.toISOString(), "0001-01-01T00:00:00.000Z");
});

dbTest("listMeetingVersions() changes with the row and with its reservation", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db);
  const versions: (string | undefined)[] = [];
  const look = async () => {
    const [row] = await listMeetingVersions(db);
    assert.equal(row?.version, (await findMeeting(db, M1))?.version);
    versions.push(row?.version);
  };
  await look();
  await db`update meetings set state = '{}'`;
  await look();
  await upsertReservations(db, [{ meeting_id: M1, backend_id: backend, expected: 15 }]);
  await look();
  await upsertReservations(db, [{ meeting_id: M1, backend_id: backend, expected: 16 }]);
  await look();
  assert.equal(new Set(versions).size, 4);
});
