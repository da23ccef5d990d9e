// What a load balancer sees of b3scaled: through its start, the loss and return of its database, a newer schema, its end.
import assert from "node:assert/strict";
import { freePort, startPostgres } from "../../demo/postgres.ts";
import type { Readiness } from "../../src/rest/health.ts";
import { BASE_ENV, runB3scaled } from "../support/b3scaled.ts";
import { startCluster } from "../support/cluster.ts";
import { sendRaw } from "../support/raw_http.ts";
import { testDatabase } from "../support/test_db.ts";
import { eventually } from "../support/wait.ts";

/** Status, and the names of the checks that failed. */
async function readyz(origin: string): Promise<{ status: number; failing: string[] }> {
  const response = await fetch(`${origin}/readyz`);
  const { checks } = await response.json() as Readiness;
  return { status: response.status, failing: Object.entries(checks).filter(([, { ok }]) => !ok).map(([name]) => name) };
}

const untilReady = (origin: string) =>
  eventually("it is ready", async () => {
    const { status, failing } = await readyz(origin);
    if (status !== 200) throw new Error(`not ready: ${failing.join()}`);
    return true;
  }, { withinMs: 30_000 });

async function isAlive(origin: string): Promise<boolean> {
  const response = await fetch(`${origin}/healthz`);
  await response.body?.cancel();
  return response.status === 200;
}

const linesOf = (stderr: string, message: string) => stderr.split("\n").filter((line) => line.includes(`"${message}"`));

Deno.test("readyz says no without a database and yes with it, through its loss and return; healthz always yes", async () => {
  const port = freePort();
  const url = `postgres://postgres:hunter2@127.0.0.1:${port}/postgres`;
  await using process = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: url } });
  const origin = await process.origin();
  assert.deepEqual(await readyz(origin), { status: 503, failing: ["database", "migrations", "view"] });
  assert(await isAlive(origin));

  const postgres = await startPostgres({ port, fsync: false, settings: { synchronous_commit: "on" } });
  try {
    await untilReady(origin);
    await postgres.kill();
    const lost = await eventually("it is not ready", async () => {
      const told = await readyz(origin);
      return told.status === 503 && told;
    });
    assert(lost.failing.includes("database"), lost.failing.join());
    assert(await isAlive(origin));
    const text = await fetch(`${origin}/readyz`).then((response) => response.text());
    assert.doesNotMatch(text, new RegExp(`hunter2|127\\.0\\.0\\.1|${port}|ECONN|select`));
    await postgres.restart();
    await untilReady(origin);
    assert(await isAlive(origin));
  } finally {
    await postgres.stop();
  }
  await eventually("the log tells of each change", () => {
    const said = [
      ...linesOf(process.stderr(), "not ready for requests"),
      ...linesOf(process.stderr(), "ready for requests"),
    ];
    return said.length >= 4;
  });
  assert.doesNotMatch(process.stderr(), /"uri":"\/(readyz|healthz)/, "probes fill no log");
});

Deno.test("readyz says no while a newer version has the database, and yes once that is over", async () => {
  await using database = await testDatabase();
  await database.pool`insert into b3scale_extensions (version, description) values (9999, 'of the future')`;
  await using process = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: database.url } });
  const origin = await process.origin();
  await eventually("it knows", async () => {
    const { status, failing } = await readyz(origin);
    return status === 503 && failing.join() === "migrations,view";
  });
  assert(await isAlive(origin));
  await database.pool`delete from b3scale_extensions where version = 9999`;
  await untilReady(origin);
});

Deno.test("healthz and readyz take GET and HEAD, and nothing else", async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const [origin = ""] = cluster.origins;
  for (const path of ["/healthz", "/readyz"]) {
    for (const [method, status] of [["GET", 200], ["HEAD", 200], ["POST", 405], ["DELETE", 405]] as const) {
      const response = await fetch(origin + path, { method });
      const text = await response.text();
      assert.deepEqual([response.status, response.headers.get("content-type")], [status, "application/json"]);
      assert.equal(text === "", method === "HEAD");
      if (status === 405) assert.equal(response.headers.get("allow"), "GET, HEAD");
    }
  }
});

Deno.test("SIGTERM: readyz says no at once, requests are served on for as long as set, connections end, exit code 0", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 1, env: { B3SCALE_DRAIN_SECONDS: "3" } });
  const process = cluster.process(0);
  const client = cluster.client();
  assert.equal((await client.create("room")).returncode, "SUCCESS");
  await untilReady(process.origin);

  const ended = process.kill("SIGTERM");
  const startedAt = performance.now();
  await eventually("it says no", async () => {
    const { status, failing } = await readyz(process.origin);
    return status === 503 && failing.join() === "draining";
  });
  assert(performance.now() - startedAt < 1500, "at once");
  assert(await isAlive(process.origin));
  assert.equal((await client.call("join", { meetingID: "room", fullName: "Ada", role: "VIEWER" })).status, 302);
  assert.equal((await client.create("other")).returncode, "SUCCESS");
  // The client would keep its connection: it is told not to.
  const last = await sendRaw(process.origin, ["GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"]);
  assert.match(last?.head ?? "", /^connection: close$/im);
  assert.equal((await ended).code, 0);
  const tookMs = performance.now() - startedAt;
  assert(tookMs > 2900 && tookMs < 15_000, `${tookMs} ms`);
});

Deno.test("a second SIGTERM ends a draining b3scaled at once with exit code 1", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 0, env: { B3SCALE_DRAIN_SECONDS: "60" } });
  const process = cluster.process(0);
  const startedAt = performance.now();
  await eventually("it has ended", () => {
    if (process.status === undefined) Deno.kill(process.pid, "SIGTERM");
    return process.status !== undefined;
  });
  assert.equal(process.status?.code, 1);
  assert(performance.now() - startedAt < 10_000);
});
