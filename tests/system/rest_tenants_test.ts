// What an account's token can see and change: its own frontends, and nothing else. One attempt per endpoint value, so that
// a new route without one fails.
import assert from "node:assert/strict";
import { ENDPOINTS } from "../../src/contract/openapi_tables.ts";
import { exampleOf } from "../support/rest_examples.ts";
import { ACCOUNT, AGENT, IDS, type RestApp, startRestApp } from "../support/rest_app.ts";

interface Attempt {
  /** Below `/api`; absent: as in the example of the route. */
  readonly path?: string;
  readonly json?: unknown;
  /** Where the account's scope is not enough, 403. */
  readonly status: 200 | 400 | 403 | 404;
  readonly answer?: unknown;
}

const FORBIDDEN: Attempt = { status: 403 };
const NOT_THERE = { status: 404, answer: { message: "Not Found" } } as const;

/** By `acct1`, at what is `acct2`'s. */
const ATTEMPTS: Readonly<Record<string, readonly Attempt[]>> = {
  "status.root": [{ status: 200 }],
  "status.status": [{ status: 200 }],
  "status.migrate": [FORBIDDEN],
  "status.audit": [FORBIDDEN],
  "frontends.list": [
    { path: "/v1/frontends?account_ref=acct2", status: 200, answer: [] },
    { path: "/v1/frontends?key=fe2", status: 200, answer: [] },
    { path: "/v1/frontends?key__like=2", status: 200, answer: [] },
    { path: "/v1/frontends", status: 200 },
  ],
  "frontends.create": [{ json: { bbb: { key: "more", secret: "s" }, account_ref: "acct1" }, status: 403 }],
  "frontends.show": [{ path: `/v1/frontends/${IDS.fe2}`, ...NOT_THERE }],
  "frontends.update": [
    { path: `/v1/frontends/${IDS.fe2}`, json: { active: false }, ...NOT_THERE },
    { path: `/v1/frontends/${IDS.fe2}`, json: { account_ref: "acct1" }, ...NOT_THERE },
    { path: `/v1/frontends/${IDS.fe2}`, json: { bbb: { secret: "stolen" } }, ...NOT_THERE },
    // Away from itself is into another one's hands.
    { path: `/v1/frontends/${IDS.fe1}`, json: { account_ref: "acct2" }, status: 200 },
    { path: `/v1/frontends/${IDS.fe1}`, json: { id: IDS.fe2, settings: {} }, status: 200 },
  ],
  "frontends.delete": [
    { path: `/v1/frontends/${IDS.fe2}`, status: 403 },
    { path: `/v1/frontends/${IDS.fe1}`, status: 403 },
  ],
  "backends.list": [FORBIDDEN],
  "backends.create": [FORBIDDEN],
  "backends.show": [FORBIDDEN],
  "backends.update": [FORBIDDEN],
  "backends.delete": [FORBIDDEN],
  "meetings.list": [FORBIDDEN, { path: "/v1/meetings?frontend_key=fe1", status: 403 }],
  "meetings.show": [{ path: "/v1/meetings/m2", status: 403 }],
  "meetings.update": [{ path: "/v1/meetings/m2", status: 403 }],
  "meetings.delete": [{ path: "/v1/meetings/m2", status: 403 }],
  "recordings.list": [FORBIDDEN, { path: "/v1/recordings?frontend_key=fe1", status: 403 }],
  "recordings.show": [FORBIDDEN, { path: `/v1/recordings/${IDS.recording2}`, status: 403 }],
  "recordings.expiring": [FORBIDDEN, { path: "/v1/recordings-expiring?frontend_key=fe1", status: 403 }],
  "recordings.setVisibility": [
    { json: { record_id: IDS.recording1, visibility: "public" }, status: 403 },
    { json: { record_id: IDS.recording2, visibility: "public" }, status: 403 },
  ],
  "imports.import": [FORBIDDEN],
  "imports.upload": [FORBIDDEN],
  "imports.list": [FORBIDDEN],
  "imports.retry": [FORBIDDEN],
  "commands.list": [FORBIDDEN],
  "commands.create": [FORBIDDEN],
  "commands.show": [FORBIDDEN],
  "callbacks.list": [FORBIDDEN, { path: "/v1/callbacks?frontend_key=fe1", status: 403 }],
  "callbacks.retry": [FORBIDDEN],
  "callbacks.delete": [FORBIDDEN],
  "callbacks.check": [FORBIDDEN, { json: {}, status: 403 }, { json: { url: "https://lms.example/" }, status: 403 }],
  "agent.backend": [FORBIDDEN],
  "agent.heartbeat": [FORBIDDEN],
  "agent.rpc": [FORBIDDEN],
};

