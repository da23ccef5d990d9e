import assert from "node:assert/strict";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import type { Census } from "../../../src/cluster/view.ts";
import type { Deps, Pool } from "../../../src/deps.ts";
import { createCollectors } from "../../../src/metrics/collectors.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeBackend, makeConfig, makeFrontend, makeMeetingRow } from "../../support/make.ts";

/** Hangs, and notes what it was asked. */
function silentDatabase(): { db: Pool; asked: string[] } {
  const asked: string[] = [];
  const query = (parts: readonly string[]) => {
    const text = parts.join("?");
    if (text.includes("from requested")) asked.push(text);
    return new Promise(() => {});
  };
  return { db: query as unknown as Pool, asked };
}
const CENSUS: Census = { frontends: [makeFrontend()], backends: [makeBackend()], meetings: [makeMeetingRow()] };

function setUp(census: () => Promise<Census>, env: Record<string, string> = {}) {
  const clock = createFakeClock();
  const memory = createClusterMemory();
  memory.putFrontend(makeFrontend());
  const retained: [string[], string[]][] = [];
  const { db, asked } = silentDatabase();
  const collectors = createCollectors({
    config: makeConfig(env),
    db,
    view: { census, isTrusted: () => true } as Deps["view"],
    clock,
    feed: { memory, ageSeconds: () => undefined },
    recorder: { retain: ({ backends, frontends }) => void retained.push([[...backends], [...frontends]]) },
    isReady: () => Promise.resolve(false),
  });
  /** Families by name: their samples, or why there are none. */
  const collect = async () => {
    const told = collectors.flatMap((begin) => begin()).map(async ({ name, samples }) => {
      return [name, await samples().then((all) => Array.from(all), (error: Error) => error.message)] as const;
    });
    await clock.advance(2000);
    return Object.fromEntries(await Promise.all(told));
  };
  return { collect, retained, clock, asked };
}

Deno.test("createCollectors() waits 2 s for a database that hangs, and tells all else", async () => {
  const { collect, clock } = setUp(() => Promise.resolve(CENSUS));
  const told = await collect();
  assert.equal(told["b3scale_commands"], "no answer in time");
  assert.equal(told["b3scale_recording_moves"], "no answer in time");
  assert.deepEqual(told["b3scale_frontend_meetings"], [['frontend="fe1"', 1]]);
  assert.deepEqual(told["b3scale_view_trusted"], [["", 1]]);
  assert.deepEqual(told["b3scale_ready"], [["", 0]]);
  assert.deepEqual(told["b3scale_view_age_seconds"], []);
  assert.deepEqual(told["b3scale_view_rows"], [['table="frontends"', 1], ['table="backends"', 0], [
    'table="meetings"',
    0,
  ]]);
  assert.equal(clock.waiting, 0);
});

Deno.test("createCollectors() asks a database that hangs once, however often it is scraped", async () => {
  const { collect, asked } = setUp(() => Promise.resolve(CENSUS));
  for (let scrape = 0; scrape < 3; scrape++) await collect();
  assert.equal(asked.length, 1, "each would hold a connection of the pool");
});

Deno.test("createCollectors() waits no longer for the view when it has to ask the database", async () => {
  const { collect, retained } = setUp(() => new Promise(() => {}));
  const told = await collect();
  assert.equal(told["b3scale_backend_health"], "no answer in time");
  assert.deepEqual(told["b3scale_view_trusted"], [["", 1]]);
  assert.deepEqual(retained, [], "nothing is dropped because nothing is known");
});

Deno.test("createCollectors() has what was counted of others dropped", async () => {
  const { collect, retained } = setUp(() => Promise.resolve(CENSUS));
  await collect();
  assert.deepEqual(retained, [[["n1.example"], ["fe1"]]]);
});

Deno.test("createCollectors() has durations of each meeting only where they are wanted", async () => {
  const names = async (env: Record<string, string>) =>
    Object.keys(await setUp(() => Promise.resolve(CENSUS), env).collect());
  assert(!(await names({})).includes("b3scale_meeting_durations"));
  assert((await names({ B3SCALE_METRICS_PER_MEETING: "true" })).includes("b3scale_meeting_durations"));
});
