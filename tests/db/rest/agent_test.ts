// What agents report, on a real PostgreSQL: nothing is lost, nothing is written over, and nobody waits on a connection.
import assert from "node:assert/strict";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import { createClusterView } from "../../../src/cluster/view.ts";
import { type Clock, type Db, type Pool, realClock } from "../../../src/deps.ts";
import { createAgentEvents } from "../../../src/rest/agent_events.ts";
import type { MeetingEvent } from "../../../src/rest/agent_events_apply.ts";
import { findMeeting, updateMeeting } from "../../../src/store/meetings.ts";
import { dbTest } from "../../support/db_test.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import {
  clusterID,
  insertBackend,
  insertFrontend,
  insertMeeting,
  makeAttendee,
  makeAttendees,
  makeLog,
} from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";
import { eventually, pause } from "../../support/wait.ts";
import { createApi, forbidden, NOT_FOUND } from "./api.ts";

const M1 = clusterID("m1");
const INT = "int-m1";
const joined = (number: number): MeetingEvent => ({
  kind: "joined",
  attendee: makeAttendee({ userID: `u${number}`, internalUserID: `w_${number}` }),
});
const left = (number: number): MeetingEvent => ({ kind: "left", internalUserID: `w_${number}` });

/** A process with a view of its own that follows nothing but its own writes. */
function startProcess(db: Pool, { clock = realClock, isTrusted = true }: { clock?: Clock; isTrusted?: boolean } = {}) {
  const memory = createClusterMemory();
  let listener: (id: string) => void = () => {};
  const put = (row: Parameters<typeof memory.putMeeting>[0]) => {
    memory.putMeeting(row, clock.monotonic());
    listener(row.id);
  };
  const view = createClusterView({
    db,
    clock,
    source: {
      memory,
      isTrusted: () => isTrusted,
      seenUntil: () => 0,
      applyMeeting: put,
      forgetMeeting: memory.deleteMeeting,
      onMeetingChange: (given) => listener = given,
    },
  });
  const { log } = makeLog();
  return { memory, view, put, events: createAgentEvents({ db, view, clock, log }) };
}

async function seed(db: Pool) {
  const frontend = await insertFrontend(db);
  const backend = await insertBackend(db);
  await db`update backends set agent_ref = 'agent1' where id = ${backend}`;
  await insertMeeting(db, { id: M1, internal_id: INT, frontend_id: frontend, backend_id: backend });
  return { frontend, backend };
}

async function rowOf(db: Db, id = M1) {
  const row = await findMeeting(db, id);
  assert(row !== undefined);
  return row;
}
const namesOf = async (db: Db) => (await rowOf(db)).meeting.attendees?.map((one) => one.internalUserID).sort();

/** Counts the statements that begin with the given text. */
function counting(db: Pool, begin: RegExp) {
  const seen = { count: 0 };
  const pool = new Proxy(db, {
    apply: (target, self, args) => {
      const [first] = args as [readonly string[] | unknown];
      if (Array.isArray(first) && "raw" in first && begin.test(String(first[0]))) seen.count++;
      return Reflect.apply(target, self, args);
    },
  });
  return { pool, seen };
}

dbTest("apply() writes row, mapping and peak, leaves synced_at, and shows in the view at once", async (db) => {
  const { backend, frontend } = await seed(db);
  const { events, view } = startProcess(db);
  const before = await rowOf(db);
  assert.equal(await events.apply(backend, INT, joined(1)), true);
  const after = await rowOf(db);
  assert.deepEqual(view.heldMeetingByInternalID(backend, INT)?.meeting, after.meeting);
  assert.deepEqual(view.heldMeetingByInternalID(backend, INT)?.version, after.version);
  assert.deepEqual([after.meeting.participantCount, after.meeting.attendees?.length], [1, 1]);
  assert.deepEqual(after.synced_at, before.synced_at);
  assert(after.updated_at > before.updated_at);
  const mapped = await db`select frontend_id from frontend_meetings where meeting_id = ${M1}`;
  assert.deepEqual([...mapped], [{ frontend_id: frontend }]);
});

dbTest("the peak of a room is written when its meeting has become empty", async (db) => {
  const { backend } = await seed(db);
  const { events } = startProcess(db);
  for (const number of [1, 2, 3]) await events.apply(backend, INT, joined(number));
  await events.apply(backend, INT, left(1));
  await events.apply(backend, INT, { kind: "reset" });
  assert.deepEqual([...await db`select peak from b3scale_room_peaks`], [{ peak: 3 }]);
});

