// The link to the database dies under traffic without a word, as when a firewall forgets its connections: what is under
// way hangs for good, and who connects anew is answered.
import assert from "node:assert/strict";
import { startCluster } from "../support/cluster.ts";
import { parseMetrics, valuesOf } from "../support/prometheus_text.ts";
import { startTcpProxy, throughPort } from "../support/tcp_proxy.ts";
import { testDatabase } from "../support/test_db.ts";
import { startTraffic } from "../support/traffic.ts";
import { eventually } from "../support/wait.ts";

/** 30 s until it is looked into, 2 s until somebody looks, 2 s for what hangs, and a slow machine. */
const BACK_MS = 45_000;
/** Creates have 9.5 s. */
const ANSWERED_MS = 10_500;
const NOTICED = "the link to the database is dead, connecting anew";

Deno.test("b3scaled is back half a minute after its link to the database died silently, with all its places", async () => {
  await using database = await testDatabase();
  await using proxy = startTcpProxy(Number(new URL(database.url).port));
  await using cluster = await startCluster({
    processes: 1,
    nodes: 2,
    database,
    env: { B3SCALE_DB_URL: throughPort(database.url, proxy.port), B3SCALE_DB_POOL_SIZE: "4" },
  });
  const { db } = cluster;
  const process = cluster.process(0);
  const client = cluster.client();
  assert.equal((await client.create("room")).returncode, "SUCCESS");
  const traffic = startTraffic([
    {
      what: "getMeetings",
      ask: () => client.call("getMeetings"),
      isRight: (answer) => answer.texts("meetingID").includes("room"),
    },
    ...[1, 2, 3].map((number) => ({
      what: "create",
      ask: (turn: number) => client.create(`new-${number}-${turn}`),
      isRight: ({ returncode }: { returncode: string }) => returncode === "SUCCESS",
    })),
  ]);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => traffic.stop());
  await eventually("all is well", () => traffic.rightAfter(0, "create") > 20);

  proxy.freeze();
  const frozenAt = performance.now();
  const trusted = process.timesTrusted();
  await eventually("it is noticed", () => process.log.some(({ message }) => message === NOTICED), {
    withinMs: BACK_MS,
  });
  const noticedAt = performance.now();
  await eventually(
    "every request is answered rightly",
    () => ["getMeetings", "create"].every((what) => traffic.rightAfter(noticedAt, what) > 5),
    { withinMs: 10_000 },
  );
  const backMs = performance.now() - frozenAt;
  await eventually("the view is trusted again", () => process.timesTrusted() > trusted);
  await traffic.stop();

  assert.deepEqual(traffic.wrong(), []);
  const slowest = Math.max(...traffic.samples.map(({ tookMs }) => tookMs));
  assert.ok(slowest < ANSWERED_MS, `a request took ${Math.round(slowest)} ms`);
  assert.equal(process.log.filter(({ message }) => message === NOTICED).length, 1);
  await eventually("nothing hangs", async () => {
    const metrics = parseMetrics(await (await fetch(`${process.origin}/metrics`)).text());
    return valuesOf(metrics.get("b3scale_database_connections"))['{state="busy"}'] === 0;
  });
  const [now] = await db<{ at: Date }[]>`select localtimestamp as at`;
  await cluster.pollSoon(0);
  await eventually("nodes are polled", async () => {
    const polled = await db`select from b3scale_backend_health where good_at > ${now?.at ?? new Date(0)}`;
    return polled.length > 0;
  });
  // Creates that were caught in the middle left nothing that stays.
  await db`
    update meetings set created_at = created_at - interval '1 minute', updated_at = updated_at - interval '1 minute'
    where internal_id like 'pending:%'`;
  await db`update b3scale_reservations set created_at = created_at - interval '1 minute'`;
  await eventually(
    "nothing is left pending",
    async () => (await db`select from meetings where internal_id like 'pending:%'`).length === 0,
  );
  console.log(
    `all right again ${Math.round(backMs)} ms after the link died; the slowest answer took ${Math.round(slowest)} ms`,
  );
});
