import assert from "node:assert/strict";
import type { BbbNode } from "../../../demo/bbb_node/node.ts";
import { resolvePendingMeetings } from "../../../src/controller/resolve_pending_meetings.ts";
import type { Pool } from "../../../src/deps.ts";
import { findMeeting } from "../../../src/store/meetings.ts";
import { upsertReservations } from "../../../src/store/reservations.ts";
import { commandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { fakeNode, fakeNodes } from "../../support/fake_node.ts";
import { type BackendFields, clusterID, insertBackend, insertFrontend, insertMeeting } from "../../support/make.ts";

const M1 = clusterID("m1");
const register = (db: Pool, node: BbbNode, fields: BackendFields = {}) =>
  insertBackend(db, { host: node.url, secret: node.secret, ...fields });

/** What a creator leaves that died after its reservation. */
async function leavePending(
  db: Pool,
  backend: string,
  { id = M1, frontend_id = null, age = 60 }: { id?: typeof M1; frontend_id?: string | null; age?: number } = {},
) {
  await insertMeeting(db, { id, internal_id: `pending:${id}`, frontend_id, age });
  await upsertReservations(db, [{ meeting_id: id, backend_id: backend, expected: 15 }]);
  await db`update b3scale_reservations set created_at = localtimestamp - make_interval(secs => ${age}) where meeting_id = ${id}`;
}

dbTest("resolvePendingMeetings() adopts a meeting that its node has built", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const [frontend, backend] = [await insertFrontend(db), await register(db, node)];
  await leavePending(db, backend, { frontend_id: frontend });
  node.addMeeting({ meetingID: M1, internalMeetingID: "int-1" });
  await resolvePendingMeetings(deps);
  const row = await findMeeting(db, M1);
  assert.deepEqual([row?.internal_id, row?.backend_id, row?.frontend_id, row?.meeting.internalMeetingID], [
    "int-1",
    backend,
    frontend,
    "int-1",
  ]);
  assert.deepEqual(deps.applied, [M1]);
  assert.equal((await db`select from frontend_meetings`).length, 1);
  assert.equal((await db`select from b3scale_reservations where confirmed_at is not null`).length, 1);
  await resolvePendingMeetings(deps);
  assert.equal(node.calls.length, 1);
});

dbTest("resolvePendingMeetings() forgets a meeting that its node does not know", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await leavePending(db, await register(db, node));
  await resolvePendingMeetings(deps);
  assert.equal(await findMeeting(db, M1), undefined);
  assert.deepEqual(deps.forgotten, [M1]);
});

dbTest(
  "resolvePendingMeetings() waits while the node does not answer, and forgets once it is offline or deleted",
  async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const backend = await register(db, node);
    await leavePending(db, backend);
    node.fail({ kind: "refuse" });
    await resolvePendingMeetings(deps);
    assert.notEqual(await findMeeting(db, M1), undefined);
    await db`insert into b3scale_backend_health (backend_id, failed_polls, failed_at) values (${backend}, 3, localtimestamp)`;
    await resolvePendingMeetings(deps);
    assert.equal(await findMeeting(db, M1), undefined);
    await insertMeeting(db, { internal_id: "pending:1" }); // its backend was deleted, and the reservation with it
    await resolvePendingMeetings(deps);
    assert.equal(await findMeeting(db, M1), undefined);
  },
);

for (const kind of ["http500", "garbage", "wrong_checksum"] as const) {
  dbTest(`resolvePendingMeetings() waits while the node answers with ${kind}`, async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    await leavePending(db, await register(db, node));
    node.fail({ kind });
    await resolvePendingMeetings(deps);
    assert.notEqual(await findMeeting(db, M1), undefined);
  });
}

dbTest("resolvePendingMeetings() leaves a creator the time that is set", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db, { B3SCALE_PENDING_MEETING_SECONDS: "30" });
  await leavePending(db, await register(db, node), { age: 25 });
  await resolvePendingMeetings(deps);
  assert.equal(node.calls.length, 0);
  await db`update meetings set created_at = created_at - interval '10 s', updated_at = updated_at - interval '10 s'`;
  await db`update b3scale_reservations set created_at = created_at - interval '10 s'`;
  await resolvePendingMeetings(deps);
  assert.equal(node.calls.length, 1);
});

dbTest("resolvePendingMeetings() resolves the others while one node hangs", async (db) => {
  await using nodes = await fakeNodes(2);
  using deps = commandDeps(db);
  const [hanging, good] = [await register(db, nodes.at(0)), await register(db, nodes.at(1))];
  for (let count = 0; count < 3; count++) await leavePending(db, hanging, { id: clusterID(`h${count}`), age: 100 });
  await leavePending(db, good);
  nodes.at(1).addMeeting({ meetingID: M1 });
  nodes.at(0).fail({ kind: "hang" });
  const resolving = resolvePendingMeetings(deps);
  await nodes.at(0).waitForCalls(3);
  await nodes.at(1).waitForCalls(1);
  await deps.clock.advance(5000);
  await resolving;
  assert.equal((await findMeeting(db, M1))?.backend_id, good);
  assert.equal((await db`select from meetings where internal_id like 'pending:%'`).length, 3);
});
