// The commands that are not polls: end_all_meetings, update_meeting_state, decommission_backend, collect_garbage.
import assert from "node:assert/strict";
import type { BbbNode } from "../../../demo/bbb_node/node.ts";
import { collectGarbage } from "../../../src/controller/collect_garbage.ts";
import { decommissionBackend } from "../../../src/controller/decommission_backend.ts";
import { endAllMeetings } from "../../../src/controller/end_all_meetings.ts";
import { updateMeetingState } from "../../../src/controller/update_meeting_state.ts";
import type { Pool } from "../../../src/deps.ts";
import { findBackend } from "../../../src/store/backends.ts";
import { touchFrontendMeeting } from "../../../src/store/frontend_meetings.ts";
import { findMeeting } from "../../../src/store/meetings.ts";
import { raiseRoomPeaks } from "../../../src/store/room_peaks.ts";
import { commandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { fakeNode } from "../../support/fake_node.ts";
import { type BackendFields, clusterID, insertBackend, insertFrontend, insertMeeting } from "../../support/make.ts";

const M1 = clusterID("m1");
const register = (db: Pool, node: BbbNode, fields: BackendFields = {}) =>
  insertBackend(db, { host: node.url, secret: node.secret, ...fields });

dbTest(
  "endAllMeetings() ends each meeting of the backend with its moderators' password, and leaves the rows to the poll",
  async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const [id, other] = [await register(db, node, { dueIn: 9 }), await insertBackend(db)];
    for (const meetingID of ["m-a", "m-b"]) {
      node.addMeeting({ meetingID, moderatorPW: `mp-${meetingID}` });
      await insertMeeting(db, { id: meetingID, backend_id: id, meeting: { moderatorPW: `mp-${meetingID}` } });
    }
    await insertMeeting(db, { id: "elsewhere", backend_id: other });
    assert.equal(await endAllMeetings(deps, { BackendID: id }), true);
    const ends = node.calls.map(({ resource, params }) => [resource, params["meetingID"], params["password"]]);
    assert.deepEqual(ends, [["end", "m-a", "mp-m-a"], ["end", "m-b", "mp-m-b"]]);
    assert.equal((await db`select from meetings`).length, 3);
    assert.equal((await db`select from b3scale_backend_health where due_at <= localtimestamp`).length, 1);
  },
);

dbTest("endAllMeetings() goes on after failures and reports them all at the end", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  for (const meetingID of ["m-a", "m-b", "m-c", "m-d"]) {
    node.addMeeting({ meetingID, moderatorPW: "mp" });
    await insertMeeting(db, { id: meetingID, backend_id: id });
  }
  await insertMeeting(db, { id: "unknown on the node", backend_id: id });
  node.fail({ kind: "http500", count: 1 });
  node.fail({ kind: "garbage", count: 1 });
  node.fail({
    kind: "raw",
    count: 1,
    body: "<response><returncode>FAILED</returncode><messageKey>odd</messageKey></response>",
  });
  await assert.rejects(
    endAllMeetings(deps, { BackendID: id }),
    (error: Error) =>
      /^end meeting failed: end: HTTP status 500, end: the answer cannot be read.*, odd$/.test(error.message),
  );
  assert.equal(node.calls.length, 5);
  assert.equal(node.meetings().filter((meeting) => !meeting.hasBeenForciblyEnded).length, 3);
  assert.equal((await db`select from b3scale_backend_health where due_at <= localtimestamp`).length, 1);
});

dbTest("endAllMeetings() of a backend without meetings is done, run again as well", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  for (let count = 0; count < 2; count++) assert.equal(await endAllMeetings(deps, { backendid: id }), true);
  assert.equal(node.calls.length, 0);
  const nobody = crypto.randomUUID();
  await assert.rejects(endAllMeetings(deps, { BackendID: nobody }), { message: `no such backend: ${nobody}` });
});

dbTest("updateMeetingState() stores what the node says of one meeting", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const [frontend, id] = [await insertFrontend(db), await register(db, node)];
  await insertMeeting(db, { frontend_id: frontend, backend_id: id });
  node.addMeeting({ meetingID: M1, internalMeetingID: "int-2", attendees: [{ fullName: "A" }] });
  assert.equal(await updateMeetingState(deps, { ID: M1 }), true);
  const row = await findMeeting(db, M1);
  assert.deepEqual([row?.internal_id, row?.meeting.participantCount, row?.frontend_id], ["int-2", 1, frontend]);
  assert.deepEqual(deps.applied, [M1]);
  assert.equal(await updateMeetingState(deps, { ID: M1 }), false); // compared just now
  assert.equal(node.calls.length, 1);
});

