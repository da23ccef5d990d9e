import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import {
  deleteEmptyBackend,
  findBackend,
  listBackendPulses,
  listBackends,
  listBackendsByID,
  updateBackendCounters,
} from "../../../src/store/backends.ts";
import { upsertReservations } from "../../../src/store/reservations.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertMeeting } from "../../support/make.ts";

dbTest("listBackends() reads rows with their health record and ages by the database's clock", async (db) => {
  const id = await insertBackend(db, {
    host: "https://n1/",
    load_factor: 1.5,
    settings: { tags: ["sip"], checksum_algorithm: "sha1" },
    heartbeatAge: 3,
    syncedAge: 9,
    failedPolls: 2,
    failedAge: 4,
    goodAge: 20,
  });
  const [backend] = await listBackends(db);
  assert(backend !== undefined);
  const { ages, version, ...row } = backend;
  assert.deepEqual(row, {
    id,
    host: "https://n1/",
    secret: "node-secret",
    node_state: "ready",
    admin_state: "ready",
    load_factor: 1.5,
    last_error: null,
    agent_ref: null,
    tags: ["sip"],
    checksum_algorithm: "sha1",
    meetings_count: 0,
    attendees_count: 0,
    failed_polls: 2,
  });
  assert.notEqual(version, "");
  for (const [name, expected] of Object.entries({ heartbeat: 3, synced: 9, failed: 4, good: 20 })) {
    const age = ages[name as keyof typeof ages];
    assert(age !== null && age >= expected && age < expected + 5, `${name}: ${age}`);
  }
});

const odd: [settings: unknown, tags: string[], algorithm: string][] = [
  [{}, [], "sha256"],
  [{ tags: null }, [], "sha256"],
  [{ tags: "sip" }, [], "sha256"],
  [{ tags: ["a", null, 1, {}] }, ["a", "1"], "sha256"],
  [{ checksum_algorithm: "md5" }, [], "sha256"],
  [{ checksum_algorithm: "sha512" }, [], "sha512"],
  [[], [], "sha256"],
];
dbTest("findBackend() reads settings leniently, and ages of what never was as null", async (db) => {
  for (const [settings, tags, algorithm] of odd) {
    const backend = await findBackend(db, await insertBackend(db, { settings: settings as object }));
    assert.deepEqual([backend?.tags, backend?.checksum_algorithm], [tags, algorithm]);
    assert.deepEqual([backend?.ages.failed, backend?.ages.good, backend?.failed_polls], [null, null, 0]);
    assert(backend !== undefined && backend.ages.heartbeat > 20 * 365 * 86400);
  }
  assert.equal(await findBackend(db, crypto.randomUUID()), undefined);
});

dbTest("listBackendsByID() has the backends that it names", async (db) => {
  const [a, b] = [await insertBackend(db), await insertBackend(db)];
  await insertBackend(db);
  const ids = (await listBackendsByID(db, [a, b, crypto.randomUUID()])).map(({ id }) => id);
  assert.deepEqual(ids.sort(), [a, b].sort());
});

dbTest(
  "listBackends() has another version after each write that matters, and the same after a heartbeat",
  async (db) => {
    const id = await insertBackend(db, { goodAge: 5 });
    const version = async () => (await listBackends(db))[0]?.version;
    const versions = [await version()];
    const writes = [
      "host = 'x'",
      "secret = 'x'",
      "node_state = 'error'",
      "admin_state = 'stopped'",
      "load_factor = 3",
      "last_error = 'x'",
      "agent_ref = 'x'",
      `settings = '{"tags":["x"]}'`,
    ];
    for (const write of writes) {
      await db.unsafe(`update backends set ${write}`);
      versions.push(await version());
    }
    await db`update b3scale_backend_health set failed_polls = 1`;
    versions.push(await version());
    assert.equal(new Set(versions).size, versions.length);
    await db`update backends set agent_heartbeat = localtimestamp, latency = 5, meetings_count = 9, synced_at = localtimestamp`;
    await db`update b3scale_backend_health set good_at = localtimestamp where backend_id = ${id}`;
    assert.equal(await version(), versions.at(-1));
  },
);

