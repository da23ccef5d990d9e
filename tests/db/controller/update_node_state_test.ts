import assert from "node:assert/strict";
import type { BbbNode } from "../../../demo/bbb_node/node.ts";
import { healthOf } from "../../../src/cluster/health.ts";
import { updateNodeState } from "../../../src/controller/update_node_state.ts";
import type { Pool } from "../../../src/deps.ts";
import { findBackend } from "../../../src/store/backends.ts";
import { findMeeting, listMeetings } from "../../../src/store/meetings.ts";
import { upsertReservations } from "../../../src/store/reservations.ts";
import { commandDeps, type TestCommandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { fakeNode, fakeNodes } from "../../support/fake_node.ts";
import {
  type BackendFields,
  clusterID,
  insertBackend,
  insertFrontend,
  insertMeeting,
  makeAttendee,
} from "../../support/make.ts";

const M1 = clusterID("m1");

const register = (db: Pool, node: BbbNode, fields: BackendFields = {}) =>
  insertBackend(db, { host: node.url, secret: node.secret, ...fields });
const poll = (deps: TestCommandDeps, id: string) => updateNodeState(deps, { ID: id });
/** Rows that are younger than the question are never deleted. */
const ageMeetings = (db: Pool) =>
  db`update meetings set created_at = created_at - interval '1 minute', synced_at = synced_at - interval '1 minute'`;
async function backendOf(db: Pool, id: string) {
  const backend = await findBackend(db, id);
  assert(backend !== undefined);
  return backend;
}
const healthAfter = async (db: Pool, id: string) => healthOf(await backendOf(db, id));
const idsIn = async (db: Pool) => (await listMeetings(db)).map(({ id }) => id as string).sort();
const dueIn = async (db: Pool, id: string) =>
  Number(
    (await db`select extract(epoch from due_at - localtimestamp)::float8 as due from b3scale_backend_health where backend_id = ${id}`)[
      0
    ]?.due,
  );

dbTest("updateNodeState() makes a new node available and takes its meetings", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const frontend = await insertFrontend(db);
  const id = await register(db, node, { node_state: "init" });
  node.addMeeting({ meetingID: M1, attendees: [{ fullName: "A" }, { fullName: "B" }] });
  node.addMeeting({ meetingID: "plain" });
  assert.equal(await poll(deps, id), true);
  assert.equal(await healthAfter(db, id), "available");
  assert.deepEqual(await idsIn(db), [M1, "plain"].sort());
  const row = await findMeeting(db, M1);
  assert.deepEqual([row?.frontend_id, row?.backend_id, row?.meeting.attendees?.length], [frontend, id, 2]);
  assert.equal((await findMeeting(db, "plain"))?.frontend_id, null);
  assert.deepEqual((await db`select meeting_id from frontend_meetings`).map((one) => one.meeting_id), [M1]);
  assert.deepEqual((await db`select meeting_id, peak from b3scale_room_peaks`).map((one) => ({ ...one })), [{
    meeting_id: M1,
    peak: 2,
  }]);
  assert.deepEqual([...deps.applied].sort(), [M1, "plain"].sort());
});

dbTest(
  "updateNodeState() asks again in 10 s without an agent and in 20 s with one, give or take a tenth",
  async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const id = await register(db, node);
    const never = 26 * 365 * 86400;
    for (const [heartbeatAge, seconds] of [[never, 10], [1, 20], [60, 10]] as const) {
      await db`update backends set agent_heartbeat = localtimestamp - make_interval(secs => ${heartbeatAge})`;
      for (const [random, factor] of [[0, 0.9], [0.5, 1], [0.999, 1.1]] as const) {
        await updateNodeState({ ...deps, random: () => random }, { ID: id });
        const due = await dueIn(db, id);
        assert(Math.abs(due - seconds * factor) < 0.5, `due in ${due} s with a heartbeat ${heartbeatAge} s ago`);
      }
    }
  },
);

