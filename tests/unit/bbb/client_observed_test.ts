// What the node client tells the metrics of each call.
import assert from "node:assert/strict";
import { createNodeClient, type NodeAddress, NodeError, type NodeRequest } from "../../../src/bbb/client.ts";
import type { Fetch } from "../../../src/deps.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { noteMetrics } from "../../support/noted_metrics.ts";

const NODE: NodeAddress = {
  id: "b1",
  host: "https://bbb1.example.org/bigbluebutton/api",
  secret: "639259d4-9dd8-4b25-bf01-95f9567eaf4b",
  checksum_algorithm: "sha256",
};
const GET: NodeRequest = {
  method: "GET",
  resource: "getMeetings",
  params: new Map(),
  idempotent: true,
  timeoutMs: 2000,
};

/** @param answerOf what `fetch` gives after 500 ms */
function start(answerOf: (signal: AbortSignal | null | undefined) => Response | Promise<Response>) {
  const clock = createFakeClock();
  const metrics = noteMetrics();
  const fetch: Fetch = async (_, { signal }) => {
    await clock.sleep(500, signal ?? undefined);
    return await answerOf(signal);
  };
  const client = createNodeClient({ fetch, fetchOnce: fetch, clock, observe: metrics.nodeCall });
  return { clock, metrics, call: (request = GET) => client.call(NODE, request) };
}
const observed = (error: string | undefined, seconds = 0.5) => [
  { host: NODE.host, resource: "getMeetings", error, seconds },
];

Deno.test("call() tells of a good answer once its body is there", async () => {
  const { clock, metrics, call } = start(() => new Response("<response/>"));
  const answering = call();
  await clock.advance(499);
  assert.deepEqual(metrics.calls, []);
  await clock.advance(1);
  await answering;
  assert.deepEqual(metrics.calls, observed(undefined));
});

const outcomes:
  readonly (readonly [name: string, answer: () => Response | Promise<Response>, error: string | undefined])[] = [
    ["a bad status", () => new Response("", { status: 502 }), "status"],
    ["a redirect", () => new Response("", { status: 302 }), "status"],
    ["204", () => new Response(null, { status: 204 }), undefined],
    [
      "a refused connection",
      () => Promise.reject(new TypeError("client error (Connect): connection refused")),
      "refused",
    ],
    ["an answer without an end", () => new Response(endless()), "too large"],
  ];
for (const [name, answer, error] of outcomes) {
  Deno.test(`call() tells of ${name}`, async () => {
    const { clock, metrics, call } = start(answer);
    const answering = call().catch((thrown) => assert.ok(thrown instanceof NodeError));
    await clock.advance(500);
    await answering;
    assert.deepEqual(metrics.calls, observed(error));
  });
}

Deno.test("call() tells of the redirect that a node answers a join with as of a good answer", async () => {
  const { clock, metrics, call } = start(() => new Response("", { status: 302 }));
  const answering = call({ ...GET, resource: "join" });
  await clock.advance(500);
  await answering;
  assert.deepEqual(metrics.calls.map(({ resource, error }) => [resource, error]), [["join", undefined]]);
});

Deno.test("call() tells of a deadline that passed while waiting for a place", async () => {
  const { clock, metrics, call } = start((signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
  );
  const calls = Promise.allSettled(Array.from({ length: 33 }, () => call()));
  await clock.advance(2000);
  await calls;
  assert.deepEqual(metrics.calls, Array.from({ length: 33 }, () => observed("timeout", 2)).flat());
});

const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)) });
