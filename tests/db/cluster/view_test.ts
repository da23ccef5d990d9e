// The view while it is not trusted: the same answers from the database, or "unavailable", never "not found".
import assert from "node:assert/strict";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import { createClusterView } from "../../../src/cluster/view.ts";
import type { Db, Pool } from "../../../src/deps.ts";
import { AppError } from "../../../src/errors.ts";
import { findMeeting } from "../../../src/store/meetings.ts";
import { dbTest } from "../../support/db_test.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import {
  clusterID,
  insertBackend,
  insertFrontend,
  insertMeeting,
  makeAttendees,
  makeMeetingRow,
} from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";
import { eventually } from "../../support/wait.ts";

function setUp(db: Db, isTrusted = false) {
  const clock = createFakeClock();
  const memory = createClusterMemory();
  const trust = { isTrusted };
  const view = createClusterView({
    db,
    clock,
    source: {
      memory,
      isTrusted: () => trust.isTrusted,
      seenUntil: () => 0,
      applyMeeting: (row) => memory.putMeeting(row, clock.monotonic()),
      forgetMeeting: memory.deleteMeeting,
      onMeetingChange: () => {},
    },
  });
  return { clock, memory, trust, view };
}
const M1 = clusterID("m1");

/** Frontend `fe1` with meetings, oldest first, and a second frontend. */
async function seed(db: Pool) {
  const [frontend, other, backend] = [
    await insertFrontend(db),
    await insertFrontend(db, { key: "fe2" }),
    await insertBackend(db),
  ];
  const meeting = { attendees: makeAttendees(3) };
  await insertMeeting(db, { id: M1, frontend_id: frontend, backend_id: backend, age: 100, meeting });
  await insertMeeting(db, { id: clusterID("m0"), frontend_id: frontend, backend_id: backend, age: 200, meeting });
  await insertMeeting(db, { id: clusterID("unbound"), frontend_id: frontend, meeting });
  await insertMeeting(db, { id: clusterID("pending"), internal_id: "pending:1", frontend_id: frontend, meeting });
  await insertMeeting(db, { id: clusterID("foreign"), frontend_id: other, backend_id: backend, meeting });
  return { frontend, other, backend };
}

dbTest("createClusterView() answers alike from memory and from the database", async (db) => {
  const { frontend, other, backend } = await seed(db);
  const { memory, trust, view } = setUp(db);
  const ask = async () => ({
    frontend: (await view.findFrontend("fe1"))?.id,
    nobody: await view.findFrontend("nobody"),
    meeting: (await view.findMeeting(frontend, M1))?.id,
    foreign: await view.findMeeting(frontend, clusterID("foreign")),
    pending: await view.findMeeting(frontend, clusterID("pending")),
    anyPending: (await view.findAnyMeeting(clusterID("pending")))?.internal_id,
    list: (await view.listFrontendMeetings(frontend)).map(({ id }) => id),
    attendees: [await view.countAttendees(frontend), await view.countAttendees(other)],
    backend: (await view.findBackend(backend))?.id,
    noBackend: await view.findBackend(crypto.randomUUID()),
    backends: (await view.listBackends()).map(({ id }) => id),
    weighed: Array.from(await view.weighMeetings(db), ({ id }) => id).sort(),
  });
  const fromDatabase = await ask();
  assert.deepEqual(fromDatabase.list, [clusterID("m0"), M1]);
  assert.deepEqual(fromDatabase.attendees, [9, 3]);
  assert.deepEqual([view.revisionOf(frontend), view.heldMeetings(backend)], [undefined, undefined]);

  const { listFrontends } = await import("../../../src/store/frontends.ts");
  const { listBackends } = await import("../../../src/store/backends.ts");
  const { listMeetings } = await import("../../../src/store/meetings.ts");
  for (const row of await listFrontends(db)) memory.putFrontend(row);
  for (const row of await listBackends(db)) memory.putBackend(row, 0);
  for (const row of await listMeetings(db)) memory.putMeeting(row, 0);
  trust.isTrusted = true;
  assert.deepEqual(await ask(), fromDatabase);
});

