// What a node's list does to the rows: D29–D31 of the gateway contract, D-59, D-60 and D-70 of the control plane's.
import assert from "node:assert/strict";
import type { Meeting } from "../../../src/bbb/meeting.ts";
import type { Pool } from "../../../src/deps.ts";
import { findMeeting, updateMeeting } from "../../../src/store/meetings.ts";
import { deleteMissingMeetings, savePolledMeetings } from "../../../src/store/polled_meetings.ts";
import { upsertReservations } from "../../../src/store/reservations.ts";
import { dbTest } from "../../support/db_test.ts";
import {
  clusterID,
  insertBackend,
  insertFrontend,
  insertMeeting,
  makeAttendee,
  makeMeeting,
} from "../../support/make.ts";

const M1 = clusterID("m1");
const polled = (fields: Partial<Meeting> = {}): Meeting => makeMeeting({ internalMeetingID: "int-1", ...fields });

/** One poll that was asked `askedAgoMs` ago. */
const save = (
  db: Pool,
  backendID: string,
  meetings: readonly Meeting[],
  { frontend_id = null, askedAgoMs = 0, mayTakeFrom = () => false }: {
    frontend_id?: string | null;
    askedAgoMs?: number;
    mayTakeFrom?: (id: string) => boolean;
  } = {},
) =>
  db.begin((tx) =>
    savePolledMeetings(tx, {
      backendID,
      askedAgoMs,
      meetings: meetings.map((meeting) => ({ meeting, frontend_id })),
      mayTakeFrom,
    })
  ) as ReturnType<typeof savePolledMeetings>;
const deleteMissing = (db: Pool, backendID: string, internalIDs: string[], askedAgoMs = 0) =>
  db.begin(async (tx) => {
    const deleted = await deleteMissingMeetings(tx, { backendID, askedAgoMs, internalIDs });
    return deleted.map(({ id }) => id);
  });
/** Changes a row at a moment that lies so long back. */
const touchedAgo = (db: Pool, column: "created_at" | "updated_at" | "synced_at", seconds: number) =>
  db`update meetings set ${db(column)} = localtimestamp - make_interval(secs => ${seconds}::float8)`;

dbTest("savePolledMeetings() gives a meeting without a row to the frontend that its id names (D31)", async (db) => {
  const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
  const { saved, elsewhere } = await save(db, backend, [polled()], { frontend_id: frontend });
  assert.deepEqual([saved, elsewhere], [[M1], []]);
  const row = await findMeeting(db, M1);
  assert.deepEqual([row?.internal_id, row?.backend_id, row?.frontend_id], ["int-1", backend, frontend]);
  assert.deepEqual(row?.meeting, polled());
  await save(db, backend, [polled({ meetingID: "plain", internalMeetingID: "int-2" })]);
  assert.equal((await findMeeting(db, "plain"))?.frontend_id, null);
});

dbTest(
  "savePolledMeetings() gives a row that a 1.x poll left unclaimed to the frontend that its id names",
  async (db) => {
    const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
    await insertMeeting(db, { backend_id: backend });
    await save(db, backend, [polled()], { frontend_id: frontend });
    assert.equal((await findMeeting(db, M1))?.frontend_id, frontend);
  },
);

