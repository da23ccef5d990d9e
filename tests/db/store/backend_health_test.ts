import assert from "node:assert/strict";
import { healthOf, isEligible } from "../../../src/cluster/health.ts";
import type { Pool } from "../../../src/deps.ts";
import {
  NODES_ARE_DUE,
  postponePoll,
  recordFailedCall,
  recordFailedPoll,
  recordGoodPoll,
  recordRefusedPoll,
  requestPoll,
} from "../../../src/store/backend_health.ts";
import { findBackend } from "../../../src/store/backends.ts";
import { dbTest } from "../../support/db_test.ts";
import { insertBackend } from "../../support/make.ts";

async function backendOf(db: Pool, id: string) {
  const backend = await findBackend(db, id);
  assert(backend !== undefined);
  return backend;
}
const good = (db: Pool, backendID: string) => recordGoodPoll(db, { backendID, latencyMs: 12.3456, nextPollMs: 10_000 });
const failed = (db: Pool, backendID: string, reason = "getMeetings: no answer in time") =>
  recordFailedPoll(db, { backendID, reason, nextPollMs: (count) => count < 3 ? 2000 : 10_000 });
/** Seconds until the node is due; null = not said. */
const dueIn = async (db: Pool, id: string): Promise<number | null> =>
  (await db`select round(extract(epoch from due_at - localtimestamp))::int as due from b3scale_backend_health
    where backend_id = ${id}`)[0]?.due ?? null;

dbTest(
  "recordFailedPoll() makes a node unstable twice and then offline; one good poll makes it available",
  async (db) => {
    const id = await insertBackend(db);
    await good(db, id);
    const seen = [];
    for (let count = 1; count <= 4; count++) {
      assert.equal(await failed(db, id), count);
      seen.push([healthOf(await backendOf(db, id)), await dueIn(db, id)]);
    }
    assert.deepEqual(seen, [["unstable", 2], ["unstable", 2], ["offline", 10], ["offline", 10]]);
    const backend = await backendOf(db, id);
    assert.deepEqual([backend.node_state, backend.last_error, backend.failed_polls], [
      "error",
      "getMeetings: no answer in time",
      4,
    ]);
    await good(db, id);
    const back = await backendOf(db, id);
    assert.deepEqual([back.node_state, back.last_error, back.failed_polls], ["ready", null, 0]);
    assert(isEligible(back));
  },
);

dbTest("recordFailedPoll() counts failures in a row only", async (db) => {
  const id = await insertBackend(db);
  await failed(db, id);
  await failed(db, id);
  await good(db, id);
  assert.equal(await failed(db, id), 1);
  assert.equal(healthOf(await backendOf(db, id)), "unstable");
});

dbTest("recordFailedPoll() leaves counters and synced_at as they were", async (db) => {
  const id = await insertBackend(db, { syncedAge: 100 });
  await db`update backends set meetings_count = 3, attendees_count = 9`;
  await failed(db, id);
  const backend = await backendOf(db, id);
  assert.deepEqual([backend.meetings_count, backend.attendees_count, Math.round(backend.ages.synced / 10)], [3, 9, 10]);
});

dbTest("recordGoodPoll() writes latency in nanoseconds, synced_at, and when the node is due", async (db) => {
  const id = await insertBackend(db, { node_state: "error", syncedAge: 100 });
  await db`update backends set last_error = 'x'`;
  await good(db, id);
  const [row] = await db`select latency, last_error, node_state from backends`;
  assert.deepEqual({ ...row }, { latency: 12345600, last_error: null, node_state: "ready" });
  assert((await backendOf(db, id)).ages.synced < 5);
  assert.equal(await dueIn(db, id), 10);
});

for (const admin_state of ["stopped", "decommissioned", "init"]) {
  dbTest(`recordGoodPoll() leaves node_state of a node that is ${admin_state}, as 1.x does`, async (db) => {
    const id = await insertBackend(db, { admin_state, node_state: "error" });
    await good(db, id);
    assert.equal((await backendOf(db, id)).node_state, "error");
    assert.equal(healthOf(await backendOf(db, id)), "available");
  });
}

