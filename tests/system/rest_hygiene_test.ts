// What every REST request passes whatever it asks for: limits, ids, the log, the audit; and the documentation beside it.
import assert from "node:assert/strict";
import { createApp } from "../../src/app.ts";
import type { OpenApi } from "../../src/contract/openapi.ts";
import { createFakeClock } from "../support/fake_clock.ts";
import { buildToken } from "../support/golden_rest/token.ts";
import { makeLog } from "../support/make.ts";
import { ADMIN, type Ask, IDS, startRestApp, tell, type Told } from "../support/rest_app.ts";

const LIMIT = 16 * 1024 * 1024;
const OWN: Ask = { method: "PATCH", path: `/v1/frontends/${IDS.fe1}`, token: ADMIN };

Deno.test("a body of 16 MiB is read, and one byte more is 413, whatever its length is said to be", async () => {
  await using rest = await startRestApp();
  const body = (size: number) => `{"x":"${"x".repeat(size - 8)}"}`;
  assert.equal((await rest.ask({ ...OWN, text: body(LIMIT) })).status, 200);
  const before = await rest.snapshot();
  for (const headers of [undefined, { "content-length": "5" }]) {
    const told = await rest.ask({ ...OWN, text: body(LIMIT + 1), headers });
    assert.deepEqual([told.status, told.json], [413, { message: "Request Entity Too Large" }]);
  }
  assert.equal(await rest.snapshot(), before);
});

Deno.test("a body nested a hundred thousand times is 400", async () => {
  await using rest = await startRestApp();
  const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  const asks: Ask[] = [
    { ...OWN, text: deep },
    { ...OWN, text: `{"settings":${deep}}` },
    { ...OWN, method: "POST", path: "/v1/commands", text: `{"action":"end_all_meetings","params":${deep}}` },
    {
      ...OWN,
      method: "POST",
      path: "/v1/commands",
      text: `{"action":"end_all_meetings","params":${"[".repeat(1e5)}${"]".repeat(1e5)}}`,
    },
    {
      ...OWN,
      method: "POST",
      path: "/v1/agent/rpc",
      token: { scope: "b3scale:node", sub: "agent1" },
      text: `{"payload":${deep}}`,
    },
  ];
  for (const ask of asks) {
    const told = await rest.ask(ask);
    assert.equal(told.status, 400, `${ask.method} ${ask.path}: ${told.text}`);
  }
});

Deno.test("a body that ends before its end is no failure of ours", async () => {
  await using rest = await startRestApp();
  const { log, lines } = makeLog();
  const body = new ReadableStream({ pull: (controller) => controller.error(new Deno.errors.BadResource("gone")) });
  const headers = { authorization: `Bearer ${buildToken(ADMIN)}`, "content-type": "application/json" };
  const request = new Request(`http://b3scale.test/api${OWN.path}`, { method: "PATCH", headers, body });
  assert.equal((await createApp({ ...rest.deps, log })(request)).status, 400);
  assert.deepEqual(lines.filter(({ level }) => level === "error"), []);
});

Deno.test("a body that a route does not take is not read", async () => {
  await using rest = await startRestApp();
  for (const [method, path] of [["POST", "/v1/ctrl/migrate"], ["DELETE", `/v1/frontends/${IDS.fe2}`]] as const) {
    const told = await rest.ask({
      method,
      path,
      token: ADMIN,
      text: "no JSON",
      headers: { "content-type": "text/plain" },
    });
    assert.equal(told.status, 200, told.text);
  }
});

Deno.test("each answer carries the request's id, its own when it is harmless", async () => {
  await using rest = await startRestApp();
  const idOf = async (ask: Ask) => (await rest.ask(ask)).headers.get("x-request-id") ?? "";
  assert.equal(await idOf({ ...OWN, headers: { "x-request-id": "abc-1.2:3" } }), "abc-1.2:3");
  assert.equal(await idOf({ method: "GET", path: "/v1/nope", headers: { "x-request-id": "r7" } }), "r7");
  for (const odd of ["x".repeat(65), "a b", 'a"b', "<x>"]) {
    assert.match(await idOf({ ...OWN, headers: { "x-request-id": odd } }), /^[0-9a-f-]{36}$/);
  }
  assert.notEqual(await idOf(OWN), await idOf(OWN));
});

