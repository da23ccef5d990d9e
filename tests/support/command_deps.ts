// What commands run on: a database, a view that reads it, a node client over real HTTP, and a clock that stands still.
import { createNodeClient } from "../../src/bbb/client.ts";
import { createClusterMemory } from "../../src/cluster/memory.ts";
import { createClusterView } from "../../src/cluster/view.ts";
import type { CommandDeps } from "../../src/controller/types.ts";
import { type Clock, createNodeFetch, type Pool } from "../../src/deps.ts";
import { createFakeClock, type FakeClock } from "./fake_clock.ts";
import { type LogLine, makeConfig, makeLog } from "./make.ts";
import { type NotedMetrics, noteMetrics } from "./noted_metrics.ts";

export interface TestCommandDeps extends CommandDeps, Disposable {
  readonly clock: FakeClock;
  readonly metrics: NotedMetrics;
  readonly lines: readonly LogLine[];
  /** Ids of meetings that were handed to the view as written and as deleted. */
  readonly applied: readonly string[];
  readonly forgotten: readonly string[];
}

/** @param env settings beside those that are required */
export function commandDeps(db: Pool, env: Record<string, string> = {}): TestCommandDeps {
  const clock = createFakeClock();
  const { log, lines } = makeLog();
  const network = createNodeFetch();
  const applied: string[] = [];
  const forgotten: string[] = [];
  return {
    config: makeConfig(env),
    db,
    view: viewOf(db, clock, applied, forgotten),
    nodes: createNodeClient({ ...network, clock }),
    clock,
    random: () => 0.5,
    log,
    metrics: noteMetrics(),
    lines,
    applied,
    forgotten,
    [Symbol.dispose]: network.close,
  };
}

/** Not trusted: what it answers is what stands in the database. */
function viewOf(db: Pool, clock: Clock, applied: string[], forgotten: string[]) {
  const source = {
    memory: createClusterMemory(),
    isTrusted: () => false,
    seenUntil: () => 0,
    applyMeeting: ({ id }: { id: string }) => void applied.push(id),
    forgetMeeting: (id: string) => void forgotten.push(id),
    onMeetingChange: () => {},
  };
  return createClusterView({ db, clock, source });
}