dbTest("updateNodeState() deletes rows that the node does not list", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  node.addMeeting({ meetingID: "stays" });
  node.addMeeting({ meetingID: "ends" });
  await poll(deps, id);
  await ageMeetings(db);
  node.endMeeting("ends");
  await poll(deps, id);
  assert.deepEqual(await idsIn(db), ["stays"]);
  assert.deepEqual(deps.forgotten, ["ends"]);
});

dbTest("updateNodeState() reads what tenants put into names and metas", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  const metadata = { meeting: "</meeting>", a: "1" };
  node.addMeeting({ meetingID: M1, name: `<&"'> ünï`, moderatorPW: "mp&", maxUsers: 12345, metadata });
  node.addMeeting({ meetingID: "other" });
  await poll(deps, id);
  const meeting = (await findMeeting(db, M1))?.meeting;
  assert.deepEqual([meeting?.meetingName, meeting?.moderatorPW, meeting?.maxUsers], [`<&"'> ünï`, "mp&", 12345]);
  assert.deepEqual(meeting?.metadata, metadata);
  assert.deepEqual(await idsIn(db), [M1, "other"].sort());
});

dbTest(
  "updateNodeState() releases the meetings at the third failure in a row, and takes them back when the node returns",
  async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const frontend = await insertFrontend(db);
    const id = await register(db, node);
    node.addMeeting({ meetingID: M1 });
    await poll(deps, id);
    node.fail({ kind: "refuse" });
    const seen = [];
    for (let count = 0; count < 4; count++) {
      assert.equal(await poll(deps, id), true); // a node that fails is no command that failed
      seen.push([await healthAfter(db, id), (await idsIn(db)).length, Math.round(await dueIn(db, id))]);
    }
    assert.deepEqual(seen, [["unstable", 1, 2], ["unstable", 1, 2], ["offline", 0, 10], ["offline", 0, 10]]);
    assert.deepEqual(deps.forgotten, [M1]);
    const warnings = deps.lines.filter(({ message }) => message === "poll of a node failed");
    assert.deepEqual(warnings.map(({ fields }) => [fields.failed_polls, fields.released]), [[1, 0], [2, 0], [3, 1]]);
    await node.heal();
    await poll(deps, id);
    assert.equal(await healthAfter(db, id), "available");
    const row = await findMeeting(db, M1);
    assert.deepEqual([row?.backend_id, row?.frontend_id], [id, frontend]);
  },
);

for (const kind of ["http500", "close"] as const) {
  dbTest(`updateNodeState() counts a node that answers with ${kind} as failed`, async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const id = await register(db, node);
    await poll(deps, id);
    node.fail({ kind });
    await poll(deps, id);
    const backend = await backendOf(db, id);
    assert.deepEqual([healthOf(backend), backend.failed_polls, backend.node_state], ["unstable", 1, "error"]);
    assert.match(backend.last_error ?? "", /^getMeetings: /);
    assert(!backend.last_error?.includes("checksum") && !backend.last_error?.includes("http"));
  });
}

dbTest("updateNodeState() waits 5 s for a node that hangs, and 1 s once it is offline", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node, { failedPolls: 2, failedAge: 2, node_state: "error" });
  node.fail({ kind: "hang" });
  for (const [count, waitMs] of [[1, 5000], [2, 1000]] as const) {
    let ended = false;
    const polling = poll(deps, id).finally(() => ended = true);
    await node.waitForCalls(count);
    await deps.clock.advance(waitMs - 1);
    assert.equal(ended, false);
    await deps.clock.advance(1);
    await polling;
    assert.equal(await healthAfter(db, id), "offline");
  }
});

dbTest(
  "updateNodeState() keeps the meetings of a node that refuses our secret, and gives it no new ones",
  async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const id = await register(db, node);
    node.addMeeting({ meetingID: M1 });
    await poll(deps, id);
    node.fail({ kind: "wrong_checksum" });
    for (let count = 0; count < 5; count++) await poll(deps, id);
    const backend = await backendOf(db, id);
    assert.deepEqual([healthOf(backend), backend.node_state], ["unstable", "error"]);
    assert.match(backend.last_error ?? "", /^checksumError: /);
    assert.deepEqual(await idsIn(db), [M1]);
    await node.heal();
    await poll(deps, id);
    assert.equal(await healthAfter(db, id), "available");
  },
);