dbTest("a trusted view asks the database before it says that something is not there", async (db) => {
  const { frontend, backend } = await seed(db);
  const { view } = setUp(db, true);
  assert.equal((await view.findFrontend("fe1"))?.id, frontend);
  assert.equal((await view.findMeeting(frontend, M1))?.id, M1);
  assert.equal((await view.findBackend(backend))?.id, backend);
  assert.equal(await view.findAnyMeeting("nobody"), undefined);
});

dbTest("a view that is not trusted does not believe its memory", async (db) => {
  const { view } = setUp(db);
  view.applyMeeting(makeMeetingRow({ id: "stale" }));
  assert.equal(await view.findAnyMeeting("stale"), undefined);
});

dbTest("findAnyMeeting() and the lists share one statement among those who ask at once", async (db) => {
  const { frontend } = await seed(db);
  let statements = 0;
  const counting = new Proxy(db, {
    apply: (target, self, args) => {
      const [first] = args as [readonly string[] | unknown];
      if (Array.isArray(first) && "raw" in first && /^\s*select/.test(String(first[0]))) statements++;
      return Reflect.apply(target, self, args);
    },
  });
  const { view } = setUp(counting);
  const rows = await Promise.all(Array.from({ length: 50 }, () => view.findAnyMeeting(M1)));
  assert.equal(statements, 1);
  assert(rows.every((row) => row?.id === M1));
  await Promise.all(
    Array.from(
      { length: 50 },
      (_, index) => index % 2 ? view.listFrontendMeetings(frontend) : view.countAttendees(frontend),
    ),
  );
  assert.equal(statements, 2);
  await view.findAnyMeeting(M1);
  assert.equal(statements, 3); // nothing is kept
});

const reads: [name: string, read: (view: ReturnType<typeof setUp>["view"], db: Db) => Promise<unknown>][] = [
  ["findFrontend", (view) => view.findFrontend("fe1")],
  ["findMeeting", (view) => view.findMeeting(crypto.randomUUID(), M1)],
  ["findAnyMeeting", (view) => view.findAnyMeeting(M1)],
  ["listFrontendMeetings", (view) => view.listFrontendMeetings(crypto.randomUUID())],
  ["countAttendees", (view) => view.countAttendees(crypto.randomUUID())],
  ["findBackend", (view) => view.findBackend(crypto.randomUUID())],
  ["listBackends", (view) => view.listBackends()],
  ["weighMeetings", (view, db) => view.weighMeetings(db)],
];
const isUnavailable = (error: unknown) =>
  error instanceof AppError && error.code === "unavailable" && error.message === "The database cannot be reached";

dbTest("every read throws unavailable when there is neither a trusted view nor a database", async (_db, url) => {
  const pool = openTestPool(url);
  await pool.end();
  const { view } = setUp(pool);
  for (const [name, read] of reads) await assert.rejects(read(view, pool), isUnavailable, name);
});

dbTest("every read throws unavailable after 5 s without an answer", async (db, url) => {
  const { clock, view } = setUp(db);
  const holder = openTestPool(url, 1);
  await holder.begin(async (tx) => {
    await tx`lock table frontends, meetings, backends in access exclusive mode`;
    let refused = 0;
    const asked = reads.map(([name, read]) =>
      assert.rejects(read(view, db), isUnavailable, name).finally(() => refused++)
    );
    await clock.advance(4999);
    assert.equal(refused, 0);
    await clock.advance(1);
    await Promise.all(asked);
  });
  await holder.end();
  assert.equal(clock.waiting, 0);
  await eventually("the database answers again", async () => await view.findAnyMeeting(M1) === undefined);
});

dbTest("findFrontend() of a key that no text of PostgreSQL can hold does not know it", async (db) => {
  const { view } = setUp(db);
  assert.equal(await view.findFrontend("fe\u00001"), undefined);
});

dbTest("applyMeeting() of a trusted view is what the next read sees", async (db) => {
  const { frontend } = await seed(db);
  const { view } = setUp(db, true);
  const row = await findMeeting(db, M1);
  assert(row !== undefined);
  view.applyMeeting({ ...row, version: "mine" });
  assert.equal((await view.findMeeting(frontend, M1))?.version, "mine");
});
