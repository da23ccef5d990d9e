import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import {
  claimCommands,
  type Command,
  COMMAND_LEASE_SECONDS,
  finishCommand,
  insertCommand,
  reapCommands,
  scheduleCommands,
} from "../../../src/store/commands.ts";
import { dbTest } from "../../support/db_test.ts";
import { type BackendFields, insertBackend } from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";

const INTERVALS = { agentlessSeconds: 10, agentSeconds: 20, garbageSeconds: 600 };

async function insertMany(db: Pool, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await insertCommand(db, "update_node_state", { ID: String(index) });
}
async function claimOne(db: Pool): Promise<Command> {
  const [command] = await claimCommands(db, 1);
  assert(command !== undefined);
  return command;
}
const row = async (db: Pool, id: string) =>
  (await db`select state, result, params, started_at, stopped_at,
    extract(epoch from deadline - created_at)::float8 as life from commands where id = ${id}`)[0];

dbTest("insertCommand() writes a row as 1.x does", async (db) => {
  await insertCommand(db, "end_all_meetings", { BackendID: "b" });
  await insertCommand(db, "collect_garbage", null);
  const rows = await db`select state, action, params::text, result, started_at, stopped_at,
    round(extract(epoch from deadline - localtimestamp))::int as life from commands order by seq`;
  const rest = { state: "requested", result: null, started_at: null, stopped_at: null, life: 120 };
  assert.deepEqual(rows.map((one) => ({ ...one })), [
    { ...rest, action: "end_all_meetings", params: `{"BackendID":"b"}` },
    { ...rest, action: "collect_garbage", params: "null" },
  ]);
});

dbTest("claimCommands() takes the lowest numbers first, never more than asked for", async (db) => {
  await insertMany(db, 5);
  const claimed = await claimCommands(db, 2);
  assert.deepEqual(claimed.map(({ params }) => params).sort(), [{ ID: "0" }, { ID: "1" }]);
  assert(claimed.every((command) => !command.expired && command.action === "update_node_state"));
  assert.equal((await claimCommands(db, 10)).length, 3);
  assert.equal((await claimCommands(db, 10)).length, 0);
  assert.equal((await row(db, claimed[0]?.id ?? ""))?.state, "running");
});

dbTest("claimCommands() gives two callers different commands", async (db, url) => {
  await insertMany(db, 200);
  const pools = [db, openTestPool(url), openTestPool(url)];
  try {
    const claimed = await Promise.all(
      Array.from({ length: 60 }, (_, index) => claimCommands(pools[index % 3] ?? db, 1 + index % 7)),
    );
    for (const [index, commands] of claimed.entries()) assert(commands.length <= 1 + index % 7);
    const ids = [...claimed.flat(), ...await claimCommands(db, 300)].map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.length, 200);
  } finally {
    for (const pool of pools.slice(1)) await pool.end();
  }
});

dbTest("claimCommands() and a 1.x worker never get the same command", async (db) => {
  await insertMany(db, 3);
  await db.begin(async (worker) => { // 1.x holds its row in a transaction while the command runs
    const [theirs] = await worker<{ id: string; params: { ID: string } }[]>`
      select id, params from commands where state = 'requested' order by seq limit 1 for update skip locked`;
    assert.equal(theirs?.params.ID, "0");
    const ours = await claimOne(db);
    assert.deepEqual(ours.params, { ID: "1" });
    const [next] = await worker<{ params: { ID: string } }[]>`
      select params from commands where state = 'requested' and id <> ${theirs.id} order by seq limit 1 for update skip locked`;
    assert.equal(next?.params.ID, "2");
    await worker`update commands set state = 'success', started_at = now(), stopped_at = now() where id = ${theirs.id}`;
  });
  assert.deepEqual((await claimOne(db)).params, { ID: "2" });
});

dbTest("claimCommands() says of a command past its deadline that it is expired", async (db) => {
  await insertMany(db, 1);
  await db`update commands set deadline = localtimestamp - interval '1 second'`;
  assert.equal((await claimOne(db)).expired, true);
});

dbTest("finishCommand() writes state, result and end", async (db) => {
  await insertMany(db, 2);
  const [good, bad] = [await claimOne(db), await claimOne(db)];
  assert.equal(await finishCommand(db, good, { state: "success", result: false }), true);
  assert.equal(await finishCommand(db, bad, { state: "error", result: 'backend not found: "x"' }), true);
  const rows = [await row(db, good.id), await row(db, bad.id)];
  assert.deepEqual(rows.map((one) => [one?.state, one?.result]), [["success", false], [
    "error",
    'backend not found: "x"',
  ]]);
  assert(rows.every((one) => one?.stopped_at >= one?.started_at));
});