for (const kind of ["garbage", "empty"] as const) {
  dbTest(`updateNodeState() keeps health and meetings of a node whose answer is ${kind}`, async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const id = await register(db, node);
    node.addMeeting({ meetingID: M1 });
    await poll(deps, id);
    await ageMeetings(db);
    node.fail({ kind });
    for (let count = 0; count < 4; count++) await poll(deps, id);
    assert.equal(await healthAfter(db, id), "available");
    assert.deepEqual(await idsIn(db), [M1]);
    assert.equal(deps.lines.filter(({ message }) => message === "a node's list of meetings cannot be read").length, 4);
    assert(Math.abs(await dueIn(db, id) - 10) < 2);
  });
}

dbTest("updateNodeState() takes what it can read of a list with one odd meeting, and deletes nothing", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  for (const meetingID of ["a", "odd", "ended"]) node.addMeeting({ meetingID });
  await poll(deps, id);
  await ageMeetings(db);
  node.endMeeting("ended");
  node.addMeeting({ meetingID: "new" });
  const odd = node.meetings().find(({ meetingID }) => meetingID === "odd");
  assert(odd !== undefined);
  odd.metadata = { "1 is no name": "x" };
  await poll(deps, id);
  assert.deepEqual(await idsIn(db), ["a", "ended", "new", "odd"]);
  assert.equal(await healthAfter(db, id), "available");
  assert.deepEqual(deps.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields.count), [1]);
  odd.metadata = {};
  await poll(deps, id);
  assert.deepEqual(await idsIn(db), ["a", "new", "odd"]);
});

dbTest("updateNodeState() is not kept from its work by ids that no row can hold", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  await insertMeeting(db, { id: "ended", backend_id: id });
  for (const meetingID of ["x".repeat(256), "a\0b", "good"]) node.addMeeting({ meetingID });
  node.addMeeting({ meetingID: "nul", name: "a\0b" });
  await poll(deps, id);
  assert.deepEqual(await idsIn(db), ["good", "nul"]);
});

dbTest(
  "updateNodeState() does not delete a meeting that was created while the list was under way (D29)",
  async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const id = await register(db, node);
    await insertMeeting(db, { id: "ended", backend_id: id });
    node.fail({
      kind: "raw",
      takesEffect: false,
      delayMs: 300,
      body: "<response><returncode>SUCCESS</returncode><meetings></meetings></response>",
    });
    const polling = poll(deps, id);
    await node.waitForCalls(1);
    await insertMeeting(db, { id: "created", backend_id: id, age: 0 });
    await deps.clock.advance(1000);
    await polling;
    assert.deepEqual(await idsIn(db), ["created"]);
  },
);

dbTest(
  "updateNodeState() keeps the internal user ids that agents reported (D-70)",
  async (db) => {
    await using node = await fakeNode();
    using deps = commandDeps(db);
    const id = await register(db, node);
    node.addMeeting({ meetingID: M1, internalMeetingID: "int-1", attendees: [{ fullName: "A", userID: "u1" }] });
    const attendees = [makeAttendee({ userID: "u1", internalUserID: "w_1" })];
    await insertMeeting(db, { backend_id: id, internal_id: "int-1", meeting: { attendees } });
    await poll(deps, id);
    assert.deepEqual((await findMeeting(db, M1))?.meeting.attendees?.map((one) => one.internalUserID), ["w_1"]);
  },
);