/** What must stand in no answer to the account. */
const SECRETS = [
  "fe2",
  "acct2",
  "hello2",
  "tag2",
  "node1",
  "node2",
  "mp2",
  "Room",
  "meta1",
  "meta2",
  "int-m",
  IDS.fe2,
  IDS.node1,
];

/** Everything but the account's own frontend. */
async function foreignRows({ db }: RestApp): Promise<string> {
  const [row] = await db<{ all: string }[]>`
    select concat_ws(' ', (select json_agg(t order by id) from frontends t where id <> ${IDS.fe1}),
      (select account_ref from frontends where id = ${IDS.fe1}),
      (select json_agg(t order by id) from backends t), (select json_agg(t order by id) from meetings t),
      (select json_agg(t order by meeting_id) from frontend_meetings t),
      (select json_agg(t order by record_id) from recordings t), (select json_agg(t order by seq) from commands t), (select json_agg(t) from b3scale_callbacks t),
      (select json_agg(t) from b3scale_recording_imports t)) as all`;
  return row?.all ?? "";
}

Deno.test("every endpoint has attempts of an account at what is another's", () => {
  assert.deepEqual(Object.keys(ATTEMPTS).sort(), Object.keys(ENDPOINTS).sort());
});

Deno.test("an account sees and changes nothing of another account, of nodes, meetings and commands", async (t) => {
  await using rest = await startRestApp();
  for (const [id, { method, path }] of Object.entries(ENDPOINTS)) {
    const example = exampleOf(`${method} /api${path.replace(/:(\w+)/g, "{$1}")}`, 200);
    for (const attempt of ATTEMPTS[id] ?? []) {
      await t.step(`${id} ${attempt.path ?? ""} ${JSON.stringify(attempt.json) ?? ""}`.trim(), async () => {
        await rest.reset();
        const before = await foreignRows(rest);
        const told = await rest.ask({ ...example, method, token: ACCOUNT, ...attempt });
        assert.equal(told.status, attempt.status, told.text);
        if (attempt.answer !== undefined) assert.deepEqual(told.json, attempt.answer);
        for (const secret of SECRETS) assert.ok(!told.text.includes(secret), `it tells "${secret}": ${told.text}`);
        assert.equal(await foreignRows(rest), before, "foreign rows have changed");
      });
    }
  }
});

Deno.test("a token without an account sees no frontend, not even those without one", async () => {
  await using rest = await startRestApp();
  await rest.db`update frontends set account_ref = null where id = ${IDS.fe1}`;
  await rest.db`update frontends set account_ref = '' where id = ${IDS.fe2}`;
  for (const token of [{ scope: "b3scale" }, { scope: "b3scale", sub: "" }]) {
    assert.deepEqual((await rest.ask({ method: "GET", path: "/v1/frontends", token })).json, []);
    for (const id of [IDS.fe1, IDS.fe2]) {
      for (const method of ["GET", "PATCH"]) {
        const told = await rest.ask({
          method,
          path: `/v1/frontends/${id}`,
          token,
          json: method === "GET" ? undefined : {},
        });
        assert.equal(told.status, 404, told.text);
      }
    }
  }
});

Deno.test("an agent sees and changes nothing of another node, even when it is an account, too", async () => {
  await using rest = await startRestApp();
  for (const scope of ["b3scale:node", "b3scale:node b3scale"]) {
    const token = { ...AGENT, scope };
    const before = await rest.snapshot();
    const attempts: readonly (readonly [method: string, path: string, json?: unknown])[] = [
      ["GET", `/v1/backends/${IDS.node2}`],
      ["PATCH", `/v1/backends/${IDS.node2}`, { bbb: { secret: "stolen" } }],
      ["GET", "/v1/meetings/m2"],
      ["GET", "/v1/meetings/internal:int-m2"],
      ["PATCH", "/v1/meetings/m2", { meeting: { Running: false } }],
      ["PATCH", "/v1/meetings/internal:int-m2", { meeting: { Running: false } }],
      ["DELETE", "/v1/meetings/m2"],
      ["DELETE", "/v1/meetings/internal:int-m2"],
    ];
    for (const [method, path, json] of attempts) {
      const told = await rest.ask({ method, path, json, token });
      assert.deepEqual([told.status, told.json], [404, { message: "Not Found" }], `${method} ${path}: ${told.text}`);
    }
    assert.equal(await rest.snapshot(), before);
  }
});
