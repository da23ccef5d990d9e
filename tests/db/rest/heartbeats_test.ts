// Heartbeats in few statements.
import assert from "node:assert/strict";
import type { Db, Pool } from "../../../src/deps.ts";
import { createHeartbeats } from "../../../src/rest/heartbeats.ts";
import { dbTest } from "../../support/db_test.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { insertBackend, makeLog } from "../../support/make.ts";
import { eventually } from "../../support/wait.ts";

/** A pool whose statements are counted, and fail or wait when they are told to. */
function watched(db: Pool) {
  const control = { statements: 0, failing: false, gate: Promise.resolve() };
  const query = async (...args: unknown[]) => {
    control.statements++;
    await control.gate;
    if (control.failing) throw new Error("connection refused");
    return await Reflect.apply(db, undefined, args);
  };
  return { control, pool: query as unknown as Pool };
}

const freshOnes = async (db: Db) =>
  (await db`select 1 from backends where agent_heartbeat > localtimestamp - interval '5 seconds'`).length;

function setUp(db: Pool) {
  const clock = createFakeClock();
  const { log, lines } = makeLog();
  const { control, pool } = watched(db);
  return { clock, lines, control, heartbeats: createHeartbeats({ db: pool, clock, log }) };
}

dbTest("beat() reaches the rows within a second, all of them in one statement", async (db) => {
  const ids = await Promise.all(Array.from({ length: 30 }, () => insertBackend(db)));
  const { clock, control, heartbeats } = setUp(db);
  for (const id of [...ids.slice(1), ...ids.slice(1)]) heartbeats.beat(id);
  await clock.advance(500);
  assert.equal(control.statements, 0);
  await clock.advance(500);
  await eventually("they are written", async () => await freshOnes(db) === 29);
  assert.equal(control.statements, 1);
  await clock.advance(5000);
  assert.equal(control.statements, 1); // nothing to write, nothing scheduled
  assert.equal(clock.waiting, 0);
});

dbTest("beat() wakes nobody: heartbeats are read in bulk", async (db) => {
  const id = await insertBackend(db);
  const heard: string[] = [];
  const listening = await db.listen("b3scale_changes", (payload) => heard.push(payload));
  const { clock, heartbeats } = setUp(db);
  heartbeats.beat(id);
  await clock.advance(1000);
  await eventually("it is written", async () => await freshOnes(db) === 1);
  await db`select pg_notify('b3scale_changes', 'end')`;
  await eventually("all is heard", () => heard.includes("end"));
  assert.deepEqual(heard, ["end"]);
  await listening.unlisten();
});

dbTest("a failing database is logged once, and the next beats are written", async (db) => {
  const id = await insertBackend(db);
  const { clock, control, heartbeats, lines } = setUp(db);
  control.failing = true;
  for (let second = 0; second < 5; second++) {
    heartbeats.beat(id);
    await clock.advance(1000);
  }
  assert.equal(control.statements, 5);
  assert.deepEqual(lines.map(({ message }) => message), ["heartbeats could not be recorded, trying on"]);
  control.failing = false;
  heartbeats.beat(id);
  await clock.advance(1000);
  await eventually("it is written", async () => await freshOnes(db) === 1);
  await eventually("the end is logged", () => lines.length === 2);
});

dbTest("one write at a time, and beats that waited too long for it are not taken for new ones", async (db) => {
  const [quick, dead] = [await insertBackend(db), await insertBackend(db)];
  const { clock, control, heartbeats } = setUp(db);
  let open = () => {};
  control.gate = new Promise((resolve) => open = resolve);
  heartbeats.beat(quick);
  await clock.advance(1000);
  heartbeats.beat(dead);
  for (let second = 0; second < 10; second++) {
    await clock.advance(1000);
    heartbeats.beat(quick);
  }
  assert.equal(control.statements, 1);
  open();
  await eventually("the first is written", async () => await freshOnes(db) === 1);
  await eventually("the next is scheduled", () => clock.waiting > 0);
  await clock.advance(1000);
  await eventually("the second began", () => control.statements === 2);
  assert.equal(await freshOnes(db), 1);
});
