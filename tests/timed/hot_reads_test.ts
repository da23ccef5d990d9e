// The reads that repeat cost neither a statement nor a node call. Shown twice: on an app whose request path has a
// database and a node client of its own that count, and on a whole process by what PostgreSQL itself counts.
import assert from "node:assert/strict";
import { createApp } from "../../src/app.ts";
import { createNodeClient } from "../../src/bbb/client.ts";
import { createClusterFeed } from "../../src/cluster/feed.ts";
import { createClusterView } from "../../src/cluster/view.ts";
import { readConfig } from "../../src/config.ts";
import { createNodeFetch, type Deps, type Pool, realClock, realRandom } from "../../src/deps.ts";
import { createRecorder } from "../../src/metrics/recorder.ts";
import { type BbbAnswer, type BbbClient, bbbClient } from "../support/bbb_client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { eventually } from "../support/wait.ts";
import { serverEnv } from "../support/server_process.ts";
import { openTestPool, silentLog } from "../support/test_db.ts";

/** The pool, with each statement and transaction that goes through it counted. */
function counting(pool: Pool): { db: Pool; statements: () => number } {
  let statements = 0;
  const db = new Proxy(pool, {
    apply: (target, self, args: unknown[]) => {
      statements++;
      return Reflect.apply(target, self, args);
    },
    get: (target, name) => {
      if (name === "begin" || name === "unsafe" || name === "reserve") statements++;
      return Reflect.get(target, name);
    },
  });
  return { db, statements: () => statements };
}

/** A second server on the cluster's database: its feed has a pool of its own, so only requests count. */
async function startCounted(cluster: Cluster) {
  const config = readConfig(serverEnv(cluster.dbUrl));
  const background = openTestPool(cluster.dbUrl, 4);
  const requests = openTestPool(cluster.dbUrl, 4);
  const { db, statements } = counting(requests);
  const network = createNodeFetch();
  let nodeCalls = 0;
  const client = createNodeClient({ ...network, clock: realClock });
  const nodes: Deps["nodes"] = {
    call: (...args) => {
      nodeCalls++;
      return client.call(...args);
    },
  };
  const openListener = () => openTestPool(cluster.dbUrl, 1);
  const feed = createClusterFeed({ db: background, openListener, clock: realClock, log: silentLog });
  const view = createClusterView({ db, clock: realClock, source: feed });
  const app = createApp({
    config,
    db,
    view,
    nodes,
    clock: realClock,
    random: realRandom,
    log: silentLog,
    metrics: createRecorder(),
  });
  const stop = new AbortController();
  const following = feed.run(stop.signal);
  await feed.ready;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (req) => app(req));
  return {
    view,
    client: bbbClient(`http://127.0.0.1:${server.addr.port}`, "fe1", "fe1-secret"),
    cost: () => ({ statements: statements(), nodeCalls }),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      stop.abort();
      await following;
      await Promise.all([background.end({ timeout: 1 }), requests.end({ timeout: 1 })]);
      network.close();
    },
  };
}

/** What agents do every second, until disposed. */
function startAgents(db: Pool) {
  let beating = Promise.resolve();
  const beat = async () => {
    await db`update backends set agent_heartbeat = localtimestamp`;
  };
  const timer = setInterval(() => beating = beating.then(beat), 500);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await beating;
    },
  };
}

const joined = { fullName: "Mira", role: "VIEWER", userID: "u1" };

/** A meeting with somebody in it, as every process knows it once the node was polled. */
async function startMeeting(cluster: Cluster, client: BbbClient): Promise<void> {
  assert.equal((await client.create("room")).returncode, "SUCCESS");
  const [node] = cluster.nodesWith("fe1", "room");
  assert.ok(node !== undefined);
  const meetingID = cluster.nodes.at(node).meetings()[0]?.meetingID ?? "";
  cluster.nodes.at(node).joinUser(meetingID, { fullName: "Ole", userID: "ole" });
  await cluster.pollSoon(node);
  await eventually(
    "the poll has seen who is there",
    async () => (await cluster.db`select from meetings where state -> 'Running' = 'true'`).length === 1,
  );
}