Deno.test("one line in the access log per request, with the status that was sent", async () => {
  await using rest = await startRestApp();
  const { log, lines } = makeLog();
  const app = createApp({ ...rest.deps, log });
  const asks: readonly (readonly [ask: Ask, status: number])[] = [
    [{ ...OWN, json: {} }, 200],
    [{ ...OWN, token: undefined }, 401],
    [{ ...OWN, token: { scope: "b3scale:node" } }, 403],
    [{ ...OWN, path: "/v1/frontends/x" }, 404],
    [{ ...OWN, text: "{" }, 400],
    [{ ...OWN, json: { bbb: { key: "fe2" } } }, 409],
    [{ ...OWN, text: "x", headers: { "content-type": "text/plain" } }, 415],
  ];
  for (const [ask, status] of asks) {
    lines.length = 0;
    await tell(app, { ...ask, headers: { ...ask.headers, "x-request-id": "r1" } });
    const access = lines.filter(({ fields }) => "uri" in fields);
    assert.deepEqual(access.map(({ fields }) => [fields.status, fields.method, fields.uri, fields.request_id]), [
      [status, ask.method, `/api${ask.path}`, "r1"],
    ]);
  }
});

Deno.test("an address that shows thirty wrong tokens within a minute has to wait, but not with a good one", async () => {
  await using rest = await startRestApp();
  const clock = createFakeClock(Date.now());
  const app = createApp({ ...rest.deps, clock });
  const ask = (token: Ask["token"], peer: string, headers = {}) =>
    tell(app, { method: "GET", path: "/v1/frontends", token, peer, headers });
  const [wrong, right] = [{ ...ADMIN, secret: "wrong" }, ADMIN];
  for (let n = 0; n < 30; n++) assert.equal((await ask(wrong, "192.0.2.1")).status, 401);
  const told = await ask(wrong, "192.0.2.1");
  assert.deepEqual([told.status, told.json], [429, { message: "Too Many Requests" }]);
  assert.equal((await ask(right, "192.0.2.1")).status, 200, "a proxy may stand for many");
  assert.equal((await ask(wrong, "192.0.2.2")).status, 401);
  assert.equal((await ask(undefined, "192.0.2.1")).status, 401, "no token is no wrong one");
  assert.equal((await ask(wrong, "192.0.2.1", { "x-forwarded-for": "192.0.2.3" })).status, 401);
  assert.equal((await ask(wrong, "192.0.2.2", { "x-forwarded-for": "192.0.2.1, 10.0.0.1" })).status, 429);
  await clock.advance(60_000);
  assert.equal((await ask(wrong, "192.0.2.1")).status, 401);
});

const audit = async (rest: { ask(ask: Ask): Promise<Told> }, query = "") => {
  const told = await rest.ask({ method: "GET", path: `/v1/audit${query}`, token: ADMIN });
  assert.equal(told.status, 200, told.text);
  return told.json as Record<string, unknown>[];
};

Deno.test("the audit tells who changed which keys where, newest first, and no values", async () => {
  await using rest = await startRestApp();
  const secret = "s3cret-value";
  const json = {
    bbb: { secret },
    settings: { required_tags: [secret], create_default_params: { welcome: secret } },
    nope: secret,
  };
  await rest.ask({ ...OWN, json, headers: { "x-request-id": "r1" } });
  await rest.ask({
    method: "DELETE",
    path: `/v1/frontends/${IDS.fe2}`,
    token: { sub: "a\0b", scope: "b3scale:admin x" },
  });
  await rest.ask({ ...OWN, json: { bbb: { key: "fe2" } }, token: { scope: "b3scale", sub: "acct1" } });
  await rest.ask({ ...OWN, json: { bbb: { key: "" } } }); // refused
  await rest.ask({ method: "GET", path: "/v1/frontends", token: ADMIN });
  const told = await audit(rest);
  assert.deepEqual(told.map(({ time: _, request_id: __, ...rest }) => rest), [
    { subject: "acct1", scope: "b3scale", method: "PATCH", resource: `/api${OWN.path}`, changed_keys: ["bbb.key"] },
    {
      subject: "a\ufffdb",
      scope: "b3scale:admin x",
      method: "DELETE",
      resource: `/api/v1/frontends/${IDS.fe2}`,
      changed_keys: [],
    },
    {
      subject: "root",
      scope: "b3scale:admin",
      method: "PATCH",
      resource: `/api${OWN.path}`,
      changed_keys: ["bbb.secret", "settings.required_tags", "settings.create_default_params.welcome"],
    },
  ]);
  assert.equal(told.at(-1)?.["request_id"], "r1");
  assert.ok(!JSON.stringify(told).includes(secret));
});

