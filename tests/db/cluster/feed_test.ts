// The feed on a real PostgreSQL: what one process writes reaches another one's memory.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { type ClusterFeed, createClusterFeed } from "../../../src/cluster/feed.ts";
import type { Clock, Pool } from "../../../src/deps.ts";
import { realClock } from "../../../src/deps.ts";
import { recordFailedCall } from "../../../src/store/backend_health.ts";
import { findMeeting } from "../../../src/store/meetings.ts";
import { upsertReservations } from "../../../src/store/reservations.ts";
import { dbTest } from "../../support/db_test.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import {
  clusterID,
  insertBackend,
  insertFrontend,
  insertMeeting,
  type LogLine,
  makeAttendees,
  makeLog,
} from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";
import { eventually } from "../../support/wait.ts";

const M1 = clusterID("m1");

interface RunningFeed extends ClusterFeed, AsyncDisposable {
  readonly lines: readonly LogLine[];
}

/** A feed that runs until the test ends. */
function run(db: Pool, openListener: () => Pool, clock: Clock): RunningFeed {
  const { log, lines } = makeLog();
  const feed = createClusterFeed({ db, openListener, clock, log });
  const controller = new AbortController();
  const running = feed.run(controller.signal);
  return {
    ...feed,
    lines,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}

/** A feed that is trusted. */
async function start(db: Pool, url: string): Promise<RunningFeed> {
  const feed = run(db, () => openTestPool(url, 1), realClock);
  await feed.ready;
  return feed;
}

/** A feed whose time the test moves on: in steps short enough for pings to go their way in between. */
async function startFaked(db: Pool, url: string, openListener = () => openTestPool(url, 1)) {
  const clock = createFakeClock();
  const feed = run(db, openListener, clock);
  const passUntil = (what: string, look: () => boolean | Promise<boolean>) =>
    eventually(what, async () => {
      if (await look()) return true;
      await clock.advance(250);
      return false;
    });
  await passUntil("the view is trusted", feed.isTrusted);
  return { clock, feed, passUntil, [Symbol.asyncDispose]: feed[Symbol.asyncDispose] };
}
const soon = (what: string, look: () => boolean | undefined) => eventually(what, look);

dbTest("createClusterFeed() loads what is there before it is trusted", async (db, url) => {
  const frontend = await insertFrontend(db);
  const backend = await insertBackend(db);
  await insertMeeting(db, { frontend_id: frontend, backend_id: backend });
  await using feed = await start(db, url);
  assert(feed.isTrusted());
  assert.equal(feed.memory.findFrontendByKey("fe1")?.id, frontend);
  assert.deepEqual([...feed.memory.backends.keys()], [backend]);
  assert.deepEqual([...feed.memory.meetings.keys()], [M1]);
});

dbTest("createClusterFeed() follows frontends: insert, update, delete", async (db, url) => {
  await using feed = await start(db, url);
  const id = await insertFrontend(db);
  await soon("the frontend is there", () => feed.memory.findFrontendByKey("fe1")?.id === id);
  await db`update frontends set key = 'renamed', active = false`;
  await soon("it is renamed", () => feed.memory.findFrontendByKey("renamed")?.active === false);
  assert.equal(feed.memory.findFrontendByKey("fe1"), undefined);
  await db`delete from frontends`;
  await soon("it is gone", () => feed.memory.frontends.size === 0);
});

dbTest("createClusterFeed() follows backends and their health: insert, update, delete", async (db, url) => {
  await using feed = await start(db, url);
  const id = await insertBackend(db);
  const row = () => feed.memory.backends.get(id)?.row;
  await soon("the backend is there", () => row()?.admin_state === "ready");
  await db`update backends set admin_state = 'stopped', settings = '{"tags":["x"]}'`;
  await soon("it is stopped", () => row()?.admin_state === "stopped" && row()?.tags[0] === "x");
  await recordFailedCall(db, id, "x");
  await soon("its failure is known", () => row()?.ages.failed !== null);
  await db`update b3scale_backend_health set failed_polls = 3`;
  await soon("its failed polls are known", () => row()?.failed_polls === 3);
  await db`delete from backends`;
  await soon("it is gone", () => feed.memory.backends.size === 0);
});

dbTest(
  "createClusterFeed() follows meetings and reservations: insert, update, delete, and says which changed",
  async (db, url) => {
    await using feed = await start(db, url);
    const changes: string[] = [];
    feed.onMeetingChange((id) => changes.push(id));
    const [frontend, backend] = [await insertFrontend(db), await insertBackend(db)];
    await insertMeeting(db, { frontend_id: frontend, meeting: { attendees: makeAttendees(2) } });
    await soon("the meeting is there", () => feed.memory.attendeesOfFrontend(frontend) === 2);
    await upsertReservations(db, [{ meeting_id: M1, backend_id: backend, expected: 33 }]);
    await soon("its reservation is known", () => feed.memory.meetings.get(M1)?.row.expected === 33);
    await db`update meetings set backend_id = ${backend}, state = jsonb_set(state, '{Attendees}', '[]')`;
    await soon("it is bound", () => [...feed.memory.meetingsOfBackend(backend)].length === 1);
    assert.equal(feed.memory.attendeesOfFrontend(frontend), 0);
    await db`delete from meetings`;
    await soon("it is gone", () => feed.memory.meetings.size === 0);
    assert.deepEqual(new Set(changes), new Set([M1]));
  },
);

dbTest("createClusterFeed() follows 3000 rows that change in one statement", async (db, url) => {
  await using feed = await start(db, url);
  await db`insert into meetings (id, internal_id, state) select 'm' || n, 'i' || n, '{}' from generate_series(1, 3000) n`;
  await soon("all are there", () => feed.memory.meetings.size === 3000);
  await db`update meetings set internal_id = 'j' || id`;
  await soon(
    "all are changed",
    () => Array.from(feed.memory.meetings.values()).every(({ row }) => row.internal_id === `j${row.id}`),
  );
  await db`delete from meetings`;
  await soon("all are gone", () => feed.memory.meetings.size === 0);
});

dbTest(
  "createClusterFeed() reads heartbeats and counters of all backends each second, without a notification",
  async (db, url) => {
    const id = await insertBackend(db);
    await using feed = await start(db, url);
    const held = feed.memory.backends.get(id)?.row;
    await db`update backends set agent_heartbeat = localtimestamp, latency = 5`;
    await soon("the heartbeat is known", () => (feed.memory.backends.get(id)?.row.ages.heartbeat ?? 99) < 3);
    assert.equal(feed.memory.backends.get(id)?.row.version, held?.version);
  },
);

const countersOf = async (db: Pool) => {
  const rows = await db`select id, meetings_count, attendees_count from backends`;
  return Object.fromEntries(rows.map((row) => [row.id, [row.meetings_count, row.attendees_count]]));
};

dbTest("createClusterFeed() writes the counters of a backend whose meetings change", async (db, url) => {
  const backend = await insertBackend(db);
  await using _feed = await start(db, url);
  const become = (meetings: number, attendees: number) =>
    eventually(`${meetings} meetings and ${attendees} attendees`, async () => {
      assert.deepEqual(await countersOf(db), { [backend]: [meetings, attendees] });
      return true;
    });
  await insertMeeting(db, { backend_id: backend, meeting: { attendees: makeAttendees(4) } });
  await become(1, 4);
  await db`delete from meetings`;
  await become(0, 0);
});

dbTest("createClusterFeed() mends counters that a process left behind, once it is loaded", async (db, url) => {
  const [used, unused] = [await insertBackend(db), await insertBackend(db)];
  await db`update backends set meetings_count = 9, attendees_count = 90`;
  await insertMeeting(db, { backend_id: used, meeting: { attendees: makeAttendees(4) } });
  await using faked = await startFaked(db, url);
  await faked.passUntil("the counters are right", async () => {
    const counters = await countersOf(db);
    return isDeepStrictEqual(counters, { [used]: [1, 4], [unused]: [0, 0] });
  });
  assert(faked.clock.monotonic() < 35_000, `${faked.clock.monotonic()}`);
});

dbTest("applyMeeting() shows at once; forgetMeeting() of a row that is still there brings it back", async (db, url) => {
  await using feed = await start(db, url);
  await db`alter table meetings disable trigger user`; // nothing comes but what this process does
  await insertMeeting(db);
  const row = await findMeeting(db, M1);
  assert(row !== undefined);
  feed.applyMeeting(row);
  assert.equal(feed.memory.meetings.get(M1)?.row, row);
  feed.forgetMeeting(M1);
  assert.equal(feed.memory.meetings.size, 0);
  await soon("it is back", () => feed.memory.meetings.has(M1));
  await db`delete from meetings`;
  feed.forgetMeeting(M1);
  await db.notify("b3scale_changes", `meetings:["other"]`);
  assert.equal(feed.memory.meetings.size, 0);
});

dbTest("createClusterFeed() survives notifications that nobody of us wrote", async (db, url) => {
  await using feed = await start(db, url);
  for (const payload of ["", "meetings", "meetings:x", "meetings:{}", "unknown:[]", "ping:other"]) {
    await db.notify("b3scale_changes", payload);
  }
  const id = await insertFrontend(db);
  await soon("it still follows", () => feed.memory.frontends.has(id));
  assert(feed.isTrusted());
  assert(feed.lines.some(({ message }) => message === "unreadable change notification"));
});

const listening = (db: Pool) =>
  db<{ pid: number }[]>`
    select pid from pg_stat_activity where datname = current_database() and query ilike 'listen %' and state = 'idle'`;

dbTest("createClusterFeed() reloads what it missed while its listening connection was away", async (db, url) => {
  const [stays, goes] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  await using feed = await start(db, url);
  await db`alter table frontends disable trigger user`; // as if their notifications were lost
  await db`update frontends set key = 'missed' where id = ${stays}`;
  await db`delete from frontends where id = ${goes}`;
  await db`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen %'`;
  await soon(
    "it has read everything again",
    () => feed.isTrusted() && feed.memory.findFrontendByKey("missed")?.id === stays && !feed.memory.frontends.has(goes),
  );
  assert(feed.lines.some(({ message }) => message.startsWith("cluster view is not trusted")));
  assert.equal((await listening(db)).length, 1);
});

dbTest(
  "createClusterFeed() repairs in its reconcile what no trigger told: changed, new and deleted rows",
  async (db, url) => {
    const frontend = await insertFrontend(db);
    const backend = await insertBackend(db);
    await insertMeeting(db, { id: "changed" });
    await insertMeeting(db, { id: "deleted" });
    await using faked = await startFaked(db, url);
    const { memory } = faked.feed;
    for (const table of ["frontends", "backends", "meetings"]) {
      await db.unsafe(
        `alter table ${table} disable trigger user`,
      );
    }
    await db`update frontends set secret = 'new', updated_at = '0001-01-01'`; // as 1.x writes it
    await db`update backends set secret = 'new'`;
    await db`update meetings set internal_id = 'new' where id = 'changed'`;
    await db`delete from meetings where id = 'deleted'`;
    await insertMeeting(db, { id: "inserted" });
    await faked.passUntil(
      "the reconcile has repaired it",
      () =>
        memory.frontends.get(frontend)?.secret === "new" && memory.backends.get(backend)?.row.secret === "new" &&
        memory.meetings.get("changed")?.row.internal_id === "new" && !memory.meetings.has("deleted") &&
        memory.meetings.has("inserted"),
    );
    const passed = faked.clock.monotonic();
    assert(passed > 25_000 && passed < 35_000, `it was repaired after ${passed} ms, not by the reconcile`);
    assert(
      !faked.feed.lines.some(({ level }) => level === "warn"),
    );
  },
);

/** Listens like a real one, and passes on only what it is let. */
function gatedListener(url: string) {
  const gate = { open: true, opened: 0, closed: 0 };
  const openListener = () => {
    const pool = openTestPool(url, 1);
    gate.opened++;
    const listen: Pool["listen"] = (channel, notify, onlisten) =>
      pool.listen(channel, (payload) => gate.open && notify(payload), onlisten);
    const end: Pool["end"] = async (how) => {
      gate.closed++;
      await pool.end(how);
    };
    return new Proxy(pool, {
      get: (target, name) => name === "listen" ? listen : name === "end" ? end : Reflect.get(target, name),
    });
  };
  return { gate, openListener };
}

dbTest(
  "createClusterFeed() is not trusted while its ping does not come back, opens the link anew, and recovers",
  async (db, url) => {
    const { gate, openListener } = gatedListener(url);
    await using faked = await startFaked(db, url, openListener);
    const { clock, feed, passUntil } = faked;
    gate.open = false;
    await clock.advance(2500);
    assert(feed.isTrusted());
    await clock.advance(1600);
    assert(!feed.isTrusted());
    assert.equal(gate.opened, 1);
    await clock.advance(5000);
    await passUntil("the dead link is given up", () => gate.closed === 1 && gate.opened === 2);
    gate.open = true;
    await passUntil("the view is trusted again", feed.isTrusted);
  },
);

dbTest("createClusterFeed() is not trusted by a load during which its link was lost", async (db, url) => {
  const { gate, openListener } = gatedListener(url);
  await using faked = await startFaked(db, url, openListener);
  const { clock, feed, passUntil } = faked;
  const holder = openTestPool(url, 1);
  await holder.begin(async (tx) => {
    await tx`lock table meetings in access exclusive mode`; // a load under way cannot end
    await tx`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query ilike 'listen %'`;
    await passUntil("it has lost its link", () => !feed.isTrusted());
    gate.open = false;
    await clock.advance(4000);
  });
  await holder.end();
  await eventually("the load has ended", async () => {
    const busy = await db`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return busy.length === 0;
  });
  await clock.advance(250);
  assert(!feed.isTrusted());
  gate.open = true;
  await passUntil("the view is trusted again", feed.isTrusted);
});
