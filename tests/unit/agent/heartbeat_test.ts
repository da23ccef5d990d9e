import assert from "node:assert/strict";
import { sendHeartbeats } from "../../../agent/heartbeat.ts";
import { FatalError } from "../../../agent/settings.ts";
import { createApiClient } from "../../../src/contract/client.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";

const ID = "00000000-0000-4000-8000-0000000000b1";
const beat = (backend_id = ID) => Response.json({ backend_id, heartbeat: "2026-01-01T00:00:00Z" });
const unknown = () => Response.json({ message: "Not Found" }, { status: 404 });

type Answer = (turn: number, clock: FakeClock, signal: AbortSignal) => Response | Promise<Response>;

function setUp(answer: Answer) {
  const clock = createFakeClock();
  const controller = new AbortController();
  const { log, lines } = makeLog();
  /** When each request began. */
  const at: number[] = [];
  const seen = { underWay: 0, most: 0, requests: new Set<string>() };
  const api = createApiClient({
    url: "http://b3scale.test",
    token: "abc",
    userAgent: "b3scaleagent/0",
    clock,
    timeoutMs: 20_000,
    fetch: async (url, { method, body, signal }) => {
      assert(signal);
      at.push(clock.monotonic());
      seen.requests.add(`${method} ${url} ${body ?? "no body"}`);
      seen.most = Math.max(seen.most, ++seen.underWay);
      try {
        return await answer(at.length, clock, signal);
      } finally {
        seen.underWay--;
      }
    },
  });
  let outcome: unknown = "running";
  const done = sendHeartbeats({ api, clock, log }, { backendID: ID, features: [] }, controller.signal)
    .then(() => outcome = "ended", (error) => outcome = error);
  return { clock, controller, lines, at, seen, done, outcome: () => outcome };
}

const hang: Answer = (_turn, clock, signal) => clock.sleep(Infinity, signal).then(() => beat());

Deno.test("sendHeartbeats() pauses a second after each end, and ends with the signal", async () => {
  const { clock, controller, lines, at, seen, done, outcome } = setUp((_turn, clock) =>
    clock.sleep(300).then(() => beat())
  );
  await clock.advance(4000);
  assert.deepEqual(at, [0, 1300, 2600, 3900]);
  assert.deepEqual([...seen.requests], ["POST http://b3scale.test/api/v1/agent/heartbeat no body"]);
  assert.deepEqual(lines, []);
  controller.abort();
  await clock.advance(300);
  await done;
  assert.equal(outcome(), "ended");
  assert.equal(clock.waiting, 0);
});

Deno.test("sendHeartbeats() gives up a request after 5 s, and never has two", async () => {
  const { clock, controller, lines, at, seen, done } = setUp((turn, clock, signal) =>
    turn === 2 ? beat() : hang(turn, clock, signal)
  );
  await clock.advance(13_000);
  assert.deepEqual(at, [0, 6000, 7000, 13_000]);
  assert.equal(seen.most, 1);
  const failed = {
    level: "warn",
    message: "heartbeat failed, trying on",
    fields: { error: "no answer within 5 s" },
  };
  const back = { level: "info", message: "heartbeats arrive again", fields: {} };
  assert.deepEqual(lines, [failed, back, failed]);
  controller.abort();
  await done;
});

Deno.test("sendHeartbeats() ends at once when the signal aborts under a request", async () => {
  const { clock, controller, lines, done, outcome } = setUp(hang);
  await clock.advance(1000);
  controller.abort();
  await done;
  assert.equal(outcome(), "ended");
  assert.deepEqual(lines, []);
  assert.equal(clock.waiting, 0);
});

Deno.test("sendHeartbeats() outlives every failure, and reminds of it once a minute", async () => {
  const failures: readonly Answer[] = [
    () => Promise.reject(new TypeError("fetch failed", { cause: new Error("tcp connect error: Connection refused") })),
    () => new Response("<html>", { status: 502 }),
    () => Response.json({ message: "Internal Server Error" }, { status: 500 }),
    () => Response.json({ message: "invalid or expired jwt" }, { status: 401 }),
    () => new Response("no JSON"),
  ];
  const { clock, controller, lines, at, done } = setUp((turn, ...rest) =>
    turn <= 150 ? failures[turn % failures.length]?.(turn, ...rest) ?? beat() : beat()
  );
  await clock.advance(160_000);
  assert.equal(at.length, 161);
  assert.deepEqual(lines.map(({ message }) => message), [
    ...Array(3).fill("heartbeat failed, trying on"),
    "heartbeats arrive again",
  ]);
  controller.abort();
  await done;
});

Deno.test("sendHeartbeats() says that the server has no backend, and waits half a minute for it", async () => {
  const { clock, controller, lines, at, done, outcome } = setUp((turn) => turn <= 29 ? unknown() : beat());
  await clock.advance(100_000);
  assert.equal(outcome(), "running");
  assert.equal(at.length, 101);
  assert.deepEqual(lines, [
    {
      level: "warn",
      message: "heartbeat refused, the server has no backend of this agent",
      fields: { error: "the resource could not be found (404)" },
    },
    { level: "info", message: "the server has a backend of this agent again", fields: {} },
  ]);
  controller.abort();
  await done;
});

Deno.test("sendHeartbeats() counts only answers without a backend that follow each other", async () => {
  const { clock, controller, done, outcome } = setUp((turn) =>
    turn % 20 !== 0 ? unknown() : turn % 40 === 0 ? beat() : new Response("", { status: 502 })
  );
  await clock.advance(200_000);
  assert.equal(outcome(), "running");
  controller.abort();
  await done;
});

Deno.test("sendHeartbeats() throws when the backend stays away", async () => {
  const { clock, at, done, outcome } = setUp(unknown);
  await clock.advance(100_000);
  await done;
  assert.equal(at.length, 30);
  const error = outcome();
  assert(error instanceof FatalError);
  assert.equal(error.message, "the server has no backend of this agent any more");
  assert.equal(error.fields["backend_id"], ID);
  assert.equal(clock.waiting, 0);
});

Deno.test("sendHeartbeats() throws at once when the agent has another backend", async () => {
  const { clock, at, done, outcome } = setUp((turn) => turn === 3 ? beat("another") : beat());
  await clock.advance(10_000);
  await done;
  assert.deepEqual(at, [0, 1000, 2000]);
  const error = outcome();
  assert(error instanceof FatalError);
  assert.equal(error.message, "the agent has another backend now");
  assert.equal(error.fields["backend_id"], "another");
});
