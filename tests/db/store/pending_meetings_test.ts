import assert from "node:assert/strict";
import type { Db } from "../../../src/deps.ts";
import { findMeeting, isPending, listMeetings } from "../../../src/store/meetings.ts";
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
