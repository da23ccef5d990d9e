import assert from "node:assert/strict";
import { createPoolGauges } from "../../../src/metrics/database_pool.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";

Deno.test("createPoolGauges() tells what works, and what waits once all connections do", async () => {
  const registry = createRegistry();
  const onWork = createPoolGauges({ registry, poolSize: 2 });
  const values = async () => {
    const lines = (await registry.metrics()).split("\n");
    return [
      'b3scale_database_connections{state="busy"}',
      "b3scale_database_connections_max",
      "b3scale_database_queries_waiting",
    ].map((name) => Number(lines.find((line) => line.startsWith(`${name} `))?.split(" ")[1]));
  };
  assert.deepEqual(await values(), [0, 2, 0]);
  onWork(1);
  assert.deepEqual(await values(), [1, 2, 0]);
  for (let i = 0; i < 4; i++) onWork(1);
  assert.deepEqual(await values(), [2, 2, 3]);
  for (let i = 0; i < 5; i++) onWork(-1);
  assert.deepEqual(await values(), [0, 2, 0]);
});