const reads: readonly (readonly [name: string, ask: (client: BbbClient) => Promise<BbbAnswer>])[] = [
  ["join", async (client) => {
    const answer = await client.call("join", { meetingID: "room", ...joined });
    assert.equal(answer.status, 302);
    assert.match(answer.location, /\/bigbluebutton\/api\/join\?/);
    return answer;
  }],
  ["isMeetingRunning", async (client) => {
    const answer = await client.call("isMeetingRunning", { meetingID: "room" });
    assert.equal(answer.text("running"), "true");
    return answer;
  }],
  ["getMeetings", async (client) => {
    const answer = await client.call("getMeetings");
    assert.deepEqual([answer.texts("meetingID"), answer.text("fullName")], [["room"], "Ole"]);
    return answer;
  }],
];

for (const [name, ask] of reads) {
  Deno.test(`${name} of a known meeting takes no statement and no node call`, async () => {
    await using cluster = await startCluster({ nodes: 2 });
    await using _agents = startAgents(cluster.db);
    await startMeeting(cluster, cluster.client());
    await using counted = await startCounted(cluster);
    await eventually(
      "the agents are alive for the view",
      async () => (await counted.view.listBackends()).every(({ ages }) => ages.heartbeat < 3),
    );

    await ask(counted.client); // the first one may fill caches
    const before = counted.cost();
    for (let i = 0; i < 200; i++) await ask(counted.client);
    await Promise.all(Array.from({ length: 200 }, () => ask(counted.client)));
    assert.deepEqual(counted.cost(), before);

    // The counters do count.
    assert.equal((await counted.client.call("getMeetingInfo", { meetingID: "room" })).returncode, "SUCCESS");
    assert.equal((await counted.client.call("getMeetingInfo", { meetingID: "nobody's" })).messageKey, "notFound");
    const after = counted.cost();
    assert.ok(after.nodeCalls > before.nodeCalls && after.statements > before.statements, Deno.inspect(after));
  });
}

Deno.test("a whole process serves 6000 reads with the few transactions of its background work", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 2 });
  await using _agents = startAgents(cluster.db);
  const client = cluster.client();
  await startMeeting(cluster, client);
  await eventually(
    "the process knows who is there",
    async () => (await client.call("getMeetings")).text("fullName") === "Ole",
  );
  await eventually("the process sees the agent", async () => {
    cluster.nodes.all.forEach((node) => node.clearCalls());
    assert.equal((await client.call("isMeetingRunning", { meetingID: "room" })).text("running"), "true");
    return cluster.nodes.all.every((node) => !node.calls.some(({ resource }) => resource === "isMeetingRunning"));
  });

  // Sessions report their transactions when they end at the latest, so a process of its own life is measured.
  const commits = async () => {
    const [row] = await cluster.db<{ commits: number }[]>`
      select xact_commit + xact_rollback as commits from pg_stat_database where datname = current_database()`;
    return row?.commits ?? 0;
  };
  const sessions = async (application: string) => {
    const [row] = await cluster.db<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity where datname = current_database()
        and application_name = ${application}`;
    return row?.n ?? 0;
  };
  await cluster.process(0).kill("SIGTERM");
  await eventually("its sessions have ended", async () => await sessions("b3scaled") === 0);
  const before = await commits();
  const second = await cluster.startProcess();
  await eventually("the second process trusts its view", () => second.timesTrusted() > 0, { withinMs: 60_000 });
  const fresh = bbbClient(second.origin, "fe1", "fe1-secret");
  const startedAt = performance.now();
  cluster.nodes.all.forEach((node) => node.clearCalls());
  const asked = 6000;
  const worker = async () => {
    for (let i = 0; i < asked / 3 / 20; i++) for (const [, ask] of reads) await ask(fresh);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  const calls = cluster.nodes.all.flatMap((node) => node.calls.map(({ resource }) => resource));
  assert.deepEqual(calls.filter((resource) => resource !== "getMeetings"), [], "only polls reach a node");
  await second.kill("SIGTERM");
  await eventually("its sessions have ended", async () => await sessions("b3scaled") === 0);
  const transactions = await commits() - before;
  console.log(`${asked} reads in ${seconds.toFixed(1)} s: ${transactions} transactions of everything in the database`);
  // Start-up, and each second a handful of chores here and in the test itself.
  assert.ok(transactions < 150 + 40 * seconds, `${transactions} transactions in ${seconds.toFixed(1)} s`);
  assert.ok(transactions < asked / 5, `${transactions} transactions for ${asked} reads`);
});