dbTest("savePolledMeetings() leaves a meeting its frontend, whatever its id says", async (db) => {
  const [frontend, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  const backend = await insertBackend(db);
  await insertMeeting(db, { backend_id: backend, frontend_id: frontend });
  await save(db, backend, [polled()], { frontend_id: other });
  assert.equal((await findMeeting(db, M1))?.frontend_id, frontend);
});

dbTest("savePolledMeetings() does not bring back a meeting that has ended", async (db) => {
  const backend = await insertBackend(db);
  const { saved } = await save(db, backend, [polled({ hasBeenForciblyEnded: true })]);
  assert.deepEqual(saved, []);
  assert.equal(await findMeeting(db, M1), undefined);
});

dbTest("savePolledMeetings() writes state, internal id, backend and times of a known row (D30, D-59)", async (db) => {
  const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
  await insertMeeting(db, { frontend_id: frontend, backend_id: backend, internal_id: "old-1" });
  const meeting = polled({ internalMeetingID: "new-1", participantCount: 3 });
  await save(db, backend, [meeting]);
  const row = await findMeeting(db, M1);
  assert.deepEqual([row?.internal_id, row?.frontend_id, row?.meeting], ["new-1", frontend, meeting]);
  assert(
    row !== undefined && Math.abs(row.updated_at.getTime() - Date.now()) < 60_000 && row.synced_at > row.created_at,
  );
  assert.deepEqual(await deleteMissing(db, backend, ["new-1"]), []);
});

dbTest("savePolledMeetings() keeps the internal user ids that a list does not have (D-70)", async (db) => {
  const backend = await insertBackend(db);
  const attendees = [
    makeAttendee({ userID: "u1", internalUserID: "w_1" }),
    makeAttendee({ userID: "u2", internalUserID: "w_2" }),
  ];
  await insertMeeting(db, { backend_id: backend, internal_id: "int-1", meeting: { attendees } });
  await save(db, backend, [polled({ attendees: ["u2", "u3"].map((userID) => makeAttendee({ userID })) })]);
  const people = (await findMeeting(db, M1))?.meeting.attendees?.map((
    { userID, internalUserID },
  ) => [userID, internalUserID]);
  assert.deepEqual(people, [["u2", "w_2"], ["u3", ""]]);
});

dbTest(
  "savePolledMeetings() keeps people and counts that an event changed after the node was asked, and takes the rest",
  async (db) => {
    const backend = await insertBackend(db);
    const event = { attendees: [makeAttendee({ userID: "u9" })], participantCount: 1, running: true };
    await insertMeeting(db, { backend_id: backend, internal_id: "int-1", meeting: event });
    await touchedAgo(db, "updated_at", 1);
    const list = polled({ attendees: [], participantCount: 0, running: false, maxUsers: 7 });
    await save(db, backend, [list], { askedAgoMs: 2000 });
    const merged = (await findMeeting(db, M1))?.meeting;
    assert.deepEqual([merged?.attendees, merged?.participantCount, merged?.running, merged?.maxUsers], [
      event.attendees,
      1,
      true,
      7,
    ]);
    await touchedAgo(db, "updated_at", 3);
    await save(db, backend, [list], { askedAgoMs: 2000 });
    assert.deepEqual((await findMeeting(db, M1))?.meeting.attendees, []);
  },
);

dbTest("savePolledMeetings() keeps a session that was built after the node was asked", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db, { backend_id: backend, internal_id: "int-2" });
  await touchedAgo(db, "updated_at", 1);
  await save(db, backend, [polled({ internalMeetingID: "int-1" })], { askedAgoMs: 2000 });
  const row = await findMeeting(db, M1);
  assert.deepEqual([row?.internal_id, row?.meeting.internalMeetingID], ["int-2", "int-2"]);
  assert.deepEqual(await deleteMissing(db, backend, ["int-1"], 2000), []);
});

dbTest("savePolledMeetings() skips a pending row: its creator or the sweeper knows", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db, { internal_id: "pending:p1" });
  const { saved, elsewhere } = await save(db, backend, [polled()]);
  assert.deepEqual([saved, elsewhere], [[], []]);
  assert.equal((await findMeeting(db, M1))?.internal_id, "pending:p1");
});

dbTest("savePolledMeetings() takes a row without a backend", async (db) => {
  const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
  await insertMeeting(db, { frontend_id: frontend });
  await save(db, backend, [polled()]);
  const row = await findMeeting(db, M1);
  assert.deepEqual([row?.backend_id, row?.frontend_id], [backend, frontend]);
});

