import assert from "node:assert/strict";
import {
  bindMeetingFrontend,
  confirmMeeting,
  deleteBackendMeetings,
  deleteMeeting,
  deletePendingMeeting,
  findMeeting,
  insertPendingMeeting,
  isPending,
  listBackendMeetings,
  listFrontendMeetings,
  listMeetings,
  listMeetingsByID,
  listMeetingVersions,
  listStalePendingMeetings,
  pendingIDOf,
  takeOverMeeting,
  updateMeeting,
} from "../../../src/store/meetings.ts";
import { upsertReservation } from "../../../src/store/reservations.ts";
import { raiseRoomPeaks } from "../../../src/store/room_peaks.ts";
import { readStoredMeeting } from "../../../src/store/stored_meeting.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertFrontend, insertMeeting, makeMeeting } from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";

const M1 = clusterID("m1");
const fresh = (frontend_id: string, pendingID = "p1") => ({
  id: M1,
  pendingID,
  frontend_id,
  meeting: makeMeeting({ internalMeetingID: "" }),
});

dbTest(
  "insertPendingMeeting() reserves the id once, without a backend and with an internal id that is not null",
  async (db) => {
    const frontend = await insertFrontend(db);
    assert.deepEqual({ ...await insertPendingMeeting(db, fresh(frontend)) }, { peak: null });
    assert.equal(await insertPendingMeeting(db, fresh(frontend, "p2")), undefined);
    const row = await findMeeting(db, M1);
    assert.deepEqual([row?.internal_id, row?.backend_id, row?.frontend_id], ["pending:p1", null, frontend]);
    assert(row !== undefined && isPending(row) && pendingIDOf(row) === "p1");
  },
);

dbTest("insertPendingMeeting() gives the id to one of 20 at once", async (db, url) => {
  const frontend = await insertFrontend(db);
  const peer = openTestPool(url);
  try {
    const inserted = await Promise.all(
      Array.from(
        { length: 20 },
        (_, index) => insertPendingMeeting(index % 2 ? db : peer, fresh(frontend, `p${index}`)),
      ),
    );
    assert.equal(inserted.filter((row) => row !== undefined).length, 1);
  } finally {
    await peer.end();
  }
});

dbTest("insertPendingMeeting() and takeOverMeeting() know the room's peak", async (db) => {
  const [frontend, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  await raiseRoomPeaks(db, [
    { frontend_id: frontend, meeting_id: M1, attendees: 42 },
    { frontend_id: other, meeting_id: M1, attendees: 99 },
  ]);
  assert.equal((await insertPendingMeeting(db, fresh(frontend)))?.peak, 42);
  const seen = { id: M1, seenInternalID: "pending:p1", seenBackendID: null, pendingID: "p2" };
  assert.equal((await takeOverMeeting(db, seen))?.peak, 42);
});

dbTest(
  "takeOverMeeting() makes exactly one of many the creator, and the row as young as a new one",
  async (db, url) => {
    const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
    await insertMeeting(db, { frontend_id: frontend, backend_id: backend, internal_id: "int-1" });
    const peer = openTestPool(url);
    try {
      const taken = await Promise.all(Array.from({ length: 16 }, (_, index) =>
        takeOverMeeting(index % 2 ? db : peer, {
          id: M1,
          seenInternalID: "int-1",
          seenBackendID: backend,
          pendingID: `p${index}`,
        })));
      assert.equal(taken.filter((row) => row !== undefined).length, 1);
      const row = await findMeeting(db, M1);
      assert.equal(row?.internal_id, `pending:p${taken.findIndex((one) => one !== undefined)}`);
      assert.deepEqual([row?.backend_id, row?.frontend_id], [null, frontend]);
      assert(row !== undefined && row.ageSeconds < 5);
    } finally {
      await peer.end();
    }
  },
);

dbTest("takeOverMeeting() does not take what changed since it was seen", async (db) => {
  const [a, b] = [await insertBackend(db), await insertBackend(db)];
  await insertMeeting(db, { backend_id: a, internal_id: "int-1" });
  const take = (seenInternalID: string, seenBackendID: string | null) =>
    takeOverMeeting(db, { id: M1, seenInternalID, seenBackendID, pendingID: "p" });
  assert.equal(await take("int-1", b), undefined);
  assert.equal(await take("int-1", null), undefined);
  assert.equal(await take("int-0", a), undefined);
  assert.notEqual(await take("int-1", a), undefined);
  await db`update meetings set internal_id = null`; // a peer's row
  assert.notEqual(await take("", null), undefined);
});

dbTest(
  "confirmMeeting() stores the node's meeting, confirms the reservation and remembers the frontend",
  async (db) => {
    const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
    await insertPendingMeeting(db, fresh(frontend));
    await upsertReservation(db, { meeting_id: M1, backend_id: backend, expected: 30 });
    const meeting = makeMeeting({ internalMeetingID: "int-1" });
    const row = await confirmMeeting(db, { id: M1, pendingID: "p1", backendID: backend, meeting });
    assert.deepEqual(row?.meeting, meeting);
    assert.deepEqual([row.internal_id, row.backend_id, row.expected, row.reserved_backend_id], [
      "int-1",
      backend,
      30,
      backend,
    ]);
    const { ageSeconds: _, ...stored } = await findMeeting(db, M1) ?? assert.fail("it is gone");
    const { ageSeconds: __, ...returned } = row;
    assert.deepEqual(returned, stored); // its version too: the view must not read it again for nothing
    assert.deepEqual(
      (await db`select confirmed_at is not null as confirmed from b3scale_reservations`)[0]?.confirmed,
      true,
    );
    assert.deepEqual((await db`select frontend_id, meeting_id from frontend_meetings`).map((one) => ({ ...one })), [
      { frontend_id: frontend, meeting_id: M1 },
    ]);
  },
);

dbTest("confirmMeeting() of a row without a reservation or frontend works as well", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db, { internal_id: "pending:p1" });
  const row = await confirmMeeting(db, { id: M1, pendingID: "p1", backendID: backend, meeting: makeMeeting() });
  assert.deepEqual([row?.backend_id, row?.expected, row?.reserved_backend_id], [backend, null, null]);
  assert.equal((await db`select from frontend_meetings`).length, 0);
});