const age = (db: Pool, seconds: number) =>
  db`update commands set started_at = started_at - make_interval(secs => ${seconds}::float8)`;

dbTest("reapCommands() gives back what a dead worker held, and leaves the others", async (db) => {
  await insertMany(db, 1);
  const command = await claimOne(db);
  await age(db, COMMAND_LEASE_SECONDS - 5);
  await reapCommands(db);
  assert.equal((await row(db, command.id))?.state, "running");
  await age(db, 6);
  await reapCommands(db);
  assert.equal((await row(db, command.id))?.state, "requested");
  assert.equal((await claimOne(db)).id, command.id);
});

dbTest("reapCommands() ends a command that is past its deadline", async (db) => {
  await insertMany(db, 1);
  const command = await claimOne(db);
  await db`update commands set deadline = localtimestamp`;
  await age(db, COMMAND_LEASE_SECONDS + 1);
  await reapCommands(db);
  const ended = await row(db, command.id);
  assert.deepEqual([ended?.state, ended?.result], ["error", "timedout"]);
  assert(ended?.stopped_at instanceof Date);
});

dbTest("reapCommands() does not touch what waits or has ended", async (db) => {
  await insertMany(db, 2);
  await finishCommand(db, await claimOne(db), { state: "success", result: true });
  await db`update commands set started_at = localtimestamp - interval '1 day'`;
  await reapCommands(db);
  assert.deepEqual((await db`select state from commands order by seq`).map(({ state }) => state), [
    "success",
    "requested",
  ]);
});

dbTest(
  "finishCommand() is refused when the lease was over, also when somebody else has the command now",
  async (db) => {
    await insertMany(db, 1);
    const first = await claimOne(db);
    await age(db, COMMAND_LEASE_SECONDS + 1);
    await reapCommands(db);
    assert.equal(await finishCommand(db, first, { state: "success", result: true }), false);
    const second = await claimOne(db);
    assert.equal(await finishCommand(db, first, { state: "error", result: "late" }), false);
    assert.equal(await finishCommand(db, second, { state: "success", result: true }), true);
    assert.equal(await finishCommand(db, second, { state: "error", result: "twice" }), false);
    assert.equal((await row(db, second.id))?.result, true);
  },
);

const schedule = (db: Pool) => db.begin((tx) => scheduleCommands(tx, INTERVALS)) as Promise<number>;
const requested = async (db: Pool, action: string) =>
  (await db<{ params: Record<string, string> }[]>`
    select params from commands where action = ${action} and state = 'requested' order by seq`).map(({ params }) =>
    params
  );

/** A node and whether it is polled now. */
const due: [name: string, backend: BackendFields, isDue: boolean][] = [
  ["never polled", { node_state: "init", syncedAge: 0 }, true],
  ["not wanted yet", { node_state: "init", admin_state: "init", syncedAge: 100 }, false],
  ["stopped, agentless, 11 s", { admin_state: "stopped", syncedAge: 11 }, true],
  ["decommissioned, agentless, 11 s", { admin_state: "decommissioned", syncedAge: 11 }, true],
  ["agentless, polled by 1.x 9 s ago", { syncedAge: 9 }, false],
  ["agentless, polled by 1.x 11 s ago", { syncedAge: 11 }, true],
  ["live agent, polled by 1.x 19 s ago", { heartbeatAge: 1, syncedAge: 19 }, false],
  ["live agent, polled by 1.x 21 s ago", { heartbeatAge: 1, syncedAge: 21 }, true],
  ["1.x says error 1 s ago", { node_state: "error", syncedAge: 1 }, false],
  ["1.x says error 3 s ago", { node_state: "error", syncedAge: 3 }, true],
  ["our turn has come", { goodAge: 10, dueIn: -0.1 }, true],
  ["our turn is to come", { goodAge: 60, syncedAge: 60, dueIn: 5 }, false],
  ["failing, its turn has come", { node_state: "error", failedPolls: 1, failedAge: 2, dueIn: 0 }, true],
  ["failing, its turn is to come", { node_state: "error", failedPolls: 1, failedAge: 1, dueIn: 1 }, false],
  ["heartbeat just lost, not polled since", { heartbeatAge: 6, goodAge: 5, syncedAge: 5, dueIn: 15 }, true],
  ["heartbeat just lost, polled a second ago", { heartbeatAge: 6, goodAge: 1.5, syncedAge: 1.5, dueIn: 15 }, false],
  ["heartbeat lost, polled well since", { heartbeatAge: 60, goodAge: 9, syncedAge: 9, dueIn: 5 }, false],
  ["heartbeat lost, failing, its turn is to come", {
    heartbeatAge: 60,
    node_state: "error",
    failedPolls: 3,
    failedAge: 5,
    dueIn: 5,
  }, false],
];
dbTest("scheduleCommands() polls the nodes that are due and no others", async (db) => {
  const ids = new Map<string, string>();
  for (const [name, backend] of due) ids.set(await insertBackend(db, { host: name, ...backend }), name);
  assert.equal(await schedule(db), due.filter(([, , isDue]) => isDue).length + 1 + 1); // a removal, garbage
  const polled = (await requested(db, "update_node_state")).map((params) => ids.get(params["ID"] ?? ""));
  assert.deepEqual(polled.sort(), due.filter(([, , isDue]) => isDue).map(([name]) => name).sort());
});

