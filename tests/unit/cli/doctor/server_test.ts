import assert from "node:assert/strict";
import { databaseFinding, visitServer } from "../../../../cli/doctor/server.ts";
import type { StoredToken } from "../../../../cli/doctor/check.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";

const DATABASE = {
  available: true,
  database: "b3scale",
  migrated: true,
  migration: { applied_at: "2026-01-01T00:00:00Z", description: "node agent api", version: 2 },
  pending_migrations: 0,
  error: null,
};
const STATUS = {
  version: "2.0.0",
  build: "abc",
  api: "v1",
  account_ref: "",
  is_admin: true,
  database: DATABASE,
  features: [],
};
const STORED: StoredToken = { path: "/home/me/token", token: "jwt", mode: 0o100600 };
const START = Date.UTC(2026, 0, 1, 12);

interface Scene {
  readonly answer: Response | Error;
  readonly stored?: StoredToken;
  readonly takesMs?: number;
}

async function visit({ answer, stored = STORED, takesMs = 0 }: Scene) {
  const clock = createFakeClock(START);
  const asked: [string, string | null][] = [];
  const visiting = visitServer({
    apiUrl: "https://b3s.example",
    clock,
    signal: new AbortController().signal,
    stored,
    progress: () => {},
    fetch: async (url, { headers, signal }) => {
      asked.push([url, new Headers(headers).get("authorization")]);
      await clock.sleep(takesMs, signal ?? undefined);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  await clock.advance(takesMs);
  const { checks, server } = await visiting;
  const find = (wanted: string) => checks.filter(({ check }) => check === wanted);
  return {
    server,
    asked,
    find,
    told: checks.map(({ check, state, message }) => `${check} ${state} ${message}`),
    checks,
  };
}

const status = (fields: object = {}, date = START) =>
  Response.json({ ...STATUS, ...fields }, { headers: { date: new Date(date).toUTCString() } });
const refusal = (code: number, message: string) => Response.json({ message }, { status: code });

Deno.test("visitServer() has nothing to mend on a good server", async () => {
  const { told, server, asked } = await visit({ answer: status() });
  assert.deepEqual(told, [
    "server ok https://b3s.example is b3scale 2.0.0 (abc)",
    "token ok the stored token is accepted as an admin's",
    'database ok database "b3scale" is migrated (schema version 2)',
    "clock ok the clocks of this machine and of the server agree",
  ]);
  assert.deepEqual(asked, [["https://b3s.example/api/v1", "Bearer jwt"]]);
  assert.equal(server?.status.version, "2.0.0");
});

Deno.test("visitServer() tells a 1.x server by what it does not list", async () => {
  const { told } = await visit({ answer: status({ features: undefined, version: "1.3.1" }) });
  assert.equal(told[0], "server ok https://b3s.example is b3scale 1.3.1 (abc), a 1.x server");
});

const failed = (text: string) => new TypeError("fetch failed", { cause: new Error(text) });
const away: readonly (readonly [answer: Response | Error, message: RegExp, hint: RegExp])[] = [
  [failed("tcp connect error: Connection refused (os error 111)"), /connection refused/, /start b3scaled/],
  [failed("client error (Connect): dns error: no such name"), /dns error/, /correct the name/],
  [failed("invalid peer certificate: Expired"), /certificate/, /renew the server's certificate/],
  [failed("something else"), /cannot reach/, /check the network/],
  [
    new Response(null, { status: 301, headers: { location: "https://new.example/" } }),
    /new\.example/,
    /address it leads to/,
  ],
  [new Response("<html>", { status: 502 }), /502/, /reverse proxy expects/],
  [new Response("<html>", { status: 200 }), /is no b3scaled/, /pass \/api on/],
  [Response.json({ version: 7 }), /is no b3scaled/, /pass \/api on/],
  [Response.json(null), /is no b3scaled/, /pass \/api on/],
  [Response.json([]), /is no b3scaled/, /pass \/api on/],
  [new Response("", { status: 404 }), /is no b3scaled/, /pass \/api on/],
  [refusal(401, "who are you?"), /is no b3scaled/, /pass \/api on/],
  [refusal(500, "Internal Server Error"), /answers 500/, /log of b3scaled/],
];
for (const [answer, message, hint] of away) {
  Deno.test(`visitServer() names what is wrong: ${message.source}, ${answer instanceof Error ? "no answer" : answer.status}`, async () => {
    const { server, checks } = await visit({ answer });
    assert.equal(server, undefined);
    assert.deepEqual(checks.map(({ check, state }) => [check, state]), [["server", "problem"]]);
    assert.match(checks[0]?.message ?? "", message);
    assert.match(checks[0]?.hint ?? "", hint);
  });
}

Deno.test("visitServer() does not wait for ever", async () => {
  const { checks } = await visit({ answer: status(), takesMs: 10_000 });
  assert.match(checks[0]?.message ?? "", /did not answer within 10 s/);
});

Deno.test("visitServer() looks at the stored token even when the server is away", async () => {
  const answer = failed("Connection refused");
  assert.match(
    (await visit({ answer, stored: { ...STORED, mode: 0o100644 } })).told[1] ?? "",
    /^token warning .*mode 0644/,
  );
  assert.match(
    (await visit({ answer, stored: { ...STORED, token: undefined } })).told[1] ?? "",
    /^token problem no token/,
  );
});

Deno.test("visitServer() says what to do about each kind of token", async () => {
  const one = async (scene: Scene) => {
    const { find, server } = await visit(scene);
    assert.equal(find("server")[0]?.state, "ok");
    return [server !== undefined, ...find("token").map(({ state, hint }) => `${state} ${hint}`)];
  };
  const authorize = "run b3scalectl auth authorize with the server's B3SCALE_API_JWT_SECRET";
  const missing = { ...STORED, token: undefined, mode: null };
  assert.deepEqual(await one({ answer: refusal(401, "invalid or expired jwt") }), [false, `problem ${authorize}`]);
  assert.deepEqual(await one({ answer: refusal(401, "invalid or expired jwt"), stored: missing }), [
    false,
    `problem ${authorize}`,
  ]);
  const damaged = { ...STORED, token: "two words" };
  assert.deepEqual(await one({ answer: refusal(401, "invalid or expired jwt"), stored: damaged }), [
    false,
    `problem ${authorize}`,
  ]);
  assert.deepEqual(await one({ answer: refusal(429, "Too Many Requests") }), [false, "problem try again in a minute"]);
  assert.deepEqual(await one({ answer: status({ is_admin: false }) }), [false, `problem ${authorize}`]);
  assert.deepEqual(await one({ answer: status(), stored: { ...STORED, mode: 0o100640 } }), [
    true,
    "warning run chmod 600 /home/me/token",
    "ok ",
  ]);
  assert.deepEqual(await one({ answer: status(), stored: { ...STORED, mode: null } }), [true, "ok "]);
});

const databases: readonly (readonly [fields: object, state: string, message: RegExp, hint: RegExp])[] = [
  [{}, "ok", /schema version 2/, /^$/],
  [
    { available: false, migrated: false, error: "connect ECONNREFUSED" },
    "problem",
    /is away: connect/,
    /B3SCALE_DB_URL/,
  ],
  [{ migrated: false, pending_migrations: 3 }, "problem", /3 migrations are pending/, /^run b3scalectl db migrate$/],
  [{ migrated: false, error: "migrated by a newer version" }, "problem", /newer version/, /newer b3scaled/],
];
for (const [fields, state, message, hint] of databases) {
  Deno.test(`databaseFinding() of ${JSON.stringify(fields)} is ${state}`, () => {
    const finding = databaseFinding({ ...DATABASE, ...fields });
    assert.equal(finding.state, state);
    assert.match(finding.message, message);
    assert.match(finding.hint, hint);
  });
}

const skews: readonly (readonly [dateMs: number, takesMs: number, state: string, skewMs: number])[] = [
  [0, 0, "ok", 0],
  [5000, 0, "ok", 5000],
  [6000, 0, "warning", 6000],
  [-7000, 0, "warning", -6000], // a date has whole seconds
  [60_000, 0, "warning", 60_000],
  [61_000, 0, "problem", 61_000],
  [-62_000, 0, "problem", -61_000],
  [9000, 9000, "ok", 0], // written at any moment of the call
  [-9000, 9000, "warning", -8000],
];
for (const [dateMs, takesMs, state, skewMs] of skews) {
  Deno.test(`visitServer() calls a clock ${skewMs} ms off ${state}, of an answer that took ${takesMs} ms`, async () => {
    const { find, server } = await visit({ answer: status({}, START + dateMs), takesMs });
    assert.deepEqual([find("clock")[0]?.state, server?.skewMs], [state, skewMs]);
  });
}

Deno.test("visitServer() says which clock is ahead, and what to do", async () => {
  const [clock] = (await visit({ answer: status({}, START - 91_000) })).find("clock");
  assert.equal(clock?.message, "the server's clock is 90 s behind this one's");
  assert.match(clock?.hint ?? "", /NTP/);
  const undated = await visit({ answer: Response.json(STATUS) });
  assert.equal(undated.find("clock")[0]?.state, "warning");
  assert.equal(undated.server?.skewMs, 0);
});
