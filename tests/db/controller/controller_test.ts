import assert from "node:assert/strict";
import type { BbbNode } from "../../../demo/bbb_node/node.ts";
import { createController } from "../../../src/controller/controller.ts";
import type { Pool } from "../../../src/deps.ts";
import { recordFailedCall } from "../../../src/store/backend_health.ts";
import { insertCommand } from "../../../src/store/commands.ts";
import { commandDeps, type TestCommandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { fakeNode, fakeNodes } from "../../support/fake_node.ts";
import { type BackendFields, insertBackend } from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";
import { eventually } from "../../support/wait.ts";

const register = (db: Pool, node: BbbNode, fields: BackendFields = {}) =>
  insertBackend(db, { host: node.url, secret: node.secret, ...fields });

/** A controller that works until the test ends. */
function start(deps: TestCommandDeps): AsyncDisposable {
  const controller = new AbortController();
  const running = createController(deps).run(controller.signal);
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}

/** While no time passes. */
const calledAtOnce = (deps: TestCommandDeps, node: BbbNode) =>
  eventually("the node is polled", async () => {
    await deps.clock.advance(0);
    return node.calls.length === 1;
  });

dbTest("createController() polls what is due at once, and then at its turn", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node, { node_state: "init" });
  await using _controller = start(deps);
  await node.waitForCalls(1);
  await eventually(
    "the poll is written",
    async () => (await db`select from commands where action = 'update_node_state' and state = 'success'`).length === 1,
  );
  await db`update b3scale_backend_health set due_at = localtimestamp where backend_id = ${id}`;
  await db`update commands set created_at = created_at - interval '2 seconds'`;
  await eventually("it is polled again", async () => {
    await deps.clock.advance(1000);
    return node.calls.length === 2;
  });
});

dbTest("createController() polls a node whose call failed without waiting for its round", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node, { dueIn: 60, goodAge: 1 });
  await using _controller = start(deps);
  await eventually(
    "it listens",
    async () =>
      (await db`select from pg_stat_activity where datname = current_database() and query ilike 'listen %'`).length ===
        1,
  );
  await recordFailedCall(db, id, "create: connection refused");
  await calledAtOnce(deps, node);
});

dbTest("createController() takes a command that a peer inserts without waiting for its round", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node, { dueIn: 60, goodAge: 1 });
  await using _controller = start(deps);
  await eventually(
    "it listens",
    async () =>
      (await db`select from pg_stat_activity where datname = current_database() and query ilike 'listen %'`).length ===
        1,
  );
  await insertCommand(db, "update_node_state", { ID: id });
  await calledAtOnce(deps, node);
});

dbTest("createController() of two processes polls each node once", async (db, url) => {
  await using nodes = await fakeNodes(4);
  const peerPool = openTestPool(url);
  try {
    using ours = commandDeps(db);
    using theirs = commandDeps(peerPool);
    for (const node of nodes) await register(db, node, { node_state: "init" });
    {
      await using _one = start(ours);
      await using _two = start(theirs);
      await Promise.all(nodes.all.map((node) => node.waitForCalls(1)));
      await Promise.all([ours.clock.advance(1000), theirs.clock.advance(1000)]);
    }
    assert.deepEqual(nodes.all.map(({ calls }) => calls.length), [1, 1, 1, 1]);
    assert.equal((await db`select from commands where action = 'update_node_state'`).length, 4);
  } finally {
    await peerPool.end();
  }
});

dbTest("createController() finishes what runs before it ends", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await register(db, node, { node_state: "init" });
  node.fail({ kind: "hang" });
  const controller = new AbortController();
  let ended = false;
  const running = createController(deps).run(controller.signal).then(() => ended = true);
  await node.waitForCalls(1);
  controller.abort();
  await deps.clock.advance(100);
  assert.equal(ended, false);
  node.release();
  await running;
  assert.equal((await db`select from commands where action = 'update_node_state' and state = 'success'`).length, 1);
});

dbTest("createController() takes back what a dead process held", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  const id = await register(db, node, { dueIn: 60, goodAge: 1 });
  await insertCommand(db, "update_node_state", { ID: id });
  await db`update commands set state = 'running', started_at = localtimestamp - interval '71 seconds'`;
  await using _controller = start(deps);
  await eventually("it is done", async () => {
    await deps.clock.advance(1000);
    return node.calls.length === 1;
  });
});

dbTest("createController() goes on after the database was away", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await db`alter table commands rename to commands_away`;
  await register(db, node, { node_state: "init" });
  await using _controller = start(deps);
  await eventually("it has said so", async () => {
    await deps.clock.advance(1000);
    return deps.lines.some(({ message }) => message === "scheduling commands failed, trying on");
  });
  await db`alter table commands_away rename to commands`;
  await eventually("the node is polled", async () => {
    await deps.clock.advance(1000);
    return node.calls.length > 0;
  });
});

dbTest("createController() says that it waits for a lock on the queue, and that it goes on", async (db) => {
  await using node = await fakeNode();
  using deps = commandDeps(db);
  await register(db, node, { node_state: "init" });
  const said = (message: string) =>
    eventually(message, async () => {
      await deps.clock.advance(1000);
      return deps.lines.some((line) => line.message === message);
    });
  await using stack = new AsyncDisposableStack();
  await db.begin(async (tx) => {
    await tx`lock table commands in exclusive mode`;
    stack.use(start(deps));
    await said("scheduling commands takes long");
    assert.equal(node.calls.length, 0);
  });
  await said("scheduling commands goes on");
  await node.waitForCalls(1);
});
