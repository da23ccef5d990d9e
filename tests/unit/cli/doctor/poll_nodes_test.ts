import assert from "node:assert/strict";
import { type PolledNode, pollNodes } from "../../../../cli/doctor/poll_nodes.ts";
import { ApiError } from "../../../../src/contract/client.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { ago, type Backend, fakeApi, make1xNode, makeNode } from "../../../support/doctor.ts";

interface Cluster {
  readonly nodes: readonly Backend[];
  /** Those of them that are there. */
  readonly there?: readonly Backend[];
  /** What a poll makes of a node, `afterMs` after it was asked for; undefined: it is gone then. */
  polled(node: Backend): Backend | undefined;
  readonly afterMs?: number;
}

/** A server whose nodes are polled by PATCH, on a clock of its own. */
function start({ nodes, there = nodes, polled, afterMs = 100 }: Cluster) {
  const clock = createFakeClock();
  const now = new Map(there.map((node) => [node.id, node]));
  const lines: string[] = [];
  let [underWay, most, lists] = [0, 0, 0];
  const api = fakeApi((asked, { params = {}, body }) => {
    if (asked === "GET /v1/backends") {
      lists++;
      return [...now.values()];
    }
    assert.deepEqual([asked, body], ["PATCH /v1/backends/:id", undefined]);
    const node = now.get(params["id"] ?? "");
    if (node === undefined) throw new ApiError("the resource could not be found (404)", 404);
    most = Math.max(most, ++underWay);
    clock.after(afterMs, () => {
      underWay--;
      const after = polled(node);
      if (after === undefined) now.delete(node.id);
      else now.set(node.id, after);
    });
    return node;
  });
  const interrupt = new AbortController();
  const world = { clock, signal: interrupt.signal, progress: (line: string) => void lines.push(line) };
  const result = pollNodes(world, api, nodes);
  return { result, clock, interrupt, lines, most: () => most, lists: () => lists };
}

const told = (nodes: readonly PolledNode[]) => nodes.map(({ backend, polled }) => [backend.id, polled]);
const many = (count: number) => Array.from({ length: count }, (_, index) => makeNode(`n${index}`));
const fresh = (node: Backend): Backend => ({ ...node, synced_at: ago(0) });

Deno.test("pollNodes() gives each node as it is after its poll, in their order", async () => {
  const { result, clock, lists } = start({ nodes: many(3), polled: fresh });
  await clock.advance(500);
  const nodes = await result;
  assert.deepEqual(told(nodes), [["n0", true], ["n1", true], ["n2", true]]);
  assert.equal(nodes[0]?.backend.synced_at, ago(0));
  assert.equal(lists(), 1);
});

const signs: readonly (readonly [what: string, before: Backend, after: Backend])[] = [
  ["health", makeNode("n"), makeNode("n", { health: "unstable", reasons: ["1 failed poll"] })],
  [
    "count of failed polls",
    makeNode("n", { health: "offline", reasons: ["4 failed polls: getMeetings: no answer in time"] }),
    makeNode("n", { health: "offline", reasons: ["5 failed polls: getMeetings: no answer in time"] }),
  ],
  [
    "age of its error",
    makeNode("n", { health: "unstable", reasons: ["last call failed 20 s ago: checksumError: x"] }),
    makeNode("n", { health: "unstable", reasons: ["last call failed 0 s ago: checksumError: x"] }),
  ],
  ["state on 1.x", make1xNode("n"), make1xNode("n", { node_state: "error", last_error: "x" })],
  ["error on 1.x", make1xNode("n", { last_error: "x" }), make1xNode("n", { last_error: "y" })],
];
for (const [what, before, after] of signs) {
  Deno.test(`pollNodes() knows a poll by the node's ${what}`, async () => {
    const { result, clock } = start({ nodes: [before], polled: () => after });
    await clock.advance(500);
    assert.deepEqual(await result, [{ backend: after, polled: true }]);
  });
}

Deno.test("pollNodes() waits 8 s for a node that looks as before, its error's age aside", async () => {
  const grown = makeNode("n", { health: "unstable", reasons: ["last call failed 90 s ago: checksumError: x"] });
  const node = makeNode("n", { health: "unstable", reasons: ["last call failed 20 s ago: checksumError: x"] });
  for (const after of [node, grown]) {
    const { result, clock, lists } = start({ nodes: [node], polled: () => after });
    await clock.advance(7999);
    assert.equal(lists(), 15);
    await clock.advance(1);
    assert.deepEqual(await result, [{ backend: after, polled: false }]);
  }
});

Deno.test("pollNodes() leaves out a node that is removed meanwhile", async () => {
  const nodes = many(4);
  const polled = (node: Backend) => node.id === "n1" ? undefined : fresh(node);
  const { result, clock } = start({ nodes, there: nodes.slice(0, 3), polled });
  await clock.advance(500);
  assert.deepEqual(told(await result), [["n0", true], ["n2", true]]);
});

Deno.test("pollNodes() has 500 dead nodes polled in a minute and a half, 64 at once, and says how far it is", async () => {
  const { result, clock, lines, most } = start({ nodes: many(500), polled: (node) => node, afterMs: 5000 });
  await clock.advance(80_000);
  assert.equal((await result).length, 500);
  assert.equal(most(), 64);
  assert.equal(lines[0], "nodes: 0 of 500 polled");
  assert.ok(lines.includes("nodes: 448 of 500 polled"));
  assert.ok(clock.monotonic() <= 90_000);
});

Deno.test("pollNodes() fills each place that becomes free, whatever slow nodes do", async () => {
  const slow = (node: Backend) => node.id === "n0" ? node : fresh(node);
  const { result, clock } = start({ nodes: many(500), polled: slow });
  await clock.advance(8500);
  assert.deepEqual(told(await result).filter(([, polled]) => !polled), [["n0", false]]);
});

Deno.test("pollNodes() ends when the operator interrupts", async () => {
  const { result, clock, interrupt } = start({ nodes: many(1), polled: (node) => node });
  await clock.advance(1000);
  interrupt.abort();
  await assert.rejects(result, { name: "AbortError" });
});
