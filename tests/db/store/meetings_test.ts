import assert from "node:assert/strict";
import type { Db } from "../../../src/deps.ts";
import {
  bindMeetingFrontend,
  deleteBackendMeetings,
  deleteMeeting,
  findMeeting,
  isPending,
  listBackendMeetings,
  listFrontendMeetings,
  listMeetings,
  listMeetingsByID,
  listMeetingVersions,
  updateMeeting,
} from "../../../src/store/meetings.ts";
import {
  confirmMeetings,
  deletePendingMeeting,
  insertPendingMeetings,
  listStalePendingMeetings,
  pendingIDOf,
  takeOverMeetings,
} from "../../../src/store/pending_meetings.ts";
import { upsertReservations } from "../../../src/store/reservations.ts";
import { raiseRoomPeaks } from "../../../src/store/room_peaks.ts";
import { readStoredMeeting } from "../../../src/store/stored_meeting.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertFrontend, insertMeeting, makeMeeting } from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";

const M1 = clusterID("m1");
const insertPendingMeeting = async (db: Db, row: Parameters<typeof insertPendingMeetings>[1][number]) =>
  (await insertPendingMeetings(db, [row])).get(row.pendingID);
const takeOverMeeting = async (db: Db, row: Parameters<typeof takeOverMeetings>[1][number]) =>
  (await takeOverMeetings(db, [row])).get(row.pendingID);
const confirmMeeting = async (db: Db, row: Parameters<typeof confirmMeetings>[1][number]) =>
  (await confirmMeetings(db, [row])).get(row.pendingID);
const fresh = (frontend_id: string, pendingID = "p1") => ({
  id: M1,
  pendingID,
  frontend_id,
  meeting: makeMeeting({ internalMeetingID: "" }),
});

dbTest(
  "insertPendingMeetings() reserves the id once, without a backend and with an internal id that is not null",
  async (db) => {
    const frontend = await insertFrontend(db);
    assert.deepEqual({ ...await insertPendingMeeting(db, fresh(frontend)) }, { peak: null });
    assert.equal(await insertPendingMeeting(db, fresh(frontend, "p2")), undefined);
    const row = await findMeeting(db, M1);
    assert.deepEqual([row?.internal_id, row?.backend_id, row?.frontend_id], ["pending:p1", null, frontend]);
    assert(row !== undefined && isPending(row) && pendingIDOf(row) === "p1");
  },
);

dbTest("insertPendingMeetings() gives the id to one of 20 at once", async (db, url) => {
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

dbTest("insertPendingMeetings() and takeOverMeetings() know the room's peak", async (db) => {
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
  "takeOverMeetings() makes exactly one of many the creator, and the row as young as a new one",
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

dbTest("takeOverMeetings() does not take what changed since it was seen", async (db) => {
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
  "confirmMeetings() stores the node's meeting, confirms the reservation and remembers the frontend",
  async (db) => {
    const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
    await insertPendingMeeting(db, fresh(frontend));
    await upsertReservations(db, [{ meeting_id: M1, backend_id: backend, expected: 30 }]);
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

dbTest("confirmMeetings() of a row without a reservation or frontend works as well", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db, { internal_id: "pending:p1" });
  const row = await confirmMeeting(db, { id: M1, pendingID: "p1", backendID: backend, meeting: makeMeeting() });
  assert.deepEqual([row?.backend_id, row?.expected, row?.reserved_backend_id], [backend, null, null]);
  assert.equal((await db`select from frontend_meetings`).length, 0);
});

dbTest("confirmMeetings() of a row that was lost changes nothing", async (db) => {
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
    await upsertReservations(db, [{ meeting_id: id as typeof M1, backend_id: backend, expected: 15 }]);
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

dbTest("insertPendingMeetings() of a list gives each id to the first that asks, and tells who got it", async (db) => {
  const frontend = await insertFrontend(db);
  await insertMeeting(db, { id: clusterID("there"), frontend_id: frontend });
  await raiseRoomPeaks(db, [{ frontend_id: frontend, meeting_id: clusterID("b"), attendees: 7 }]);
  const row = (id: string, pendingID: string) => ({ ...fresh(frontend, pendingID), id: clusterID(id) });
  const rows = [row("b", "p1"), row("there", "p2"), row("a", "p3"), row("b", "p4")];
  assert.deepEqual(
    [...await insertPendingMeetings(db, rows)].sort(),
    [["p1", { peak: 7 }], ["p3", { peak: null }]],
  );
});

dbTest("takeOverMeetings() and confirmMeetings() of lists touch the rows they name only", async (db) => {
  const [frontend, dead, next] = [await insertFrontend(db), await insertBackend(db), await insertBackend(db)];
  for (const id of ["a", "b", "c"]) {
    await insertMeeting(db, { id: clusterID(id), frontend_id: frontend, backend_id: dead, internal_id: `int-${id}` });
  }
  const lost = (id: string, pendingID: string, seen = `int-${id}`) => (
    { id: clusterID(id), seenInternalID: seen, seenBackendID: dead, pendingID }
  );
  const taken = await takeOverMeetings(db, [
    lost("a", "p1"),
    lost("b", "p2", "int-0"),
    lost("c", "p3"),
    lost("c", "p4"),
  ]);
  assert.equal(taken.size, 2);
  assert.ok(taken.has("p1") && (taken.has("p3") !== taken.has("p4")));
  const built = (id: string, pendingID: string) => (
    { id: clusterID(id), pendingID, backendID: next, meeting: makeMeeting({ internalMeetingID: `new-${id}` }) }
  );
  const confirmed = await confirmMeetings(db, [built("c", "p3"), built("c", "p4"), built("b", "p2"), built("a", "p1")]);
  assert.deepEqual([...confirmed.keys()].sort(), [...taken.keys()].sort());
  const rows = await listMeetings(db);
  assert.deepEqual(
    rows.map(({ internal_id, backend_id }) => `${internal_id} ${backend_id}`).sort(),
    [`int-b ${dead}`, `new-a ${next}`, `new-c ${next}`],
  );
});
