import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { readQueueDepth } from "../../../src/store/queue_depth.ts";
import { dbTest } from "../../support/db_test.ts";
import { insertFrontend, uuid } from "../../support/make.ts";

const insertCommand = (db: Pool, state: string, age: number) =>
  db`insert into commands (state, action, deadline, created_at)
    values (${state}, 'update_node_state', localtimestamp + interval '2 minutes',
      localtimestamp - make_interval(secs => ${age}::float8))`;

const insertCallback = (db: Pool, frontendID: string, age: number, diedAge: number | null) =>
  db`insert into b3scale_callbacks (frontend_id, kind, url, origin, request_id, created_at, give_up_at, died_at, reason)
    values (${frontendID}, 'meeting_ended', 'https://lms.example/x', 'https://lms.example', 'r1',
      localtimestamp - make_interval(secs => ${age}::float8), localtimestamp + interval '3 days',
      localtimestamp - make_interval(secs => ${diedAge}::float8), ${diedAge === null ? null : "expired"})`;

const insertImport = (db: Pool, number: number, state: string) =>
  db`insert into b3scale_recording_imports (record_id, format, digest, folder, state)
    values (${`rec-${number}`}, 'presentation', 'digest', ${uuid(number)}, ${state})`;

const near = (seconds: number, expected: number) => seconds >= expected && seconds < expected + 20;

dbTest("readQueueDepth() counts nothing in an empty database", async (db) => {
  assert.deepEqual(await readQueueDepth(db), {
    commandsRequested: 0,
    commandsRunning: 0,
    oldestCommandAge: 0,
    callbacksWaiting: 0,
    callbacksDead: 0,
    oldestCallbackAge: 0,
    importsRequested: 0,
    importsMoving: 0,
    importsFailed: 0,
    moves: 0,
  });
});

dbTest("readQueueDepth() counts what waits, and how long the oldest has", async (db) => {
  const frontendID = await insertFrontend(db);
  for (const age of [10, 100, 3]) await insertCommand(db, "requested", age);
  await insertCommand(db, "running", 500);
  await insertCommand(db, "success", 900);
  await insertCommand(db, "error", 900);
  await insertCallback(db, frontendID, 7200, null);
  await insertCallback(db, frontendID, 60, null);
  await insertCallback(db, frontendID, 99_000, 5);
  for (
    const [number, state] of ["requested", "requested", "requested", "moving", "moving", "failed", "done"].entries()
  ) {
    await insertImport(db, number, state);
  }
  await db`insert into b3scale_recording_moves (record_id, target) values ('rec-1', 'trash'), ('rec-2', 'published')`;

  const { oldestCommandAge, oldestCallbackAge, ...counts } = await readQueueDepth(db);
  assert(near(oldestCommandAge, 100), `${oldestCommandAge} s`);
  assert(near(oldestCallbackAge, 7200), `${oldestCallbackAge} s`);
  assert.deepEqual(counts, {
    commandsRequested: 3,
    commandsRunning: 1,
    callbacksWaiting: 2,
    callbacksDead: 1,
    importsRequested: 3,
    importsMoving: 2,
    importsFailed: 1,
    moves: 2,
  });
});