dbTest("savePolledMeetings() takes a row from a backend that is gone, and reports one that another has", async (db) => {
  const [here, there] = [await insertBackend(db), await insertBackend(db)];
  await insertMeeting(db, { backend_id: there, internal_id: "int-1" });
  await upsertReservations(db, [{ meeting_id: M1, backend_id: there, expected: 15 }]);
  const stays = await save(db, here, [polled()]);
  assert.deepEqual(stays, { saved: [], elsewhere: [{ id: M1, backend_id: there, reserved: there }] });
  assert.equal((await findMeeting(db, M1))?.backend_id, there);
  const moves = await save(db, here, [polled()], { mayTakeFrom: (id) => id === there });
  assert.deepEqual(moves, { saved: [M1], elsewhere: [] });
  assert.equal((await findMeeting(db, M1))?.backend_id, here);
});

dbTest("savePolledMeetings() takes a list that names a meeting twice", async (db) => {
  const backend = await insertBackend(db);
  const { saved } = await save(db, backend, [polled(), polled({ meetingName: "again" })]);
  assert.deepEqual(saved, [M1]);
});

dbTest("savePolledMeetings() stores names that a jsonb value cannot hold without them", async (db) => {
  const backend = await insertBackend(db);
  await save(db, backend, [polled({ meetingName: "a\0b\ud800", metadata: { x: "\0" } })]);
  assert.equal((await findMeeting(db, M1))?.meeting.meetingName, "ab\ufffd");
});

dbTest("savePolledMeetings() and an agent's event do not overwrite one another", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db, { backend_id: backend, internal_id: "int-1" });
  const meeting = polled({ attendees: [makeAttendee({ userID: "joined" })], participantCount: 1 });
  let saving: Promise<unknown> | undefined;
  await db.begin(async (tx) => { // the event holds the row when the poll comes
    await tx`select from meetings where id = ${M1} for update`;
    saving = save(db, backend, [polled({ attendees: [] })], { askedAgoMs: 50 });
    await updateMeeting(tx, { id: M1, backendID: backend, meeting });
  });
  await saving;
  assert.deepEqual((await findMeeting(db, M1))?.meeting.attendees, meeting.attendees);
});

dbTest("deleteMissingMeetings() deletes what the list does not name, on this backend only", async (db) => {
  const [here, there] = [await insertBackend(db), await insertBackend(db)];
  for (const [id, backend_id] of [["named", here], ["missing", here], ["other", there], ["unbound", null]] as const) {
    await insertMeeting(db, { id, backend_id });
  }
  await insertMeeting(db, { id: "pending", internal_id: "pending:1" });
  await insertMeeting(db, { id: "null", backend_id: here });
  await db`update meetings set internal_id = null where id = 'null'`;
  assert.deepEqual((await deleteMissing(db, here, ["int-named"])).sort(), ["missing", "null"]);
});

dbTest("deleteMissingMeetings() of an empty list deletes all of the backend", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db, { backend_id: backend });
  assert.deepEqual(await deleteMissing(db, backend, []), [M1]);
});

for (const column of ["created_at", "synced_at"] as const) {
  dbTest(`deleteMissingMeetings() keeps a row whose ${column} is younger than the question (D29, D-60)`, async (db) => {
    const backend = await insertBackend(db);
    await insertMeeting(db, { backend_id: backend });
    await touchedAgo(db, column, 1);
    assert.deepEqual(await deleteMissing(db, backend, [], 2000), []);
    assert.deepEqual(await deleteMissing(db, backend, [], 500), [M1]);
  });
}

dbTest("deleteMissingMeetings() keeps that row although saving the others took long", async (db) => {
  const backend = await insertBackend(db);
  await insertMeeting(db, { backend_id: backend });
  await touchedAgo(db, "created_at", 0);
  const deleted = await db.begin(async (tx) => {
    await tx`select pg_sleep(0.3)`; // a list of hundreds of changed meetings
    return await deleteMissingMeetings(tx, { backendID: backend, askedAgoMs: 100, internalIDs: [] });
  });
  assert.equal(deleted.length, 0);
});
