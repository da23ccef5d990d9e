// Events and heartbeats of agents over HTTP to one server process: rate, latency, CPU, and whether every event is stored.
// `deno run -A bench/agent.ts [meetings] [events] [events per second]`; results go into bench/RESULTS.md by hand.
import { signedQuery } from "../demo/bbb_node/checksum.ts";
import { startBbbNode } from "../demo/bbb_node/node.ts";
import { startPostgres } from "../demo/postgres.ts";
import { createLogger } from "../src/log.ts";
import { openPool } from "../src/store/pool.ts";
import { startAgentLoad } from "./agent_load.ts";
import { cpuMs, memoryMb, treeOf } from "./proc.ts";
import { seedCluster } from "./seed.ts";
import { startServerProcess } from "./server_process.ts";

const BACKENDS = 500;
const [meetings = 100, events = 10_000, perSecond = 1000] = Deno.args.map(Number);

const pg = await startPostgres({ fsync: true, settings: { max_connections: "200" } });
const node = await startBbbNode({ secret: "node-secret-0" });
const db = openPool({ url: pg.url("postgres"), poolSize: 4, applicationName: "bench", log: createLogger() });
await seedCluster(db, [node], false);
const [postmaster] = await db<
  { pid: number }[]
>`select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as pid`;
const probe = `/bbb/a/bigbluebutton/api/join?${signedQuery("join", "meetingID=room-1&fullName=User", "a-secret")}`;
const server = await startServerProcess(pg.url("postgres"), true, probe);
try {
  const secret = "bench-secret-bench-secret-bench-secret"; // of startServerProcess
  const load = await startAgentLoad({ db, origins: [server.base], secret, backends: BACKENDS, meetings });
  await load.run({ events: 500, perSecond: 500 }); // warm
  const used = () => ({ server: cpuMs([server.pid]), postgres: cpuMs(treeOf(postmaster?.pid ?? 0)) });
  const before = used();
  const result = await load.run({ events, perSecond });
  const after = used();
  const per1000 = (from: number, to: number) => ((to - from) / result.acknowledged * 1000).toFixed(0);
  const quantile = (q: number) => (result.latencies[Math.floor(result.latencies.length * q)] ?? 0).toFixed(1);
  const lost = await load.differences();
  console.log(
    `events: ${result.acknowledged} of ${events} stored, ${result.refused.length} refused, ${lost.length} meetings wrong`,
  );
  console.log(
    `rate: ${result.perSecond.toFixed(0)}/s of ${perSecond}/s offered; p50 ${quantile(0.5)} ms, p99 ${
      quantile(0.99)
    } ms`,
  );
  console.log(
    `CPU ms per 1000 events, heartbeats included: server ${per1000(before.server, after.server)}, PostgreSQL ${
      per1000(before.postgres, after.postgres)
    }; server ${memoryMb(server.pid)} MB`,
  );
  console.log(
    `heartbeats: ${result.heartbeats} of ${BACKENDS} agents; ${
      result.writesPerSecond.toFixed(1)
    } writes of backends a second`,
  );
  for (const line of [...result.refused, ...lost].slice(0, 5)) console.log(line);
} finally {
  await server.stop();
  await db.end();
  await node.stop();
  await pg.stop();
}