dbTest(
  "updateNodeState() ends the copy of a meeting that lives on a healthy node, with the password of that copy",
  async (db) => {
    await using nodes = await fakeNodes(2);
    using deps = commandDeps(db);
    const [returned, healthy] = [await register(db, nodes.at(0)), await register(db, nodes.at(1))];
    nodes.at(0).addMeeting({ meetingID: M1, moderatorPW: "old" });
    nodes.at(1).addMeeting({ meetingID: M1, moderatorPW: "new" });
    await poll(deps, healthy);
    await poll(deps, returned);
    const ends = nodes.at(0).calls.filter(({ resource }) => resource === "end");
    assert.deepEqual(ends.map(({ params }) => [params["meetingID"], params["password"]]), [[M1, "old"]]);
    assert.deepEqual(nodes.at(0).meetings().filter((meeting) => !meeting.hasBeenForciblyEnded), []);
    assert.equal((await findMeeting(db, M1))?.backend_id, healthy);
    assert.equal(nodes.at(1).meetings().length, 1);
  },
);

const spared: [name: string, owner: BackendFields, reservedHere: boolean][] = [
  ["whose own node is unstable", { failedPolls: 1, failedAge: 0.1, goodAge: 9, syncedAge: 9 }, false],
  ["that is being built here", {}, true],
];
for (const [name, owner, reservedHere] of spared) {
  dbTest(`updateNodeState() does not end a copy ${name}`, async (db) => {
    await using nodes = await fakeNodes(2);
    using deps = commandDeps(db);
    const [here, there] = [await register(db, nodes.at(0)), await register(db, nodes.at(1), owner)];
    await insertMeeting(db, { backend_id: there });
    await upsertReservations(db, [{ meeting_id: M1, backend_id: reservedHere ? here : there, expected: 15 }]);
    nodes.at(0).addMeeting({ meetingID: M1 });
    await poll(deps, here);
    assert.deepEqual(nodes.at(0).calls.map(({ resource }) => resource), ["getMeetings"]);
    assert.equal((await findMeeting(db, M1))?.backend_id, there);
  });
}

dbTest("updateNodeState() takes over a meeting whose row is on a node that is offline or deleted", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const frontend = await insertFrontend(db);
  const here = await register(db, node);
  const offline = await insertBackend(db, { failedPolls: 3, failedAge: 1, node_state: "error" });
  await insertMeeting(db, { id: "a", frontend_id: frontend, backend_id: offline });
  await insertMeeting(db, { id: "b", frontend_id: frontend, backend_id: null });
  node.addMeeting({ meetingID: "a" });
  node.addMeeting({ meetingID: "b" });
  await poll(deps, here);
  assert.deepEqual((await listMeetings(db)).map((row) => [row.backend_id, row.frontend_id]), [[here, frontend], [
    here,
    frontend,
  ]]);
});

dbTest("updateNodeState() goes on when a copy cannot be ended, and tries again at the next poll", async (db) => {
  await using nodes = await fakeNodes(2);
  using deps = commandDeps(db);
  const [returned, healthy] = [await register(db, nodes.at(0)), await register(db, nodes.at(1))];
  for (const node of nodes) node.addMeeting({ meetingID: M1 });
  await poll(deps, healthy);
  nodes.at(0).fail({ kind: "close", resource: "end" });
  await poll(deps, returned);
  assert.equal(nodes.at(0).meetings().length, 1);
  assert.equal(await healthAfter(db, returned), "available");
  await nodes.at(0).heal();
  await poll(deps, returned);
  assert.equal(nodes.at(0).meetings().filter((meeting) => !meeting.hasBeenForciblyEnded).length, 0);
});

dbTest("updateNodeState() run again changes nothing", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  node.addMeeting({ meetingID: M1 });
  await poll(deps, id);
  const before = await findMeeting(db, M1);
  await Promise.all([poll(deps, id), poll(deps, id)]);
  const after = await findMeeting(db, M1);
  assert.deepEqual([after?.meeting, after?.internal_id, after?.backend_id], [
    before?.meeting,
    before?.internal_id,
    before?.backend_id,
  ]);
});

dbTest("updateNodeState() fails for a backend that is unknown, and for parameters without one", async (db) => {
  using deps = commandDeps(db);
  const id = crypto.randomUUID();
  await assert.rejects(poll(deps, id), { message: `backend not found: ${id}` });
  await assert.rejects(updateNodeState(deps, null), { message: 'parameter "ID" is missing' });
});
