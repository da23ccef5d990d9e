// Many agents at once over HTTP: no acknowledged event is lost, and heartbeats cost next to nothing. Rates: bench/agent.ts.
import assert from "node:assert/strict";
import { startAgentLoad } from "../../bench/agent_load.ts";
import { startCluster } from "../support/cluster.ts";

Deno.test("2,000 events of 100 agents that beat each second leave exact counters, over two processes", async () => {
  await using cluster = await startCluster({ processes: 2, nodes: 0 });
  const { db, origins } = cluster;
  const secret = "a secret of tests that has at least 32 bytes";
  const load = await startAgentLoad({ db, origins, secret, backends: 100, meetings: 60 });
  const result = await load.run({ events: 2000, perSecond: 1000 });
  assert.deepEqual(result.refused, []);
  assert.equal(result.acknowledged, 2000);
  assert.deepEqual(await load.differences(), []);
  assert(result.heartbeats >= 100, `${result.heartbeats} heartbeats`);
  // Each process writes its beats once a second, and the counters that 1.x balances by.
  assert(result.writesPerSecond < 10, `${result.writesPerSecond} statements a second`);
});
