import assert from "node:assert/strict";
import type { Check } from "../../../../cli/doctor/check.ts";
import { examine } from "../../../../cli/doctor/examine.ts";
import type { Fetch } from "../../../../src/deps.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { ago, makeCommand, makeNode, makeTenant, NOW } from "../../../support/doctor.ts";

const STATUS = {
  version: "2.0.0",
  build: "abc",
  api: "v1",
  account_ref: "",
  is_admin: true,
  features: [],
  database: { available: true, database: "b3", migrated: true, migration: null, pending_migrations: 0, error: null },
};
const PUBLIC = {
  target: "https://b3s.example",
  public_url: true,
  allowed: true,
  reachable: true,
  status: 401,
  reason: null,
};

type Answers = Readonly<Record<string, unknown>>;

const GOOD: Answers = {
  "GET /api/v1": STATUS,
  "GET /api/v1/backends": [makeNode("n1", { synced_at: ago(0) })],
  "PATCH /api/v1/backends/n1": makeNode("n1"),
  "GET /api/v1/frontends": [makeTenant("fe1")],
  "POST /api/v1/callbacks-check": PUBLIC,
  "GET /api/v1/callbacks": [],
  "GET /api/v1/commands": [makeCommand()],
};

/**
 * @param answers undefined for one: 500
 * @param behindMs of our clock, as against the server's
 */
async function run(answers: Answers, { behindMs = 0 } = {}) {
  const clock = createFakeClock(NOW - behindMs);
  const asked: string[] = [];
  const fetch: Fetch = (url, { method = "GET" }) => {
    const one = `${method} ${new URL(url).pathname}`;
    asked.push(one);
    const answer = answers[one];
    const headers = { date: new Date(clock.now() + behindMs).toUTCString() };
    return Promise.resolve(
      answer === undefined ? new Response("", { status: 500 }) : Response.json(answer, { headers }),
    );
  };
  const checks: Check[] = [];
  const stored = { path: "/token", token: "jwt", mode: 0o100600 };
  const signal = new AbortController().signal;
  const world = { apiUrl: "https://b3s.example", fetch, clock, signal, stored, progress: () => {} };
  const examined = (async () => {
    for await (const check of examine(world)) checks.push(check);
  })();
  await clock.advance(20_000);
  await examined;
  return { told: checks.map(({ check, state }) => `${check} ${state}`), asked, checks };
}

Deno.test("examine() goes from the server to its queue, and asks for each list once", async () => {
  const { told, asked } = await run(GOOD);
  assert.deepEqual(told, [
    "server ok",
    "token ok",
    "database ok",
    "clock ok",
    "node ok",
    "cluster ok",
    "frontend ok",
    "callback ok",
    "callback ok",
    "queue ok",
  ]);
  assert.deepEqual(asked, [
    "GET /api/v1",
    "GET /api/v1/backends",
    "PATCH /api/v1/backends/n1",
    "GET /api/v1/backends",
    "GET /api/v1/frontends",
    "POST /api/v1/callbacks-check",
    "GET /api/v1/callbacks",
    "GET /api/v1/commands",
  ]);
});

const LISTS = ["GET /api/v1/backends", "GET /api/v1/frontends", "POST /api/v1/callbacks-check", "GET /api/v1/commands"];
const subjects = ["node", "frontend", "callback", "queue"];
for (const [index, list] of LISTS.entries()) {
  Deno.test(`examine() says that ${list} fails, and goes on`, async () => {
    const { told, checks } = await run({ ...GOOD, [list]: undefined });
    const subject = subjects[index];
    assert.ok(told.includes(`${subject} problem`));
    assert.match(checks.find(({ check }) => check === subject)?.message ?? "", /^\w+ cannot be examined: .*500/);
    for (const other of subjects) if (other !== subject) assert.ok(told.includes(`${other} ok`), other);
  });
}

Deno.test("examine() asks a server without a usable database only for its public URL", async () => {
  for (const database of [{ available: false, migrated: false }, { migrated: false, pending_migrations: 1 }]) {
    const status = { ...STATUS, database: { ...STATUS.database, ...database } };
    const { told, asked } = await run({ ...GOOD, "GET /api/v1": status });
    assert.deepEqual(told, ["server ok", "token ok", "database problem", "clock ok", "callback ok"]);
    assert.deepEqual(asked, ["GET /api/v1", "POST /api/v1/callbacks-check"]);
  }
});

Deno.test("examine() ends where the server takes no admin", async () => {
  const { told, asked } = await run({ ...GOOD, "GET /api/v1": { ...STATUS, is_admin: false } });
  assert.deepEqual(told, ["server ok", "token problem", "database ok", "clock ok"]);
  assert.deepEqual(asked, ["GET /api/v1"]);
});

Deno.test("examine() counts ages by the server's clock", async () => {
  const answers = {
    ...GOOD,
    "GET /api/v1/backends": [makeNode("n1", { synced_at: ago(0), agent_heartbeat: ago(1) })],
    "GET /api/v1/commands": [makeCommand({ state: "requested", created_at: ago(20) })],
  };
  const { checks } = await run(answers, { behindMs: 90_000 });
  const find = (wanted: string) => checks.find(({ check }) => check === wanted);
  assert.equal(find("clock")?.state, "problem");
  assert.match(find("node")?.message ?? "", /its agent is alive$/);
  assert.equal(find("queue")?.state, "problem", "a command of 20 s ago");
});
