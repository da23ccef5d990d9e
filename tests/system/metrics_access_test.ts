// Who may read the metrics, where they are, and that they are served when little else is.
import assert from "node:assert/strict";
import { readConfig } from "../../src/config.ts";
import type { LogFields } from "../../src/log.ts";
import { startServer } from "../../src/server.ts";
import { bbbClient } from "../support/bbb_client.ts";
import { makeLog } from "../support/make.ts";
import { type Scrape, scrape } from "../support/metrics_scene.ts";
import { valuesOf } from "../support/prometheus_text.ts";
import { serverEnv } from "../support/server_process.ts";
import { emptyDatabase, testDatabase } from "../support/test_db.ts";
import { eventually } from "../support/wait.ts";

const NOWHERE = "postgres://nobody@127.0.0.1:1/nothing";
const TOKEN = "a-token-that-nobody-guesses";

async function start(dbUrl: string, env: Record<string, string> = {}) {
  const { log, lines } = makeLog();
  const server = await startServer(readConfig(serverEnv(dbUrl, env)), { log });
  const originOf = (address: { readonly port: number } | undefined) => `http://127.0.0.1:${address?.port}`;
  return {
    lines,
    warnings: () => lines.filter(({ level }) => level === "warn").map(({ message }) => message),
    ready: server.ready,
    main: originOf(server.address),
    own: originOf(server.metricsAddress),
    [Symbol.asyncDispose]: server.stop,
  };
}

async function ask(url: string, authorization?: string): Promise<Response> {
  const response = await fetch(url, { headers: authorization === undefined ? {} : { authorization } });
  await response.bytes();
  return response;
}

Deno.test("metrics without token and address are everybody's, and the log warns once", async () => {
  await using server = await start(NOWHERE);
  for (let round = 0; round < 3; round++) assert.equal((await ask(`${server.main}/metrics`)).status, 200);
  const warnings = server.lines.filter(({ message }) => message === "metrics are served to everybody");
  assert.deepEqual(warnings.map(({ level, fields }) => [level, fields]), [
    ["warn", { hint: "set B3SCALE_LISTEN_METRICS or B3SCALE_METRICS_TOKEN" }],
  ]);
  assert.equal((await fetch(`${server.main}/metrics`, { method: "POST" })).status, 405);
});

Deno.test("a token keeps tenants out, and who guesses is a line with an address", async () => {
  await using server = await start(NOWHERE, { B3SCALE_METRICS_TOKEN: TOKEN });
  assert(!server.warnings().includes("metrics are served to everybody"));
  const anonymous = await ask(`${server.main}/metrics`);
  assert.equal(anonymous.status, 401);
  assert.equal(anonymous.headers.get("www-authenticate"), "Bearer");
  assert.equal((await ask(`${server.main}/metrics`, "Bearer canary-guess")).status, 401);
  assert.equal((await ask(`${server.main}/metrics`, `Bearer ${TOKEN}`)).status, 200);
  assert.equal((await ask(`${server.main}/metrics?token=${TOKEN}`)).status, 401, "not in the URL, where it is logged");

  const refused = server.lines.filter(({ message }) => message === "authentication failed");
  assert.deepEqual(refused.map(({ fields }) => [fields["kind"], fields["remote_ip"]]), [["token", "127.0.0.1"]]);
  const said = (fields: LogFields) => JSON.stringify(fields);
  assert(!server.lines.some(({ fields }) => said(fields).includes("canary-guess")));
  const families = await scrape(server.main, { authorization: `Bearer ${TOKEN}` });
  assert.equal(valuesOf(families.get("b3scale_auth_failures_total"))['{kind="token"}'], 1);
});

Deno.test("an address of their own has the metrics and nothing else, and the main one has none", async () => {
  await using server = await start(NOWHERE, { B3SCALE_LISTEN_METRICS: "127.0.0.1:0" });
  assert(!server.warnings().includes("metrics are served to everybody"));
  assert.equal((await ask(`${server.main}/metrics`)).status, 404);
  assert.equal((await ask(`${server.main}/healthz`)).status, 200);
  assert.equal((await ask(`${server.own}/metrics`)).status, 200);
  assert.equal((await ask(`${server.own}/metrics?debug`)).status, 200);
  for (const path of ["/", "/healthz", "/readyz", "/api/v1", "/bbb/fe1", "/metrics/", "/metricsx", "/x/metrics"]) {
    assert.equal((await ask(server.own + path)).status, 404, path);
  }
  assert.equal((await fetch(`${server.own}/metrics`, { method: "POST" })).status, 405);
  const logged = server.lines.find(({ message }) => message === "starting interface: metrics");
  assert.equal(`http://${logged?.fields["listen"]}`, server.own);
});

