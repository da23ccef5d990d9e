// CPU milliseconds per 1000 requests of the hot paths, server and database together: a server process of its own, an
// embedded PostgreSQL, meetings written as rows. `deno task bench [scenario…]`; results go into bench/RESULTS.md by hand.
import { seedCluster } from "./seed.ts";
import { openPool } from "../src/store/pool.ts";
import { createLogger } from "../src/log.ts";
import { startPostgres } from "../demo/postgres.ts";
import { startBbbNode } from "../demo/bbb_node/node.ts";
import { signedQuery } from "../demo/bbb_node/checksum.ts";
import { cpuMs, memoryMb, treeOf } from "./proc.ts";
import { startServerProcess } from "./server_process.ts";

const SECONDS = 4;
const CONCURRENCY = 64;

interface Scenario {
  readonly name: string;
  /** Path and query of the n-th request. */
  readonly target: (n: number) => string;
  readonly check: (response: Response, text: string) => boolean;
}

const url = (frontend: string, resource: string, query: string, secret = `${frontend}-secret`) =>
  `/bbb/${frontend}/bigbluebutton/api/${resource}?${signedQuery(resource, query, secret)}`;

const list = (frontend: string, meetings: number): Scenario => ({
  name: `getMeetings ${meetings}x20`,
  target: () => url(frontend, "getMeetings", ""),
  check: (_, text) => text.split("<meeting>").length === meetings + 1,
});

const SCENARIOS: readonly Scenario[] = [
  {
    name: "join",
    target: (n) => url("a", "join", `meetingID=room-${Math.abs(n % 100)}&fullName=User+${n}&role=VIEWER`),
    check: (response) => response.status === 302,
  },
  {
    name: "isMeetingRunning",
    target: (n) => url("a", "isMeetingRunning", `meetingID=room-${Math.abs(n % 100)}`),
    check: (_, text) => text.includes("<running>true</running>"),
  },
  list("a", 100),
  list("b", 500),
  {
    name: "getMeetingInfo",
    target: (n) => url("a", "getMeetingInfo", `meetingID=room-${Math.abs(n % 100)}`),
    check: (_, text) => text.includes("<returncode>SUCCESS</returncode>"),
  },
  {
    name: "create, existing",
    target: (n) => url("a", "create", `meetingID=room-${Math.abs(n % 100)}&name=Room`),
    check: (_, text) => text.includes("duplicateWarning"),
  },
  {
    name: "create, new",
    target: (n) => url("c", "create", `meetingID=new-${n}-${crypto.randomUUID().slice(0, 8)}&name=Room`),
    check: (_, text) => text.includes("<returncode>SUCCESS</returncode>"),
  },
  {
    name: "wrong checksum",
    target: (n) => url("a", "join", `meetingID=room-${Math.abs(n % 100)}&fullName=User`, "wrong"),
    check: (_, text) => text.includes("checksumError"),
  },
];

async function measure(base: string, scenario: Scenario, pids: { server: number; postgres: number }): Promise<string> {
  await Promise.all(
    Array.from(
      { length: CONCURRENCY },
      (_, n) => fetch(base + scenario.target(-1 - n), { redirect: "manual" }).then((response) => response.text()),
    ),
  );
  const before = { server: cpuMs([pids.server]), postgres: cpuMs(treeOf(pids.postgres)) };
  const startedAt = performance.now();
  const deadline = startedAt + SECONDS * 1000;
  const latencies: number[] = [];
  let sent = 0;
  let wrong = 0;
  const client = async () => {
    while (performance.now() < deadline) {
      const askedAt = performance.now();
      const response = await fetch(base + scenario.target(sent++), { redirect: "manual" });
      const text = await response.text();
      latencies.push(performance.now() - askedAt);
      if (!scenario.check(response, text)) wrong++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  const seconds = (performance.now() - startedAt) / 1000;
  const per1000 = (used: number) => (used / latencies.length * 1000).toFixed(0);
  const server = cpuMs([pids.server]) - before.server;
  const postgres = cpuMs(treeOf(pids.postgres)) - before.postgres;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => (latencies[Math.floor(latencies.length * q)] ?? 0).toFixed(1);
  const cells = [scenario.name, per1000(server), per1000(postgres), per1000(server + postgres)];
  cells.push(
    (latencies.length / seconds).toFixed(0),
    quantile(0.5),
    quantile(0.99),
    String(memoryMb(pids.server)),
    String(wrong),
  );
  return `| ${cells.join(" | ")} |`;
}

async function idle(pids: { server: number; postgres: number }): Promise<string> {
  const all = () => cpuMs([pids.server]) + cpuMs(treeOf(pids.postgres));
  const before = all();
  const own = cpuMs([pids.server]);
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  return `idle: ${((all() - before) / 15).toFixed(1)} ms CPU per second (server ${
    ((cpuMs([pids.server]) - own) / 15).toFixed(1)
  }), ${memoryMb(pids.server)} MB`;
}

const wanted = Deno.args.filter((arg) => !arg.startsWith("-"));
const pg = await startPostgres({ fsync: true, settings: { max_connections: "200" } });
const node = await Promise.all(Array.from({ length: 10 }, (_, i) => startBbbNode({ secret: `node-secret-${i}` })));
const db = openPool({ url: pg.url("postgres"), poolSize: 4, applicationName: "bench", log: createLogger() });
await seedCluster(db, node, Deno.args.includes("--large"));
const beat = setInterval(() => void db`update backends set agent_heartbeat = localtimestamp`.catch(() => {}), 1000);
const [postmaster] = await db<
  { pid: number }[]
>`select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as pid`;
const server = await startServerProcess(
  pg.url("postgres"),
  Deno.args.includes("--quiet"),
  SCENARIOS[0]?.target(0) ?? "/",
);
try {
  const pids = { server: server.pid, postgres: postmaster?.pid ?? 0 };
  console.log("| scenario | server | PostgreSQL | CPU ms / 1000 | req/s | p50 ms | p99 ms | RSS MB | wrong |");
  console.log("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
  for (const scenario of SCENARIOS) {
    if (wanted.length > 0 && !wanted.some((part) => scenario.name.startsWith(part))) continue;
    console.log(await measure(server.base, scenario, pids));
  }
  if (wanted.length === 0 || wanted.includes("idle")) console.log(await idle(pids));
} finally {
  clearInterval(beat);
  await server.stop();
  await db.end();
  for (const one of node) await one.stop();
  await pg.stop();
}
