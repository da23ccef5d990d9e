// What the triggers of extension 1 send to the cluster views of all processes, per table and operation.
import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { testDatabase } from "../../support/test_db.ts";

const FRONTEND = "00000000-0000-4000-8000-00000000000f";
const OTHER_FRONTEND = "00000000-0000-4000-8000-0000000000ff";
const BACKEND = "00000000-0000-4000-8000-00000000000b";
const OTHER_BACKEND = "00000000-0000-4000-8000-0000000000bb";

/** Collects until a sentinel comes back: notifications of one session arrive in the order of its commits. */
async function listenToChanges(pool: Pool): Promise<() => Promise<string[]>> {
  let seen: string[] = [];
  let end: ((seen: string[]) => void) | undefined;
  await pool.listen("b3scale_changes", (payload) => {
    if (payload !== "end") return void seen.push(payload);
    end?.(seen);
    seen = [];
  });
  return async () => {
    const all = new Promise<string[]>((resolve) => end = resolve);
    await pool.notify("b3scale_changes", "end");
    return await all;
  };
}

async function seed(db: Pool): Promise<void> {
  await db`insert into frontends (id, key, secret) values (${FRONTEND}, 'fe1', 's'), (${OTHER_FRONTEND}, 'fe2', 's')`;
  await db`insert into backends (id, host, secret) values (${BACKEND}, 'https://a/', 's'), (${OTHER_BACKEND}, 'https://b/', 's')`;
  await db`insert into meetings (id, internal_id, state, frontend_id, backend_id) values ('m1', 'i1', '{}', ${FRONTEND}, ${BACKEND})`;
  await db`insert into b3scale_reservations (meeting_id, backend_id) values ('m1', ${BACKEND})`;
  await db`insert into b3scale_backend_health (backend_id, good_at) values (${BACKEND}, now())`;
}

const sorted = (payloads: string[]) =>
  payloads.map((payload) => {
    const [, kind = "", ids = ""] = /^(\w+):(.*)$/s.exec(payload) ?? [];
    return `${kind} ${(JSON.parse(ids) as string[]).sort().join(" ")}`;
  });