Deno.test("both together: an address of their own that asks for a token, and closes with the server", async () => {
  const env = { B3SCALE_LISTEN_METRICS: "127.0.0.1:0", B3SCALE_METRICS_TOKEN: TOKEN };
  let own = "";
  {
    await using server = await start(NOWHERE, env);
    own = server.own;
    assert.equal((await ask(`${own}/metrics`)).status, 401);
    assert.equal((await ask(`${own}/metrics`, `Bearer ${TOKEN}`)).status, 200);
  }
  await assert.rejects(ask(`${own}/metrics`), "it is closed");
});

const CLUSTER = ["b3scale_frontend_meetings", "b3scale_backends", "b3scale_commands", "b3scale_callbacks"];
const OWN = ["process_cpu_seconds_total", "http_requests_total", "b3scale_build_info", "b3scale_view_trusted"];
const has = (families: Scrape, names: readonly string[]) => names.map((name) => families.has(name));
const failuresOf = (families: Scrape, family: string) =>
  valuesOf(families.get("b3scale_metrics_failures_total"))[`{family="${family}"}`];

Deno.test("a scrape without a database tells what the process knows, counts the rest, and logs it once", async () => {
  await using server = await start(NOWHERE);
  await scrape(server.main);
  const startedAt = performance.now();
  const families = await scrape(server.main);
  assert(performance.now() - startedAt < 8000, "within a scraper's patience");
  assert.deepEqual(has(families, CLUSTER), [false, false, false, false]);
  assert.deepEqual(has(families, OWN), [true, true, true, true]);
  for (const name of CLUSTER) assert.equal(failuresOf(families, name), 2, name);
  assert.deepEqual(valuesOf(families.get("b3scale_view_trusted")), { "{}": 0 });
  assert.deepEqual(valuesOf(families.get("b3scale_ready")), { "{}": 0 });
  const told = server.lines.filter(({ message }) => message === "metrics could not be made")
    .flatMap(({ fields }) => fields["families"]);
  for (const name of CLUSTER) assert.equal(told.filter((other) => other === name).length, 1, name);
});

Deno.test("a scrape before the schema is there is served, and has everything once it is", async () => {
  await using database = await emptyDatabase();
  await using server = await start(database.url, { B3SCALE_DB_MIGRATE: "false" });
  const before = await scrape(server.main);
  assert.deepEqual(has(before, [...CLUSTER, ...OWN]), [false, false, false, false, true, true, true, true]);
  assert.equal((await bbbClient(server.main, "fe1", "s").call("getMeetings")).messageKey, "internalError");
  const turnedAway = server.lines.find(({ fields }) => String(fields["uri"]).startsWith("/bbb/fe1/"));
  assert.equal(turnedAway?.fields["status"], 200);
  const counted = valuesOf((await scrape(server.main)).get("http_requests_total"));
  assert.deepEqual(
    Object.keys(counted).filter((labels) => labels.includes("/bbb/:key/getMeetings")).length,
    1,
    "who is turned away meanwhile is logged and counted",
  );
  const { migrate } = await import("../../src/store/migrate.ts");
  await migrate(database.pool);
  await eventually("the view is trusted", async () => {
    const families = await scrape(server.main);
    return valuesOf(families.get("b3scale_view_trusted"))["{}"] === 1 && has(families, CLUSTER).every(Boolean);
  }, { withinMs: 30_000 });
});

Deno.test("what one table cannot tell is absent, the rest is served, and comes back", async () => {
  await using database = await testDatabase();
  await using server = await start(database.url);
  await server.ready;
  await database.pool`alter table b3scale_recording_moves rename to away`;
  const broken = await scrape(server.main);
  assert.deepEqual(has(broken, CLUSTER), [true, true, false, false]);
  assert.equal(failuresOf(broken, "b3scale_commands"), 1);
  assert.equal(failuresOf(broken, "b3scale_backends"), 0);
  await database.pool`alter table away rename to b3scale_recording_moves`;
  const healed = await scrape(server.main);
  assert.deepEqual(has(healed, CLUSTER), [true, true, true, true]);
  assert.equal(failuresOf(healed, "b3scale_commands"), 1);
});
