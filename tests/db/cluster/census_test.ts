// The census of the metrics: the same rows from memory and from the database.
import assert from "node:assert/strict";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import { createClusterView } from "../../../src/cluster/view.ts";
import type { Db } from "../../../src/deps.ts";
import { listBackends } from "../../../src/store/backends.ts";
import { listFrontends } from "../../../src/store/frontends.ts";
import { listMeetings } from "../../../src/store/meetings.ts";
import { dbTest } from "../../support/db_test.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { clusterID, insertBackend, insertFrontend, insertMeeting } from "../../support/make.ts";

function setUp(db: Db) {
  const clock = createFakeClock();
  const memory = createClusterMemory();
  const trust = { isTrusted: false };
  const source = {
    memory,
    isTrusted: () => trust.isTrusted,
    seenUntil: () => 0,
    applyMeeting: () => {},
    forgetMeeting: () => {},
    onMeetingChange: () => {},
  };
  return { clock, memory, trust, view: createClusterView({ db, clock, source }) };
}

dbTest("census() tells the same from memory and from the database, pending meetings included", async (db) => {
  const frontend_id = await insertFrontend(db);
  const backend_id = await insertBackend(db, { goodAge: 4, heartbeatAge: 2, failedAge: 9 });
  await insertMeeting(db, { id: clusterID("m1"), frontend_id, backend_id, age: 60 });
  await insertMeeting(db, { id: clusterID("m2"), frontend_id });
  await insertMeeting(db, { id: clusterID("m3"), frontend_id, internal_id: "pending:1" });
  const { clock, memory, trust, view } = setUp(db);
  for (const row of await listFrontends(db)) memory.putFrontend(row);
  for (const row of await listBackends(db)) memory.putBackend(row, clock.monotonic());
  for (const row of await listMeetings(db)) memory.putMeeting(row, clock.monotonic());

  const read = await view.census();
  trust.isTrusted = true;
  const held = await view.census();
  const withoutAges = (census: typeof read) => ({
    frontends: census.frontends,
    backends: census.backends.map((row) => ({ ...row, ages: Object.keys(row.ages) })),
    meetings: census.meetings.map((row) => ({ ...row, ageSeconds: 0 })).toSorted((a, b) => a.id < b.id ? -1 : 1),
  });
  assert.equal(held.meetings.length, 3);
  assert.deepEqual(withoutAges(held), withoutAges(read));

  await clock.advance(5000);
  const later = await view.census();
  const ageOf = (census: typeof read) => census.meetings.find(({ id }) => id === clusterID("m1"))?.ageSeconds ?? 0;
  assert.equal(Math.round((ageOf(later) - ageOf(held)) * 1000), 5000);
  assert.equal(Math.round(((later.backends[0]?.ages.good ?? 0) - (held.backends[0]?.ages.good ?? 0)) * 1000), 5000);
});
