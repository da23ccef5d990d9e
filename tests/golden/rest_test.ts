// The REST API against the vectors recorded from b3scale 1.x (tests/fixtures/golden/rest/README.md), one test each; what
// deviates on purpose is written down in tests/support/golden_rest/deviations.ts.
import assert from "node:assert/strict";
import { compareAnswer, compareWith } from "../support/golden_rest/compare.ts";
import { restMisfits } from "../support/golden_rest/deviations.ts";
import { driveCallback } from "../support/golden_rest/drive_callback.ts";
import { type GoldenServer, startGoldenServer } from "../support/golden_rest/drive.ts";
import { DRIVEN_GROUPS, groupOf, loadRestVectors, type RestVector } from "../support/golden_rest/vector.ts";

/** Answers after 15 s: it has a server of its own meanwhile. */
const SLOW = "rpc.foreign-meeting-times-out";
/** A server goes by what it has known of a recording for some seconds. */
const REMEMBERED = "protected";

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

Deno.test("golden rest: the comparison sees what differs", () => {
  const row = { id: "{{uuid}}", at: "{{timestamp}}", list: [1, { a: null }], text: "a.b" };
  const same = { id: crypto.randomUUID(), at: "2024-01-02T03:04:05.123Z", list: [1, { a: null }], text: "a.b" };
  assert.deepEqual(compareWith("x", { ...same, health: "available" }, row), []);
  const different: readonly unknown[] = [
    { ...same, more: 1 },
    { ...same, id: "1" },
    { ...same, at: "2024-01-02 03:04:05" },
    { ...same, list: [1] },
    { ...same, list: [1, {}] },
    { ...same, list: { 0: 1, 1: { a: null } } },
    { ...same, text: "axb" },
    { id: same.id, at: same.at, list: same.list },
    null,
    "x",
  ];
  for (const one of different) assert.notDeepEqual(compareWith("x", one, row), [], JSON.stringify(one));
  const answer = { status: 200, headers: new Headers({ "content-type": "text/html" }), text: "{}" };
  const expected = { status: 200, headers: { "content-type": "text/html" }, json: {} };
  assert.deepEqual(compareAnswer(answer, expected), []);
  assert.equal(compareAnswer({ ...answer, status: 201 }, expected).length, 1);
  assert.equal(compareAnswer({ ...answer, headers: new Headers({ allow: "GET" }) }, expected).length, 2);
});

for (const vector of [...vectors.filter(({ name }) => name !== SLOW), ...vectors.filter(({ name }) => name === SLOW)]) {
  // The server outlives each of them.
  Deno.test(`golden rest: ${vector.name}`, { sanitizeOps: false, sanitizeResources: false }, async () => {
    const group = groupOf(vector);
    driven.set(group, (driven.get(group) ?? 0) + 1);
    if (group === REMEMBERED) return await driveAlone(vector);
    if (group === "callbacks") return await driveCallback(vector);
    if (vector.name !== SLOW) return await server.drive(vector);
    const error = await slow;
    if (error !== undefined) throw error;
  });
}

Deno.test("golden rest: every vector of the driven groups was driven", () => {
  for (const [group, count] of driven) console.log(`golden rest ${group}: ${count} vectors`);
  assert.deepEqual(Object.fromEntries(driven), DRIVEN_GROUPS);
});
