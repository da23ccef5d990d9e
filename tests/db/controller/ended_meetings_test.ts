import assert from "node:assert/strict";
import { updateNodeState } from "../../../src/controller/update_node_state.ts";
import { deleteStaleEndedMeetings, endMeeting, listEndedMeetings } from "../../../src/store/ended_meetings.ts";
import { findMeeting, listMeetings } from "../../../src/store/meetings.ts";
import { commandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { fakeNode } from "../../support/fake_node.ts";
import { clusterID, insertBackend, insertMeeting } from "../../support/make.ts";

const M1 = clusterID("m1");

dbTest("updateNodeState() ends on the node what its frontend ended while the node was away", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await insertBackend(db, { host: node.url, secret: node.secret });
  const { internalMeetingID } = node.addMeeting({ meetingID: M1, attendees: [{ fullName: "A" }] });
  await insertMeeting(db, { id: M1, internal_id: internalMeetingID, backend_id: id });
  await endMeeting(db, M1, id);
  assert.equal(await updateNodeState(deps, { ID: id }), true);
  assert.deepEqual(node.meetings(), []);
  assert.deepEqual(await listMeetings(db), []);
  node.addMeeting({ meetingID: M1 }); // the next session of the same room is another one
  await updateNodeState(deps, { ID: id });
  assert.equal((await findMeeting(db, M1))?.backend_id, id);
});

dbTest("endMeeting() leaves a meeting that was built elsewhere meanwhile", async (db) => {
  const [here, there] = [await insertBackend(db), await insertBackend(db)];
  await insertMeeting(db, { id: M1, internal_id: "i1", backend_id: there });
  await endMeeting(db, M1, here);
  assert.equal((await findMeeting(db, M1))?.backend_id, there);
  assert.deepEqual(await listEndedMeetings(db, ["i1"]), new Set());
});

dbTest("deleteStaleEndedMeetings() forgets what ended long ago", async (db) => {
  const backend = await insertBackend(db);
  for (const name of ["old", "new"]) {
    await insertMeeting(db, { id: clusterID(name), internal_id: name, backend_id: backend });
    await endMeeting(db, clusterID(name), backend);
  }
  await db`update b3scale_ended_meetings set ended_at = ended_at - interval '8 days' where internal_id = 'old'`;
  assert.equal(await deleteStaleEndedMeetings(db, 7), 1);
  assert.deepEqual(await listEndedMeetings(db, ["old", "new"]), new Set(["new"]));
});