dbTest("apply() gathers what comes at once into few writes and keeps the order", async (db) => {
  const { backend } = await seed(db);
  const { pool, seen } = counting(db, /^\s*with m as \(\s*update meetings/);
  const { events } = startProcess(pool);
  const all = Array.from({ length: 300 }, (_, n) => [joined(n % 20), left(n % 20)]).flat();
  const last = Array.from({ length: 20 }, (_, n) => joined(n));
  await Promise.all([...all, ...last].map((event) => events.apply(backend, INT, event)));
  assert.equal((await rowOf(db)).meeting.participantCount, 20);
  assert(seen.count <= 3, `${seen.count} writes`);
});

dbTest("three processes that write one meeting lose no event", async (db) => {
  const { backend } = await seed(db);
  const processes = [startProcess(db), startProcess(db), startProcess(db)];
  const row = await rowOf(db);
  for (const { put } of processes) put(row); // all of them begin with the same version
  await Promise.all(
    processes.flatMap(({ events }, index) =>
      Array.from({ length: 40 }, async (_, n) => {
        const number = index * 100 + n;
        await events.apply(backend, INT, joined(number));
        await pause(n % 7);
        if (n % 2 === 0) await events.apply(backend, INT, left(number));
      })
    ),
  );
  const { meeting } = await rowOf(db);
  assert.equal(meeting.participantCount, 60);
  assert.equal(new Set(meeting.attendees?.map((one) => one.internalUserID)).size, 60);
});

dbTest("a leave whose join another process has stored finds it, however old the view is", async (db) => {
  const { backend } = await seed(db);
  const [first, second] = [startProcess(db), startProcess(db)];
  second.put(await rowOf(db));
  await first.events.apply(backend, INT, joined(1));
  assert.equal(second.view.heldMeetingByInternalID(backend, INT)?.meeting.participantCount, 0);
  await second.events.apply(backend, INT, left(1));
  assert.deepEqual(await namesOf(db), []);
});

dbTest("what a poll has written since the view read the row is kept", async (db) => {
  const { backend } = await seed(db);
  const { events, put } = startProcess(db);
  const row = await rowOf(db);
  put(row);
  await updateMeeting(db, { id: M1, backendID: backend, meeting: { ...row.meeting, recording: true, videoCount: 4 } });
  await events.apply(backend, INT, joined(1));
  const { meeting } = await rowOf(db);
  assert.deepEqual([meeting.recording, meeting.videoCount, meeting.participantCount], [true, 4, 1]);
});

dbTest("an event waits for its row to be unlocked and then takes it as it is", async (db) => {
  const { backend } = await seed(db);
  const { events, put } = startProcess(db);
  const row = await rowOf(db);
  put(row);
  let applied: Promise<boolean> | undefined;
  await db.begin(async (tx) => {
    await updateMeeting(tx, { id: M1, backendID: backend, meeting: { ...row.meeting, videoCount: 9 } });
    applied = events.apply(backend, INT, joined(1));
    await eventually("the event waits", async () => {
      const [waiting] = await db`select 1 from pg_stat_activity where wait_event_type = 'Lock'
        and datname = current_database()`;
      return waiting !== undefined;
    });
  });
  assert.equal(await applied, true);
  const { meeting } = await rowOf(db);
  assert.deepEqual([meeting.videoCount, meeting.participantCount], [9, 1]);
});

for (const isTrusted of [true, false]) {
  const which = isTrusted ? "trusted" : "untrusted";
  dbTest(`an event that is faster than its create waits for the row (${which} view)`, async (db) => {
    const { backend, frontend } = await seed(db);
    const { events } = startProcess(db, { isTrusted });
    const applied = Promise.all([1, 2].map((number) => events.apply(backend, "int-late", joined(number))));
    await pause(200);
    await insertMeeting(db, { id: "late", internal_id: "int-late", frontend_id: frontend, backend_id: backend });
    assert.deepEqual(await applied, [true, true]);
    assert.equal((await findMeeting(db, "late"))?.meeting.participantCount, 2);
  });
}

dbTest("a row that the view hears of ends the wait at once", async (db) => {
  const { backend } = await seed(db);
  const clock = createFakeClock();
  const { events, put } = startProcess(db, { clock });
  await insertMeeting(db, { id: "late", internal_id: "int-late", backend_id: null });
  const applied = events.apply(backend, "int-late", joined(1));
  await clock.advance(10);
  await eventually("it was looked for", async () => {
    await clock.advance(0);
    return clock.waiting > 0;
  });
  await db`update meetings set backend_id = ${backend} where id = 'late'`;
  const row = await findMeeting(db, "late");
  assert(row !== undefined);
  put(row);
  assert.equal(await applied, true); // the clock stands still
});

dbTest("events of unknown meetings share one statement per 150 ms and hold no connection", async (db, url) => {
  const { backend } = await seed(db);
  const other = await insertBackend(db);
  const single = openTestPool(url, 1);
  const { pool, seen } = counting(single, /^\s*select /);
  const clock = createFakeClock();
  const { events } = startProcess(pool, { clock });
  const results: boolean[] = [];
  const waiting = Promise.all(
    Array.from({ length: 12 }, async (_, n) => {
      results.push(await events.apply(n === 0 ? other : backend, n === 0 ? INT : `int-nobody-${n}`, joined(n)));
    }),
  );
  while (clock.monotonic() < 14_900) {
    await clock.advance(50);
    assert.equal((await single`select 1 as one`).length, 1); // on the only connection
  }
  assert.deepEqual(results, []);
  await eventually("they gave up", async () => {
    await clock.advance(50);
    return results.length === 12;
  });
  await waiting;
  assert(clock.monotonic() >= 15_000 && clock.monotonic() < 15_600, `${clock.monotonic()} ms`);
  assert(results.every((stored) => !stored));
  const most = 2 * (15_200 / 150 + 2);
  assert(seen.count > most / 4 && seen.count <= most, `${seen.count} statements`);
  assert.equal((await rowOf(db)).meeting.participantCount, 0); // of another backend
  await single.end();
});

dbTest("a meeting that goes while its event is written is waited for again", async (db) => {
  const { backend } = await seed(db);
  const { events, put } = startProcess(db);
  put(await rowOf(db));
  await db`delete from meetings where id = ${M1}`;
  const applied = events.apply(backend, INT, joined(1));
  await pause(50);
  await insertMeeting(db, { id: M1, internal_id: INT, backend_id: backend });
  assert.equal(await applied, true);
  assert.deepEqual(await namesOf(db), ["w_1"]);
});

dbTest("a leave that finds nobody has the node polled when the list has unnamed entries (D-70)", async (db) => {
  const { backend } = await seed(db);
  const { events } = startProcess(db);
  const due = async () =>
    (await db<{ due: boolean }[]>`
      select due_at <= localtimestamp as due from b3scale_backend_health where backend_id = ${backend}`)[0]?.due;
  await db`
    insert into b3scale_backend_health (backend_id, due_at) values (${backend}, localtimestamp + interval '20 s')`;
  await events.apply(backend, INT, left(1));
  assert.equal(await due(), false);
  const row = await rowOf(db);
  await updateMeeting(db, { id: M1, backendID: backend, meeting: { ...row.meeting, attendees: makeAttendees(2) } });
  const { version } = await rowOf(db);
  await events.apply(backend, INT, left(1));
  await eventually("the node is due", due);
  assert.equal((await rowOf(db)).version, version); // nothing to write
});

dbTest("an event that cannot be stored is refused", async (db, url) => {
  const { backend } = await seed(db);
  const pool = openTestPool(url, 1);
  const { events, put } = startProcess(pool);
  put(await rowOf(db));
  await pool.end();
  await assert.rejects(events.apply(backend, INT, joined(1)), { code: "unavailable" });
  await assert.rejects(events.apply(backend, "int-unknown", joined(1)), { code: "unavailable" });
});

dbTest("agents without a backend are told so, and only agents are served", async (db, url) => {
  await seed(db);
  const api = createApi(db, url);
  const [agent, ghost, nobody] = [
    api.as("b3scale:node", "agent1"),
    api.as("b3scale:node", "ghost"),
    api.as("b3scale:node", ""),
  ];
  assert.equal((await agent("GET /agent/backend")).json.agent_ref, "agent1");
  for (const stranger of [ghost, nobody, api.as("b3scale:node", "nul\0")]) {
    assert.deepEqual(await stranger("GET /agent/backend"), NOT_FOUND);
    assert.deepEqual(await stranger("POST /agent/heartbeat"), NOT_FOUND);
    assert.deepEqual(await stranger("POST /agent/rpc", { action: "meeting_state_reset" }), forbidden("Forbidden"));
  }
  for (const call of ["GET /agent/backend", "POST /agent/heartbeat", "POST /agent/rpc"]) {
    assert.deepEqual(await api.admin(call), forbidden("b3scale:node scope required"));
  }
});

dbTest("rpc answers what is wrong with a call, and an unreadable body in the same shape", async (db, url) => {
  await seed(db);
  const agent = createApi(db, url).as("b3scale:node", "agent1");
  const rpc = (body: unknown) => agent("POST /agent/rpc", body);
  const failed = (result: string) => ({ status: 200, json: { status: "error", result } });
  assert.deepEqual(await rpc({ action: "nope", payload: "e30=" }), failed("the requsted RPC action is unknown"));
  assert.deepEqual(await rpc({}), failed("the requsted RPC action is unknown"));
  assert.deepEqual(
    await rpc({ action: "meeting_state_reset", payload: "eHg=" }),
    failed("the payload is not valid JSON"),
  );
  const attendee = { internal_meeting_id: INT, attendee: null };
  assert.deepEqual(await rpc({ action: "meeting_add_attendee", payload: attendee }), failed("attendee is required"));
  for (const body of ["text", 7, { action: 7 }]) {
    const { status, json } = await rpc(body);
    assert.deepEqual([status, json.status, typeof json.result], [400, "error", "string"]);
  }
});
