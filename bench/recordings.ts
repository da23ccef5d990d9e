// What getRecordings costs the database: 50,000 recordings of 100 frontends, 20,000 of them one frontend's. Prints the
// plans and times of the commonest calls; figures go into bench/RESULTS.md by hand. Run: deno run -A bench/recordings.ts
import { startPostgres } from "../demo/postgres.ts";
import type { Pool } from "../src/deps.ts";
import { createLogger } from "../src/log.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPool } from "../src/store/pool.ts";
import {
  countFrontendRecordings,
  countQuery,
  listFrontendRecordings,
  listQuery,
  type Page,
  type RecordingFilter,
} from "../src/store/recording_search.ts";
import { recordIDOf, roomID, seedRecordings, startTimeOf } from "./seed_recordings.ts";

const KEY = "fe0";
const STATES = ["published", "unpublished"];
const PAGE: Page = { offset: 0, limit: 20 };
const RUNS = 50;

interface Call {
  readonly name: string;
  readonly filter: RecordingFilter;
  readonly page?: Page;
}

const CALLS: readonly Call[] = [
  { name: "meetingID, 1", filter: { meetingIDs: [roomID(KEY, 7)], states: STATES, metadata: [] } },
  {
    name: "meetingID, 100",
    filter: { meetingIDs: Array.from({ length: 100 }, (_, n) => roomID(KEY, n * 3)), states: STATES, metadata: [] },
  },
  {
    name: "recordID, 25",
    filter: {
      recordIDs: Array.from({ length: 25 }, (_, n) => recordIDOf(KEY, n * 10, startTimeOf(n * 80))),
      states: STATES,
      metadata: [],
    },
  },
  {
    name: "recordID, prefix",
    filter: { recordIDs: [recordIDOf(KEY, 7, 0).slice(0, 40)], states: STATES, metadata: [] },
  },
  {
    name: "state and rare meta, page",
    filter: {
      states: ["published"],
      metadata: [{ name: "bbb-context-id", text: "17", match: "equals" }],
    },
    page: PAGE,
  },
  {
    name: "state and common meta, page",
    filter: { states: ["published"], metadata: [{ name: "gl-listed", text: "true", match: "equals" }] },
    page: PAGE,
  },
  {
    name: "meta that contains, page",
    filter: { states: STATES, metadata: [{ name: "meetingname", text: "ture 17", match: "contains" }] },
    page: PAGE,
  },
  { name: "unfiltered, first page", filter: { states: STATES, metadata: [] }, page: PAGE },
  { name: "unfiltered, last page", filter: { states: STATES, metadata: [] }, page: { offset: 19_500, limit: 20 } },
  { name: "unfiltered, all", filter: { states: STATES, metadata: [] } },
];

async function measure(db: Pool, frontendID: string, { name, filter, page }: Call): Promise<void> {
  const times: number[] = [];
  let [found, total] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    const from = performance.now();
    found = (await listFrontendRecordings(db, frontendID, filter, page)).length;
    if (page !== undefined) total = await countFrontendRecordings(db, frontendID, filter);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  console.log(`\n## ${name}: ${found} of ${total || found}, p50 ${at(0.5)} ms, max ${at(0.99)} ms, list and count`);
  await explain(db`explain (analyze, costs off, timing off, summary on) ${listQuery(db, frontendID, filter, page)}`);
  if (page !== undefined) {
    await explain(db`explain (analyze, costs off, timing off, summary on) ${countQuery(db, frontendID, filter)}`);
  }
}

async function explain(query: PromiseLike<readonly object[]>): Promise<void> {
  for (const row of await query) console.log(`   ${Object.values(row)[0]}`);
}

const postgres = await startPostgres();
const db = openPool({ url: postgres.url("postgres"), poolSize: 4, applicationName: "bench", log: createLogger() });
await migrate(db);
const from = performance.now();
const [frontendID = ""] = await seedRecordings(db, { frontends: 100, recordings: 50_000, largest: 20_000 });
console.log(`seeded in ${((performance.now() - from) / 1000).toFixed(1)} s`);
for (const call of CALLS) await measure(db, frontendID, call);
await db.end({ timeout: 5 });
await postgres.stop();