dbTest("recordRefusedPoll() keeps a node unstable for ever and never makes it offline", async (db) => {
  const id = await insertBackend(db);
  await good(db, id);
  await failed(db, id);
  for (let count = 0; count < 5; count++) {
    await recordRefusedPoll(db, { backendID: id, reason: "checksumError: Checksums do not match", nextPollMs: 10_000 });
  }
  const backend = await backendOf(db, id);
  assert.deepEqual([healthOf(backend), backend.node_state, backend.last_error], [
    "unstable",
    "error",
    "checksumError: Checksums do not match",
  ]);
  assert.equal(await dueIn(db, id), 10);
  await good(db, id);
  assert.equal(healthOf(await backendOf(db, id)), "available");
});

dbTest("postponePoll() says when the node is due and nothing about its health", async (db) => {
  const [known, unknown] = [await insertBackend(db, { failedPolls: 1, failedAge: 1 }), await insertBackend(db)];
  for (const backendID of [known, unknown]) await postponePoll(db, { backendID, nextPollMs: 7000 });
  assert.deepEqual([await dueIn(db, known), await dueIn(db, unknown)], [7, 7]);
  assert.equal((await backendOf(db, known)).failed_polls, 1);
  assert.equal(healthOf(await backendOf(db, unknown)), "available"); // by 1.x's poll
});

dbTest("recordFailedCall() makes a node unstable until it was polled well, and has it polled at once", async (db) => {
  const id = await insertBackend(db);
  await good(db, id);
  await recordFailedCall(db, id, "create: connection refused");
  const backend = await backendOf(db, id);
  assert.deepEqual([healthOf(backend), backend.failed_polls, backend.node_state], ["unstable", 0, "ready"]);
  assert.equal(await dueIn(db, id), 0);
  await good(db, id);
  assert.equal(healthOf(await backendOf(db, id)), "available");
});

dbTest("recordFailedCall() does not put off a poll that is due, and forgives an unknown node", async (db) => {
  const id = await insertBackend(db, { dueIn: -5 });
  await recordFailedCall(db, id, "x");
  assert.equal(await dueIn(db, id), -5);
  await recordFailedCall(db, crypto.randomUUID(), "x");
  assert.equal((await db`select from b3scale_backend_health`).length, 1);
});

dbTest("requestPoll() has a node polled now unless its turn is near", async (db) => {
  const [far, near, unknown] = [
    await insertBackend(db, { dueIn: 9 }),
    await insertBackend(db, { dueIn: 1.9 }),
    await insertBackend(db),
  ];
  for (const id of [far, near, unknown]) await requestPoll(db, id);
  assert.deepEqual([await dueIn(db, far), await dueIn(db, near), await dueIn(db, unknown)], [0, 2, 0]);
});

dbTest("recordFailedCall() and requestPoll() wake the controllers, a poll that is near does not", async (db) => {
  const heard: string[] = [];
  let end = () => {};
  await db.listen("commands_queue", (payload) => payload === "end" ? end() : void heard.push(payload));
  const id = await insertBackend(db, { dueIn: 9 });
  await recordFailedCall(db, id, "x");
  await requestPoll(db, id); // due already
  await requestPoll(db, await insertBackend(db, { dueIn: 9 }));
  const ended = new Promise<void>((resolve) => end = resolve);
  await db.notify("commands_queue", "end");
  await ended;
  assert.deepEqual(heard, [NODES_ARE_DUE, NODES_ARE_DUE]);
});

dbTest("recordGoodPoll() leaves a poll owed that was requested while it was under way", async (db) => {
  const id = await insertBackend(db);
  await good(db, id);
  await requestPoll(db, id);
  await recordGoodPoll(db, { backendID: id, latencyMs: 4000, nextPollMs: 10_000, askedAgoMs: 4000 });
  assert.equal(await dueIn(db, id), 0);
  await recordGoodPoll(db, { backendID: id, latencyMs: 0, nextPollMs: 10_000, askedAgoMs: 0 });
  assert.equal(await dueIn(db, id), 10);
});