dbTest("confirmMeeting() of a row that was lost changes nothing", async (db) => {
  const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
  const confirm = (pendingID: string) =>
    confirmMeeting(db, { id: M1, pendingID, backendID: backend, meeting: makeMeeting() });
  assert.equal(await confirm("p1"), undefined); // deleted by the sweeper
  await insertPendingMeeting(db, fresh(frontend, "p2"));
  assert.equal(await confirm("p1"), undefined); // somebody else's now
  assert.equal((await findMeeting(db, M1))?.internal_id, "pending:p2");
  assert.notEqual(await confirm("p2"), undefined);
  assert.equal(await confirm("p2"), undefined);
});

dbTest("deletePendingMeeting() deletes the creator's own pending row only", async (db) => {
  const frontend = await insertFrontend(db);
  await insertPendingMeeting(db, fresh(frontend, "p2"));
  await deletePendingMeeting(db, M1, "p1");
  assert.notEqual(await findMeeting(db, M1), undefined);
  await deletePendingMeeting(db, M1, "p2");
  assert.equal(await findMeeting(db, M1), undefined);
});

dbTest("listStalePendingMeetings() lists pending rows that nobody has worked on for so long", async (db) => {
  const backend = await insertBackend(db);
  const place = async (id: string, age: number, reservedAge?: number) => {
    await insertMeeting(db, { id, internal_id: `pending:${id}`, age });
    if (reservedAge === undefined) return;
    await upsertReservation(db, { meeting_id: id as typeof M1, backend_id: backend, expected: 15 });
    await db`update b3scale_reservations set created_at = localtimestamp - make_interval(secs => ${reservedAge}) where meeting_id = ${id}`;
  };
  await place("old", 30, 30);
  await place("unreserved", 30);
  await place("young", 10, 10);
  await place("moved just now", 30, 10);
  await insertMeeting(db, { id: "confirmed", backend_id: backend });
  await insertMeeting(db, { id: "unbound", internal_id: "int-unbound" });
  const rows = await listStalePendingMeetings(db, 20);
  assert.deepEqual(rows.map(({ id, reserved_backend_id }) => [id, reserved_backend_id]).sort(), [
    ["old", backend],
    ["unreserved", null],
  ]);
});

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

dbTest("deleteMeeting() deletes the row while it is bound to that backend", async (db) => {
  const [a, b] = [await insertBackend(db), await insertBackend(db)];
  await insertMeeting(db, { backend_id: b });
  assert.equal(await deleteMeeting(db, M1, a), false);
  assert.equal(await deleteMeeting(db, M1, b), true);
  assert.equal(await findMeeting(db, M1), undefined);
});

dbTest("deleteBackendMeetings() releases what is bound to the backend, and says what", async (db) => {
  const [a, b] = [await insertBackend(db), await insertBackend(db)];
  for (const [id, backend_id] of [["1", a], ["2", a], ["3", b], ["4", null]] as const) {
    await insertMeeting(db, { id, backend_id });
  }
  assert.deepEqual((await deleteBackendMeetings(db, a)).sort(), ["1", "2"]);
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
  await upsertReservation(db, { meeting_id: M1, backend_id: backend, expected: 15 });
  await look();
  await upsertReservation(db, { meeting_id: M1, backend_id: backend, expected: 16 });
  await look();
  assert.equal(new Set(versions).size, 4);
});