Deno.test("GET /v1/audit takes since and limit, and names what is wrong with them", async () => {
  await using rest = await startRestApp();
  await rest.db`
    insert into b3scale_audit (time, subject, scope, method, resource, request_id)
    select timestamp '2026-01-01' + n * interval '1 hour', n::text, 's', 'PATCH', '/x', 'r' from generate_series(0, 149) n`;
  const subjects = async (query: string) => (await audit(rest, query)).map(({ subject }) => Number(subject));
  assert.deepEqual(await subjects("?limit=2"), [149, 148]);
  assert.equal((await subjects("")).length, 100);
  assert.equal((await subjects("?limit=1000")).length, 150);
  for (const since of ["2026-01-07T03:00:00Z", "2026-01-07t04:00:00.000+01:00", "2026-01-06T22:00:00-05:00"]) {
    assert.deepEqual(await subjects(`?since=${encodeURIComponent(since)}`), [149, 148, 147], since);
  }
  assert.deepEqual(await subjects("?since=2026-01-07T04:00:00+01:00"), [149, 148, 147], "an unescaped plus");
  assert.equal((await subjects("?since=0000-01-01T00:00:00Z&limit=1000")).length, 150);
  assert.deepEqual(await subjects("?since=9999-12-31T23:59:59Z"), []);
  assert.equal((await subjects("?since=&limit=")).length, 100, "empty is absent");
  const wrong: readonly (readonly [query: string, fields: readonly string[]])[] = [
    ...["0", "1001", "-1", "1.5", "x", "1e2", "%00"].map((limit) => [`?limit=${limit}`, ["limit"]] as const),
    ...["yesterday", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "5", "%00"]
      .map((since) => [`?since=${since}`, ["since"]] as const),
    ["?limit=0&since=x", ["since", "limit"]],
  ];
  for (const [query, fields] of wrong) {
    const told = await rest.ask({ method: "GET", path: `/v1/audit${query}`, token: ADMIN });
    const { error, fields: named } = told.json as { error: string; fields: object };
    assert.deepEqual([told.status, error, Object.keys(named)], [400, "validation_error", fields], query);
  }
});

Deno.test("the documentation needs no token, nor anything from another host", async () => {
  await using rest = await startRestApp();
  const app = createApp(rest.deps);
  const get = (path: string, method = "GET") => app(new Request(`http://b3scale.test${path}`, { method }));
  const moved = await get("/docs/api/v1");
  assert.deepEqual([moved.status, moved.headers.get("location")], [302, "/static/docs/api-v1.html"]);
  const page = await get("/static/docs/api-v1.html");
  const html = await page.text();
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(html, /<html lang="en">/);
  assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'self';/);
  const assets = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, name = ""]) => name);
  assert.equal(assets.length, 4);
  for (const name of assets) {
    assert.doesNotMatch(name, /^(?:https?:)?\/\//);
    const asset = await get(`/static/docs/${name}`);
    assert.equal(asset.status, 200, name);
    assert.ok((await asset.text()).length > 50, name);
  }
  const document = await get("/static/docs/b3scale-openapi-v1.json");
  assert.equal(document.headers.get("content-type"), "application/json");
  const { openapi, paths } = await document.json() as OpenApi;
  assert.deepEqual([openapi, "/api/v1/frontends/{id}" in paths], ["3.1.0", true]);
});

Deno.test("outside /api/v1 a wrong method is 405 where something is, and 404 elsewhere", async () => {
  await using rest = await startRestApp();
  const app = createApp(rest.deps);
  const known = ["/", "/metrics", "/docs/api/v1", "/static/docs/api-v1.html", "/b3s/retry-join/abc"];
  for (const method of ["HEAD", "POST", "PUT", "DELETE"]) {
    for (const path of known) {
      const answer = await app(new Request(`http://b3scale.test${path}`, { method }));
      assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "OPTIONS, GET"], `${method} ${path}`);
      const text = await answer.text();
      if (method !== "HEAD") assert.deepEqual(JSON.parse(text), { message: "Method Not Allowed" });
    }
  }
  for (
    const path of ["/nope", "/static/", "/static/docs/nope.js", "/static/docs/__proto__", "/docs", "/api/v2", "/apix"]
  ) {
    const answer = await app(new Request(`http://b3scale.test${path}`));
    assert.deepEqual([answer.status, await answer.json()], [404, { message: "Not Found" }], path);
  }
});