dbTest("scheduleCommands() requests nothing twice: not while it waits or runs, nor 1.5 s after", async (db) => {
  await insertBackend(db, { syncedAge: 60, admin_state: "decommissioned" });
  assert.equal(await schedule(db), 3);
  assert.equal(await schedule(db), 0);
  const claimed = await claimCommands(db, 10);
  assert.equal(await schedule(db), 0);
  for (const command of claimed) await finishCommand(db, command, { state: "success", result: false });
  assert.equal(await schedule(db), 0);
  await db`update commands set created_at = localtimestamp - interval '2 seconds'`;
  assert.equal(await schedule(db), 1);
  assert.equal((await requested(db, "update_node_state")).length, 1);
  await db`update commands set created_at = localtimestamp - interval '11 seconds'`;
  await schedule(db);
  assert.equal((await requested(db, "decommission_backend")).length, 1);
  await db`update commands set created_at = localtimestamp - interval '601 seconds'`;
  await schedule(db);
  assert.equal((await requested(db, "collect_garbage")).length, 1);
});

dbTest("scheduleCommands() skips a node that a 1.x worker is to poll", async (db) => {
  const id = await insertBackend(db, { syncedAge: 60 });
  await db`insert into commands (action, params, deadline)
    values ('update_node_state', ${db.json({ ID: id })}::json, localtimestamp + interval '120 seconds')`;
  await schedule(db);
  assert.equal((await requested(db, "update_node_state")).length, 1);
});

dbTest("scheduleCommands() is not confused by odd parameters of others", async (db) => {
  const id = await insertBackend(db, { syncedAge: 60 });
  for (const params of ["null", "[]", `"text"`, "5", `{"ID":null}`]) {
    await db`insert into commands (action, params, deadline) values ('update_node_state', ${params}::text::json, localtimestamp)`;
  }
  await schedule(db);
  assert(JSON.stringify(await requested(db, "update_node_state")).includes(id));
});

dbTest("scheduleCommands() never requests two polls of one node in 8 rounds at once", async (db, url) => {
  for (let index = 0; index < 20; index++) await insertBackend(db, { host: `n${index}`, syncedAge: 60 });
  const peer = openTestPool(url);
  try {
    const rounds = await Promise.all(Array.from({ length: 8 }, (_, index) => schedule(index % 2 === 0 ? db : peer)));
    assert.equal(rounds.reduce((sum, count) => sum + count, 0), 21);
    const ids = (await requested(db, "update_node_state")).map((params) => params["ID"]);
    assert.equal(new Set(ids).size, 20);
    assert.equal(ids.length, 20);
  } finally {
    await peer.end();
  }
});

dbTest("scheduleCommands() skips while another round is under way", async (db) => {
  await insertBackend(db, { syncedAge: 60 });
  await db.begin(async (tx) => {
    assert.equal(await scheduleCommands(tx, INTERVALS), 2);
    assert.equal(await schedule(db), 0);
  });
});

dbTest(
  "scheduleCommands() writes parameters that 1.x reads, and asks for garbage once for all processes",
  async (db) => {
    const id = await insertBackend(db, { syncedAge: 60, admin_state: "decommissioned" });
    await schedule(db);
    const rows = await db`select action, params::text from commands order by action`;
    assert.deepEqual(rows.map(({ action, params }) => [action, String(params).replaceAll(" ", "")]), [
      ["collect_garbage", "null"],
      ["decommission_backend", `{"id":"${id}"}`],
      ["update_node_state", `{"ID":"${id}"}`],
    ]);
  },
);
