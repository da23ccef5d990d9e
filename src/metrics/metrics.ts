// Everything of the metrics that server.ts puts together: counted from the first query on, served once there is a
// cluster to tell of.
import type { ClusterFeed } from "../cluster/feed.ts";
import type { Config } from "../config.ts";
import type { Clock, Deps } from "../deps.ts";
import { createCollectors } from "./collectors.ts";
import { createPoolGauges } from "./database_pool.ts";
import { createMetricsEndpoint, type MetricsEndpoint } from "./endpoint.ts";
import { watchEventLoop } from "./event_loop.ts";
import { createExposition } from "./exposition.ts";
import { backendLabel } from "./labels.ts";
import { createRecorder } from "./recorder.ts";
import { createRegistry } from "./registry.ts";
import type { Recorder } from "./types.ts";

export interface Metrics {
  readonly recorder: Recorder;
  /** For the pool that requests and commands use. */
  readonly onDatabaseWork: (change: 1 | -1) => void;
  createEndpoint(
    deps: Pick<Deps, "config" | "db" | "view" | "clock" | "log" | "metrics"> & {
      readonly feed: ClusterFeed;
      readonly isReady: () => Promise<boolean>;
    },
  ): MetricsEndpoint;
  stop(): void;
}

export function createMetrics({ config, clock }: { config: Config; clock: Clock }): Metrics {
  const registry = createRegistry();
  const { hostname, port } = config.listen;
  const recorder = createRecorder({ registry, hosts: [backendLabel(config.apiUrl), `${hostname}:${port}`] });
  return {
    recorder,
    onDatabaseWork: createPoolGauges({ registry, poolSize: config.dbPoolSize }),
    createEndpoint: (deps) => {
      const collectors = createCollectors({ ...deps, recorder });
      return createMetricsEndpoint(deps, createExposition({ ...deps, registry, collectors }));
    },
    stop: watchEventLoop({ clock, registry }),
  };
}