dbTest("listBackendPulses() has ages and counters of every backend and sends the ping", async (db) => {
  const heard = Promise.withResolvers<string>();
  await db.listen("b3scale_changes", (payload) => payload.startsWith("ping:") && heard.resolve(payload));
  assert.deepEqual(await listBackendPulses(db, "ping:1"), []); // no backends, and a ping all the same
  assert.match(await heard.promise, /^ping:1:\d{10}\.\d+$/); // with the time of the database
  const id = await insertBackend(db, { heartbeatAge: 2, goodAge: 7 });
  await updateBackendCounters(db, [{ id, meetings: 2, attendees: 40 }]);
  const [pulse] = await listBackendPulses(db, "ping:1");
  assert.deepEqual([pulse?.id, pulse?.meetings_count, pulse?.attendees_count, pulse?.failed], [id, 2, 40, null]);
  assert(pulse !== undefined && pulse.heartbeat >= 2 && pulse.heartbeat < 7 && (pulse.good ?? 0) >= 7);
});

dbTest("updateBackendCounters() writes what differs only", async (db) => {
  const [a, b] = [await insertBackend(db), await insertBackend(db)];
  await updateBackendCounters(db, []);
  await updateBackendCounters(db, [{ id: a, meetings: 1, attendees: 5 }, { id: b, meetings: 0, attendees: 0 }]);
  const versions = async () =>
    new Map((await db`select id, xmin::text from backends`).map((row) => [row.id, row.xmin]));
  const before = await versions();
  await updateBackendCounters(db, [{ id: a, meetings: 1, attendees: 5 }, { id: b, meetings: 1, attendees: 0 }, {
    id: crypto.randomUUID(),
    meetings: 1,
    attendees: 1,
  }]);
  const after = await versions();
  assert.equal(after.get(a), before.get(a));
  assert.notEqual(after.get(b), before.get(b));
});

/** @returns ids of the meetings that went with it; undefined when it stays */
const remove = (db: Pool, id: string) =>
  db.begin(async (tx) => (await deleteEmptyBackend(tx, id))?.map((meeting) => meeting.id));
const exists = async (db: Pool, id: string) => await findBackend(db, id) !== undefined;

const busy: [name: string, prepare: (db: Pool, backend: string) => Promise<unknown>][] = [
  ["a meeting runs", (db, backend_id) => insertMeeting(db, { backend_id, meeting: { running: true } })],
  ["a meeting is young", (db, backend_id) => insertMeeting(db, { backend_id, meeting: { running: false }, age: 60 })],
  ["a create is under way", async (db, backend_id) => {
    const meeting_id = await insertMeeting(db, { internal_id: "pending:1" });
    await upsertReservations(db, [{ meeting_id, backend_id, expected: 15 }]);
  }],
];
for (const [name, prepare] of busy) {
  dbTest(`deleteEmptyBackend() keeps a backend while ${name}`, async (db) => {
    const id = await insertBackend(db);
    await prepare(db, id);
    assert.equal(await remove(db, id), undefined);
    assert(await exists(db, id));
  });
}

dbTest("deleteEmptyBackend() removes a backend with the meetings that no longer run, and nothing else", async (db) => {
  const [id, other] = [await insertBackend(db), await insertBackend(db)];
  await insertMeeting(db, { id: clusterID("ended"), backend_id: id, meeting: { running: false } });
  await insertMeeting(db, { id: clusterID("other"), backend_id: other });
  const confirmed = clusterID("ended");
  await upsertReservations(db, [{ meeting_id: confirmed, backend_id: id, expected: 15 }]);
  await db`update b3scale_reservations set confirmed_at = localtimestamp`;
  assert.deepEqual(await remove(db, id), [confirmed]);
  assert.deepEqual([await exists(db, id), await exists(db, other)], [false, true]);
  assert.deepEqual((await db`select id from meetings`).map((row) => row.id), [clusterID("other")]);
});
