// Whoever deletes the row of a meeting tells the metrics of it, and nobody else does.
import assert from "node:assert/strict";
import type { BbbNode } from "../../../demo/bbb_node/node.ts";
import { decommissionBackend } from "../../../src/controller/decommission_backend.ts";
import { updateMeetingState } from "../../../src/controller/update_meeting_state.ts";
import { updateNodeState } from "../../../src/controller/update_node_state.ts";
import type { Pool } from "../../../src/deps.ts";
import { commandDeps, type TestCommandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { fakeNode } from "../../support/fake_node.ts";
import { type BackendFields, clusterID, insertBackend, insertFrontend, insertMeeting } from "../../support/make.ts";

const M1 = clusterID("m1");
const register = (db: Pool, node: BbbNode, fields: BackendFields = {}) =>
  insertBackend(db, { host: node.url, secret: node.secret, ...fields });
const frontendsOf = ({ metrics }: TestCommandDeps) => metrics.ended.map(({ frontend }) => frontend);

dbTest("updateNodeState() tells how long the meetings lasted that the node no longer has", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const [frontend_id, id] = [await insertFrontend(db), await register(db, node)];
  await insertMeeting(db, { id: M1, backend_id: id, frontend_id, age: 5400 });
  await insertMeeting(db, { id: "nobody's", backend_id: id, age: 60 });
  await updateNodeState(deps, { ID: id });
  const ended = deps.metrics.ended.toSorted((a, b) => b.seconds - a.seconds);
  assert.deepEqual(ended.map(({ frontend }) => frontend), ["fe1", null]);
  assert.deepEqual(ended.map(({ seconds }) => Math.floor(seconds / 60)), [90, 1]);
  await updateNodeState(deps, { ID: id });
  assert.equal(deps.metrics.ended.length, 2);
});

dbTest("updateNodeState() tells of the meetings that an offline node loses", async (db) => {
  using deps = commandDeps(db);
  const [frontend_id, id] = [await insertFrontend(db), await insertBackend(db, { failedPolls: 2 })];
  await insertMeeting(db, { id: M1, backend_id: id, frontend_id });
  await updateNodeState(deps, { ID: id });
  assert.deepEqual(frontendsOf(deps), ["fe1"]);
});

dbTest("updateMeetingState() tells of a meeting that its node does not know", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const [frontend_id, id] = [await insertFrontend(db), await register(db, node)];
  await insertMeeting(db, { id: M1, backend_id: id, frontend_id });
  await updateMeetingState(deps, { ID: M1 });
  assert.deepEqual(frontendsOf(deps), ["fe1"]);
});

dbTest("decommissionBackend() tells of the meetings that go with their backend", async (db) => {
  using deps = commandDeps(db);
  const [frontend_id, id] = [await insertFrontend(db), await insertBackend(db, { admin_state: "decommissioned" })];
  await insertMeeting(db, { id: M1, backend_id: id, frontend_id, meeting: { running: true } });
  assert.equal(await decommissionBackend(deps, { id }), false);
  assert.deepEqual(frontendsOf(deps), []);
  await db`update meetings set state = jsonb_set(state, '{Running}', 'false')`;
  assert.equal(await decommissionBackend(deps, { id }), true);
  assert.deepEqual(frontendsOf(deps), ["fe1"]);
});

dbTest("two processes that delete the same meetings tell of each of them once", async (db) => {
  await using node = await fakeNode();
  using one = commandDeps(db);
  using two = commandDeps(db);
  const id = await register(db, node);
  const keys = Array.from({ length: 12 }, (_, n) => `fe${n}`);
  for (const key of keys) {
    const frontend_id = await insertFrontend(db, { key });
    await insertMeeting(db, { id: clusterID("m", key), backend_id: id, frontend_id });
  }
  await Promise.all([
    ...[one, two].map((deps) => updateNodeState(deps, { ID: id })),
    ...keys.flatMap((key) => [one, two].map((deps) => updateMeetingState(deps, { ID: clusterID("m", key) }))),
  ]);
  assert.deepEqual([...frontendsOf(one), ...frontendsOf(two)].sort(), keys.toSorted());
});