dbTest("updateMeetingState() deletes a meeting that the node does not know", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await insertMeeting(db, { backend_id: await register(db, node) });
  assert.equal(await updateMeetingState(deps, { ID: M1 }), true);
  assert.equal(await findMeeting(db, M1), undefined);
  assert.deepEqual(deps.forgotten, [M1]);
});

const refusals: [name: string, body: string][] = [
  ["refuses for another reason", "<response><returncode>FAILED</returncode><messageKey>odd</messageKey></response>"],
  ["refuses our secret", "<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>"],
  ["answers what cannot be read", "<respo"],
];
for (const [name, body] of refusals) {
  dbTest(`updateMeetingState() keeps a meeting whose node ${name}, and fails`, async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    await insertMeeting(db, { backend_id: await register(db, node) });
    node.fail({ kind: "raw", body });
    await assert.rejects(updateMeetingState(deps, { ID: M1 }), /getMeetingInfo/);
    assert.notEqual(await findMeeting(db, M1), undefined);
  });
}

dbTest("updateMeetingState() has nothing to do for a meeting that is gone, unbound, or young", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await insertMeeting(db, { id: "unbound" });
  await insertMeeting(db, { id: "young", backend_id: await register(db, node), age: 10 });
  for (const ID of ["gone", "unbound", "young"]) assert.equal(await updateMeetingState(deps, { ID }), false);
  assert.equal(node.calls.length, 0);
});

dbTest("decommissionBackend() removes an empty backend once, and defers while a meeting runs", async (db) => {
  using deps = commandDeps(db);
  const id = await insertBackend(db, { admin_state: "decommissioned" });
  await insertMeeting(db, { backend_id: id, meeting: { running: true } });
  assert.equal(await decommissionBackend(deps, { id }), false);
  assert.notEqual(await findBackend(db, id), undefined);
  await db`update meetings set state = jsonb_set(state, '{Running}', 'false')`;
  assert.equal(await decommissionBackend(deps, { id }), true);
  assert.equal(await findBackend(db, id), undefined);
  await assert.rejects(decommissionBackend(deps, { id }), { message: `no such backend: ${id}` });
});

dbTest("decommissionBackend() leaves a backend that is wanted again", async (db) => {
  using deps = commandDeps(db);
  const id = await insertBackend(db, { admin_state: "ready" });
  assert.equal(await decommissionBackend(deps, { id }), false);
  assert.notEqual(await findBackend(db, id), undefined);
});

dbTest("collectGarbage() forgets mappings after 90 days and rooms after 180", async (db) => {
  using deps = commandDeps(db);
  const frontend_id = await insertFrontend(db);
  for (const [id, days] of [["old", 200], ["recent", 100], ["new", 0]] as const) {
    await touchFrontendMeeting(db, frontend_id, clusterID(id));
    await raiseRoomPeaks(db, [{ frontend_id, meeting_id: clusterID(id), attendees: 5 }]);
    for (const table of ["frontend_meetings", "b3scale_room_peaks"]) {
      await db`update ${db(table)} set seen_at = localtimestamp - make_interval(days => ${days}) where meeting_id = ${
        clusterID(id)
      }`;
    }
  }
  assert.equal(await collectGarbage(deps, null), true);
  const left = async (table: string) =>
    (await db`select meeting_id from ${db(table)}`).map((row) => row.meeting_id).sort();
  assert.deepEqual(await left("frontend_meetings"), [clusterID("new")]);
  assert.deepEqual(await left("b3scale_room_peaks"), [clusterID("new") as string, clusterID("recent")].sort());
  assert.equal(await collectGarbage(deps, null), true);
});

dbTest("collectGarbage() forgets imports that were done 90 days ago, and none that is not done", async (db) => {
  using deps = commandDeps(db);
  for (
    const [record_id, state, days] of [
      ["old", "done", 91],
      ["recent", "done", 89],
      ["broken", "failed", 91],
      ["waiting", "requested", null],
    ] as const
  ) {
    await db`
      insert into b3scale_recording_imports (record_id, format, digest, folder, state, created_at, finished_at)
      values (${record_id}, 'presentation', 'd', uuid_generate_v4(), ${state}, localtimestamp - interval '200 days',
        localtimestamp - make_interval(days => ${days}))`;
  }
  assert.equal(await collectGarbage(deps, null), true);
  const left = await db`select record_id from b3scale_recording_imports order by record_id`;
  assert.deepEqual(left.map(({ record_id }) => record_id), ["broken", "recent", "waiting"]);
  assert.deepEqual(deps.lines.map(({ fields }) => fields["imports"]), [1]);
});
