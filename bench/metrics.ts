// What a scrape of /metrics costs at 5,000 meetings × 20 people, 500 backends, 100 frontends: time, CPU and how long the
// event loop is blocked. `deno run -A bench/metrics.ts`; results go into bench/RESULTS.md by hand.
import process from "node:process";
import { startPostgres } from "../demo/postgres.ts";
import { createClusterMemory } from "../src/cluster/memory.ts";
import { createClusterView } from "../src/cluster/view.ts";
import { readConfig } from "../src/config.ts";
import { realClock } from "../src/deps.ts";
import { createLogger } from "../src/log.ts";
import { createCollectors } from "../src/metrics/collectors.ts";
import { createExposition } from "../src/metrics/exposition.ts";
import { createRecorder } from "../src/metrics/recorder.ts";
import { createRegistry } from "../src/metrics/registry.ts";
import { readFrontendSettings } from "../src/store/frontend_settings.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPool } from "../src/store/pool.ts";
import { backendID, frontendID, frontendKey, FRONTENDS, heldMeeting, MEETINGS, PEOPLE } from "./held_meetings.ts";

const BACKENDS = 500;
const ROUNDS = 30;

const memory = createClusterMemory();
const now = realClock.monotonic();
for (let number = 0; number < FRONTENDS; number++) {
  const at = new Date(0);
  const settings = readFrontendSettings({ attendees_limit: { limit: 5000 } });
  const row = { secret: "s", active: true, settings, account_ref: null, created_at: at, updated_at: at, version: "1" };
  memory.putFrontend({ ...row, id: frontendID(number), key: frontendKey(number) });
}
for (let number = 0; number < BACKENDS; number++) {
  memory.putBackend({
    id: backendID(number),
    host: `https://node-${number}.bbb.example.org/bigbluebutton/api/`,
    secret: "node-secret",
    node_state: "ready",
    admin_state: "ready",
    load_factor: 1,
    last_error: null,
    agent_ref: `node-${number}`,
    tags: [],
    checksum_algorithm: "sha256",
    meetings_count: 0,
    attendees_count: 0,
    failed_polls: 0,
    ages: { heartbeat: 1, synced: 1, failed: null, good: 1 },
    version: "1",
  }, now);
}
for (let number = 0; number < MEETINGS; number++) memory.putMeeting(heldMeeting(number, BACKENDS), now);

const pg = await startPostgres({});
const log = createLogger();
const db = openPool({ url: pg.url("postgres"), poolSize: 4, applicationName: "bench", log });
await migrate(db);

/** @returns a line of the table */
async function measure(perMeeting: boolean): Promise<string> {
  const config = readConfig({
    B3SCALE_API_URL: "http://bench.test",
    B3SCALE_API_JWT_SECRET: "bench-secret-bench-secret-bench-secret",
    B3SCALE_METRICS_PER_MEETING: String(perMeeting),
  });
  const source = {
    memory,
    isTrusted: () => true,
    seenUntil: () => 0,
    applyMeeting: () => {},
    forgetMeeting: () => {},
    onMeetingChange: () => {},
  };
  const view = createClusterView({ db, clock: realClock, source });
  const registry = createRegistry();
  const collectors = createCollectors({
    config,
    db,
    view,
    clock: realClock,
    feed: { memory, ageSeconds: () => 0 },
    recorder: createRecorder({ registry }),
    isReady: () => Promise.resolve(true),
  });
  const exposition = createExposition({ registry, collectors, clock: realClock, log });
  const text = await exposition.scrape();
  for (let round = 0; round < 5; round++) await exposition.scrape(); // until it is compiled
  const times: number[] = [];
  const blocked: number[] = [];
  const cpuBefore = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) {
    const watch = watchLoop();
    const startedAt = performance.now();
    await exposition.scrape();
    times.push(performance.now() - startedAt);
    blocked.push(await watch.stop());
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  const cells = [
    perMeeting ? "with series of each meeting" : "without",
    series.toLocaleString("en"),
    `${(text.length / 1024).toFixed(0)} KiB`,
    ...[median(times), Math.max(...times), (user + system) / 1000 / ROUNDS, median(blocked), Math.max(...blocked)]
      .map((ms) => ms.toFixed(0)),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** The longest time that a timer had to wait for its turn. */
function watchLoop() {
  let last = performance.now();
  let longest = 0;
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 1);
  return {
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      clearInterval(timer);
      return longest;
    },
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

try {
  console.log(`${MEETINGS} meetings x ${PEOPLE}, ${BACKENDS} backends, ${FRONTENDS} frontends`);
  console.log("| per meeting | series | text | p50 ms | worst ms | CPU ms | blocked p50 ms | blocked worst ms |");
  console.log("|---|---:|---:|---:|---:|---:|---:|---:|");
  for (const perMeeting of [false, true]) console.log(await measure(perMeeting));
} finally {
  await db.end();
  await pg.stop();
}
