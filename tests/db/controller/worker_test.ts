import assert from "node:assert/strict";
import type { BbbNode } from "../../../demo/bbb_node/node.ts";
import { createWorker } from "../../../src/controller/worker.ts";
import type { Pool } from "../../../src/deps.ts";
import { insertCommand } from "../../../src/store/commands.ts";
import { commandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { fakeNode, fakeNodes } from "../../support/fake_node.ts";
import { insertBackend } from "../../support/make.ts";
import { eventually } from "../../support/wait.ts";

const register = (db: Pool, node: BbbNode) => insertBackend(db, { host: node.url, secret: node.secret });
const outcomes = async (db: Pool) =>
  (await db`select action, state, result from commands order by seq`).map((
    { action, state, result },
  ) => [action, state, result]);

dbTest("createWorker() runs commands and writes how they ended", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node);
  const nobody = crypto.randomUUID();
  await insertCommand(db, "update_node_state", { ID: id });
  await insertCommand(db, "update_node_state", { ID: nobody });
  await insertCommand(db, "update_meeting_state", { ID: "gone" });
  await insertCommand(db, "collect_garbage", null);
  await insertCommand(db, "end_all_meetings", {});
  await insertCommand(db, "toString", null);
  const worker = createWorker(deps);
  assert.equal(await worker.claim(), false);
  await worker.idle();
  assert.deepEqual(await outcomes(db), [
    ["update_node_state", "success", true],
    ["update_node_state", "error", `backend not found: ${nobody}`],
    ["update_meeting_state", "success", false],
    ["collect_garbage", "success", true],
    ["end_all_meetings", "error", 'parameter "BackendID" is missing'],
    ["toString", "error", "command unknown"],
  ]);
});

dbTest("createWorker() does not run a command past its deadline", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await insertCommand(db, "update_node_state", { ID: await register(db, node) });
  await db`update commands set deadline = localtimestamp - interval '1 second'`;
  const worker = createWorker(deps);
  await worker.claim();
  await worker.idle();
  assert.deepEqual(await outcomes(db), [["update_node_state", "error", "timedout"]]);
  assert.equal(node.calls.length, 0);
});

dbTest("createWorker() never runs more at once than there are places, and says when one is free", async (db) => {
  await using nodes = await fakeNodes(5);
  using deps = commandDeps(db, { B3SCALE_CMD_WORKER_POOL_SIZE: "2" });
  for (const node of nodes) {
    node.fail({ kind: "hang" });
    await insertCommand(db, "update_node_state", { ID: await register(db, node) });
  }
  const worker = createWorker(deps);
  let freed = 0;
  worker.onFree(() => freed++);
  assert.equal(await worker.claim(), true);
  assert.equal(await worker.claim(), false);
  const running = async () => (await db`select from commands where state = 'running'`).length;
  assert.equal(await running(), 2);
  await Promise.all([0, 1].map((index) => nodes.at(index).waitForCalls(1)));
  nodes.at(0).release();
  await eventually("a place is free", () => freed === 1);
  assert.equal(await running(), 1);
  assert.equal(await worker.claim(), true);
  assert.equal(await running(), 2);
  for (const node of nodes) await node.heal();
  for (;;) {
    for (const node of nodes) node.release();
    await worker.idle();
    if (!await worker.claim()) break;
  }
  await worker.idle();
  assert.equal((await outcomes(db)).filter(([, state]) => state === "success").length, 5);
});

dbTest("createWorker() polls the others while a node hangs", async (db) => {
  await using nodes = await fakeNodes(6);
  using deps = commandDeps(db);
  nodes.at(0).fail({ kind: "hang" });
  for (const node of nodes) await insertCommand(db, "update_node_state", { ID: await register(db, node) });
  const worker = createWorker(deps);
  await worker.claim();
  await nodes.at(0).waitForCalls(1);
  await eventually(
    "the others are polled",
    async () => (await db`select from commands where state = 'success'`).length === 5,
  );
  assert.equal((await db`select from commands where state = 'running'`).length, 1);
  await deps.clock.advance(5000);
  await worker.idle();
  assert.equal((await db`select from commands where state = 'success'`).length, 6);
});

dbTest("createWorker() survives a command that it cannot finish", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await insertCommand(db, "update_node_state", { ID: await register(db, node) });
  node.fail({ kind: "hang" });
  const worker = createWorker(deps);
  await worker.claim();
  await node.waitForCalls(1);
  await db`alter table commands rename to commands_away`;
  node.release();
  await worker.idle();
  assert(deps.lines.some(({ message }) => message === "command could not be finished"));
});