/** What is done, and what comes of it; each on the rows of seed(). */
const cases: [string, string, string[]][] = [
  // frontends
  [
    "a new frontend",
    "insert into frontends (id, key, secret) values ('00000000-0000-4000-8000-000000000001', 'fe3', 's')",
    [
      "frontends 00000000-0000-4000-8000-000000000001",
    ],
  ],
  ...["key = 'x'", "secret = 'x'", "account_ref = 'x'", `settings = '{"a":1}'`, "active = false"].map(
    (set): [string, string, string[]] => [
      `frontends ${set}`,
      `update frontends set ${set} where key = 'fe1'`,
      [`frontends ${FRONTEND}`],
    ],
  ),
  ["frontends touched", "update frontends set updated_at = now(), synced_at = now(), secret = 's'", []],
  ["two frontends at once", "update frontends set active = false", [`frontends ${FRONTEND} ${OTHER_FRONTEND}`]],
  ["a deleted frontend, its meetings and reservations", `delete from frontends where id = '${FRONTEND}'`, [
    `frontends ${FRONTEND}`,
    "meetings m1",
  ]],
  // backends
  ...[
    "node_state = 'ready'",
    "admin_state = 'ready'",
    "load_factor = 2",
    "last_error = 'x'",
    "host = 'x'",
    "secret = 'x'",
    `settings = '{"a":1}'`,
    "agent_ref = 'x'",
  ].map((set): [string, string, string[]] => [
    `backends ${set}`,
    `update backends set ${set} where id = '${BACKEND}'`,
    [`backends ${BACKEND}`],
  ]),
  [
    "heartbeats, latency and counters",
    "update backends set agent_heartbeat = now(), latency = 5, meetings_count = 3, attendees_count = 9, synced_at = now(), updated_at = now()",
    [],
  ],
  ["a deleted backend, its health, reservations and meetings", `delete from backends where id = '${BACKEND}'`, [
    `backends ${BACKEND}`,
    "meetings m1",
  ]],
  // meetings
  ...[
    "internal_id = 'x'",
    `state = '{"Running":true}'`,
    "frontend_id = null",
    "backend_id = null",
    `backend_id = '${OTHER_BACKEND}'`,
  ].map(
    (set): [string, string, string[]] => [`meetings ${set}`, `update meetings set ${set}`, ["meetings m1"]],
  ),
  ["a meeting touched", "update meetings set updated_at = now(), synced_at = now(), state = '{}'", []],
  ["no row at all", "update meetings set internal_id = 'x' where id = 'nobody'", []],
  ["a renamed meeting", "delete from b3scale_reservations; update meetings set id = 'm2'", [
    "meetings m1",
    "meetings m1 m2",
  ]],
  ["a deleted meeting", "delete from meetings", ["meetings m1"]],
  ["an id that JSON escapes", `insert into meetings (id, state) values (E'a"b\\\\ä,\\n', '{}')`, [
    `meetings a"b\\ä,\n`,
  ]],
  // reservations
  ...[`backend_id = '${OTHER_BACKEND}'`, "expected = 99", "confirmed_at = now()"].map(
    (
      set,
    ): [string, string, string[]] => [`reservations ${set}`, `update b3scale_reservations set ${set}`, ["meetings m1"]],
  ),
  ["a reservation untouched", "update b3scale_reservations set expected = 15, created_at = now()", []],
  ["a reservation deleted", "delete from b3scale_reservations", ["meetings m1"]],
  // health
  ["a first health record", `insert into b3scale_backend_health (backend_id) values ('${OTHER_BACKEND}')`, [
    `backends ${OTHER_BACKEND}`,
  ]],
  ["another good poll", "update b3scale_backend_health set good_at = good_at + interval '10 s', due_at = now()", []],
  ["a failed poll", "update b3scale_backend_health set failed_polls = 1, failed_at = good_at + interval '1 s'", [
    `backends ${BACKEND}`,
  ]],
  ["a failure without a count", "update b3scale_backend_health set failed_at = good_at + interval '1 s'", [
    `backends ${BACKEND}`,
  ]],
  ["an old failure", "update b3scale_backend_health set failed_at = good_at - interval '1 s'", []],
  ["another error", "update b3scale_backend_health set last_error = 'x'", [`backends ${BACKEND}`]],
  ["a health record deleted", "delete from b3scale_backend_health", [`backends ${BACKEND}`]],
];

Deno.test("triggers notify what matters to the view and nothing else", async (t) => {
  await using test = await testDatabase();
  const changes = await listenToChanges(test.pool);
  for (const [name, sql, expected] of cases) {
    await t.step(name, async () => {
      await test.pool`truncate frontends, backends, meetings cascade`;
      await seed(test.pool);
      await changes();
      await test.pool.unsafe(sql);
      assert.deepEqual([...new Set(sorted(await changes()))].sort(), expected);
    });
  }
});

Deno.test("triggers notify the rows of seed() on insert, by table", async () => {
  await using test = await testDatabase();
  const changes = await listenToChanges(test.pool);
  await seed(test.pool);
  assert.deepEqual(sorted(await changes()), [
    `frontends ${FRONTEND} ${OTHER_FRONTEND}`,
    `backends ${BACKEND} ${OTHER_BACKEND}`,
    "meetings m1",
    "meetings m1", // its reservation
    `backends ${BACKEND}`, // its health
  ]);
});

Deno.test("triggers split 3000 long ids into payloads below 8000 bytes and lose none", async () => {
  await using test = await testDatabase();
  const changes = await listenToChanges(test.pool);
  await test.pool`insert into meetings (id, state) select n || repeat('ä', 240), '{}' from generate_series(1, 3000) n`;
  await test.pool`insert into meetings (id, state) select n || repeat(chr(1), 250), '{}' from generate_series(1, 20) n`; // 6 bytes each
  const payloads = await changes();
  const encoder = new TextEncoder();
  for (const payload of payloads) assert(encoder.encode(payload).length < 8000);
  const ids = payloads.flatMap((payload) => JSON.parse(payload.slice("meetings:".length)) as string[]);
  assert.equal(new Set(ids).size, 3020);
  assert.equal(ids.length, 3020);
  assert(payloads.length < 3000 * 490 / 7000 + 20, `${payloads.length} payloads`);
});
