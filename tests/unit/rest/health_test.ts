import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import type { ClusterView } from "../../../src/cluster/view.ts";
import { answerLive, answerReady, createHealth, isProbe } from "../../../src/rest/health.ts";
import { BASE_MIGRATIONS, EXTENSION_MIGRATIONS } from "../../../src/store/migrate.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";

const [BASE, EXTENSION] = [BASE_MIGRATIONS.length, EXTENSION_MIGRATIONS.length];

/** A database that answers with these versions, hangs, or refuses; and how often it was asked. */
function scene() {
  const clock = createFakeClock();
  const { log, lines } = makeLog();
  const state = {
    base: BASE,
    extension: EXTENSION,
    trusted: true,
    started: true,
    database: "up" as "up" | "hangs" | "refuses",
  };
  let questions = 0;
  const db = ((strings: TemplateStringsArray) => {
    const sql = strings.join("");
    if (sql.includes("to_regclass")) questions++;
    if (state.database === "hangs") return new Promise(() => {});
    if (state.database === "refuses") return Promise.reject(new Error("connect ECONNREFUSED db.internal:5432"));
    if (sql.includes("to_regclass")) return Promise.resolve([{ meta: true, extensions: true }]);
    if (sql.includes("__meta__")) return Promise.resolve([{ version: state.base, description: "x" }]);
    return Promise.resolve([{ version: state.extension }]);
  }) as unknown as Pool;
  const view = { isTrusted: () => state.trusted } as ClusterView;
  const health = createHealth({ db, view, clock, log }, () => state.started);
  const failing = async () => {
    const { checks } = await health.check();
    return Object.entries(checks).filter(([, { ok }]) => !ok).map(([name]) => name);
  };
  return { clock, lines, state, health, failing, questions: () => questions };
}

Deno.test("answerReady() is 200 with every check when requests may come", async () => {
  const { health } = scene();
  const answer = await answerReady(health);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.deepEqual(await answer.json(), {
    status: "ready",
    checks: {
      database: { ok: true, detail: "the database answers" },
      migrations: { ok: true, detail: "the database is at our version" },
      view: { ok: true, detail: "the view of the cluster is complete" },
      draining: { ok: true, detail: "the process goes on" },
    },
  });
});

Deno.test("answerLive() is 200 and says nothing else", async () => {
  assert.deepEqual([answerLive().status, await answerLive().json()], [200, { status: "ok" }]);
});

Deno.test("check() names what is wrong, each for itself", async () => {
  const { state, clock, failing, health } = scene();
  const after = async (change: Partial<typeof state>) => {
    Object.assign(state, change);
    await clock.advance(1000);
    return await failing();
  };
  assert.deepEqual(await failing(), []);
  assert.deepEqual(await after({ trusted: false }), ["view"]);
  assert.deepEqual(await after({ trusted: true, extension: EXTENSION - 1 }), ["migrations"]);
  assert.match((await health.check()).checks.migrations.detail, /^1 migrations are pending/);
  assert.deepEqual(await after({ extension: EXTENSION, database: "refuses" }), ["database", "migrations"]);
  assert.deepEqual(await after({ database: "up" }), []);
  health.drain();
  assert.deepEqual(await failing(), ["draining"]);
});

for (const newer of [{ extension: EXTENSION + 1 }, { base: BASE + 1 }]) {
  Deno.test(`check() minds a newer version only until its own has been there: ${Object.keys(newer)}`, async () => {
    const { state, failing, health } = scene();
    Object.assign(state, { ...newer, started: false });
    assert.deepEqual(await failing(), ["migrations"]);
    assert.match((await health.check()).checks.migrations.detail, /newer version/);
    state.started = true; // an upgrade that has begun elsewhere
    assert.deepEqual(await failing(), []);
  });
}

Deno.test("answerReady() is 503 and tells nothing of the database's own words", async () => {
  const { state, health } = scene();
  state.database = "refuses";
  const answer = await answerReady(health);
  assert.equal(answer.status, 503);
  assert.doesNotMatch(await answer.text(), /ECONNREFUSED|db\.internal|5432|select/);
});

Deno.test("check() answers within 800 ms when the database hangs, and does not ask it with each probe", async () => {
  const { state, clock, failing, questions } = scene();
  state.database = "hangs";
  for (let probe = 0; probe < 5; probe++) {
    const asked = failing();
    await clock.advance(800);
    assert.deepEqual(await asked, ["database", "migrations"]);
  }
  assert.equal(questions(), 1);
  await clock.advance(1000); // five seconds have passed: the question is given up
  state.database = "up";
  assert.deepEqual(await failing(), []);
  assert.equal(questions(), 2);
});

Deno.test("check() shares one question for a second, whoever asks, and a failure as well", async () => {
  const { state, clock, health, questions } = scene();
  await Promise.all(Array.from({ length: 50 }, () => health.check()));
  await clock.advance(999);
  await health.check();
  assert.equal(questions(), 1);
  state.database = "refuses";
  await clock.advance(1);
  for (let probe = 0; probe < 20; probe++) await health.check();
  assert.equal(questions(), 2);
});

Deno.test("check() logs a change once, with the reason", async () => {
  const { state, clock, lines, health } = scene();
  const told = async (change: Partial<typeof state>) => {
    Object.assign(state, change);
    await clock.advance(1000);
    lines.length = 0;
    for (let probe = 0; probe < 3; probe++) await health.check();
    return lines.map(({ level, message, fields }) => [level, message, fields.reason]);
  };
  const NOT_READY = "not ready for requests";
  const view = "the view of the cluster is not complete";
  assert.deepEqual(await told({ trusted: false }), [["info", NOT_READY, view]], "as every process begins");
  assert.deepEqual(await told({ trusted: true }), [["info", "ready for requests", undefined]]);
  assert.deepEqual(await told({}), []);
  assert.deepEqual(await told({ trusted: false }), [["warn", NOT_READY, view]]);
  assert.deepEqual(await told({ trusted: true }), [["info", "ready for requests", undefined]]);
  health.drain();
  assert.deepEqual(await told({}), [["info", NOT_READY, "the process is about to stop"]]);
});

Deno.test("isProbe() knows the two paths and nothing like them", () => {
  const is = (path: string) => isProbe(new Request(`http://b3s.example${path}`));
  for (const path of ["/healthz", "/readyz", "/readyz?x=1"]) assert(is(path), path);
  for (const path of ["/", "/healthz/", "/readyzz", "/x/healthz", "/?a=/healthz", "/bbb/fe1/healthz"]) {
    assert(!is(path), path);
  }
});
