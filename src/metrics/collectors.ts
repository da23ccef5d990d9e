// What a scrape reads, and the families that come of it: the cluster, what waits in the database, this process.
import type { ClusterFeed } from "../cluster/feed.ts";
import type { Deps } from "../deps.ts";
import { createSingleFlight } from "../lib/single_flight.ts";
import { within } from "../lib/within.ts";
import { type QueueDepth, readQueueDepth } from "../store/queue_depth.ts";
import { BUILD, VERSION } from "../version.ts";
import { BACKEND_FAMILIES } from "./collect_backends.ts";
import { clusterState } from "./collect_cluster.ts";
import { meetingFamilies } from "./collect_meetings.ts";
import { QUEUE_FAMILIES } from "./collect_queues.ts";
import { type Collector, createCollector, type Family, label, single, tally } from "./family.ts";
import { backendLabel } from "./labels.ts";
import { createProcessCollectors } from "./process.ts";
import type { ProcessRecorder } from "./recorder.ts";

/** A scrape that waits for a database that hangs would miss the scraper's own deadline. */
const READ_MS = 2000;

export function createCollectors(
  { config, db, view, clock, feed, recorder, isReady }: Pick<Deps, "config" | "db" | "view" | "clock"> & {
    readonly feed: Pick<ClusterFeed, "memory" | "ageSeconds">;
    readonly recorder: Pick<ProcessRecorder, "retain">;
    readonly isReady: () => Promise<boolean>;
  },
): Collector[] {
  const inTime = <T>(answer: Promise<T>): Promise<T> =>
    within(clock, READ_MS, answer, () => new Error("no answer in time"));

  const cluster = async () => {
    const state = clusterState(await inTime(view.census()), config.loadModel);
    recorder.retain({
      frontends: new Set(state.frontends.map(({ key }) => key)),
      backends: new Set(state.backends.map(({ host }) => backendLabel(host))),
    });
    return state;
  };
  /** One question at a time: those that hang would use up the pool, scrape by scrape. */
  const depths = createSingleFlight<QueueDepth>({ clock });
  const queueDepth = () => inTime(depths.run("", () => readQueueDepth(db)));
  const rowCounts = () => ({
    frontends: feed.memory.frontends.size,
    backends: feed.memory.backends.size,
    meetings: feed.memory.meetings.size,
  });
  return [
    createCollector(cluster, [...meetingFamilies({ perMeeting: config.metricsPerMeeting }), ...BACKEND_FAMILIES]),
    createCollector(queueDepth, QUEUE_FAMILIES),
    createCollector(isReady, [READY]),
    createCollector(rowCounts, [VIEW_ROWS]),
    createCollector(() => feed.ageSeconds(), [VIEW_AGE]),
    createCollector(view.isTrusted, [VIEW_TRUSTED]),
    createCollector(() => {}, [BUILD_INFO]),
    ...createProcessCollectors({ nowMs: clock.now() }),
  ];
}

const VIEW_ROWS: Family<Readonly<Record<string, number>>> = {
  name: "b3scale_view_rows",
  type: "gauge",
  help: "Rows that the view of the cluster holds in memory",
  samples: (counts) => tally(Object.entries(counts), ([table]) => label("table", table), ([, count]) => count),
};

const VIEW_AGE: Family<number | undefined> = {
  name: "b3scale_view_age_seconds",
  type: "gauge",
  help: "Seconds since the view was last known to hold everything; none before the first time",
  samples: (seconds) => seconds === undefined ? [] : single(seconds),
};

const VIEW_TRUSTED: Family<boolean> = {
  name: "b3scale_view_trusted",
  type: "gauge",
  help: "1 while reads are answered from memory, 0 while they go to the database",
  samples: (trusted) => single(trusted ? 1 : 0),
};

const READY: Family<boolean> = {
  name: "b3scale_ready",
  type: "gauge",
  help: "1 while /readyz says that this process may be sent requests",
  samples: (ready) => single(ready ? 1 : 0),
};

const BUILD_INFO: Family<void> = {
  name: "b3scale_build_info",
  type: "gauge",
  help: "What runs here; always 1",
  samples: () => [[
    [label("version", VERSION), label("build", BUILD), label("runtime", `deno ${Deno.version.deno}`)].join(","),
    1,
  ]],
};
