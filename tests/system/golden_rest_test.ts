// The REST API against the vectors recorded from b3scale 1.x (tests/fixtures/golden/rest/README.md), one test each; what
// deviates on purpose is written down in tests/support/golden_rest/deviations.ts.
import assert from "node:assert/strict";
import { restMisfits } from "../support/golden_rest/deviations.ts";
import { type GoldenServer, startGoldenServer } from "../support/golden_rest/drive.ts";
import { DRIVEN_GROUPS, groupOf, loadRestVectors, type RestVector } from "../support/golden_rest/vector.ts";

/** Answers after 15 s: it has a server of its own meanwhile. */
const SLOW = "rpc.foreign-meeting-times-out";

const vectors = loadRestVectors();
const driven = new Map<string, number>();
let server: GoldenServer;
let slow: Promise<unknown> = Promise.resolve();

async function driveAlone(vector: RestVector): Promise<void> {
  await using own = await startGoldenServer();
  await own.drive(vector);
}

Deno.test.beforeAll(async () => {
  server = await startGoldenServer();
  const vector = vectors.find(({ name }) => name === SLOW);
  assert.ok(vector !== undefined);
  slow = driveAlone(vector).catch((error: unknown) => error);
});

Deno.test.afterAll(async () => {
  await slow;
  await server[Symbol.asyncDispose]();
});

Deno.test("golden rest: the table of deviations fits the vectors", () => {
  assert.deepEqual(restMisfits(vectors), []);
});

for (const vector of [...vectors.filter(({ name }) => name !== SLOW), ...vectors.filter(({ name }) => name === SLOW)]) {
  // The server outlives each of them.
  Deno.test(`golden rest: ${vector.name}`, { sanitizeOps: false, sanitizeResources: false }, async () => {
    const group = groupOf(vector);
    driven.set(group, (driven.get(group) ?? 0) + 1);
    if (vector.name !== SLOW) return await server.drive(vector);
    const error = await slow;
    if (error !== undefined) throw error;
  });
}

Deno.test("golden rest: every vector of the driven groups was driven", () => {
  for (const [group, count] of driven) console.log(`golden rest ${group}: ${count} vectors`);
  assert.deepEqual(Object.fromEntries(driven), DRIVEN_GROUPS);
});
