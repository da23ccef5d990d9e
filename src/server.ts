// A whole b3scaled from its settings: deps → serve → background work, and the end of it all in the right order. main.ts
// and tests start it.
import { type App, createApp, createMetricsApp } from "./app.ts";
import { createNodeClient } from "./bbb/client.ts";
import { createClusterFeed } from "./cluster/feed.ts";
import { createClusterView } from "./cluster/view.ts";
import type { Config } from "./config.ts";
import { createController } from "./controller/controller.ts";
import { type Clock, createNodeFetch, type Db, type Deps, realClock, realRandom } from "./deps.ts";
import { AppError, errorText } from "./errors.ts";
import type { ListenAddress } from "./lib/setting_kinds.ts";
import { within } from "./lib/within.ts";
import { createLogger, type Logger } from "./log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { createHealth } from "./rest/health.ts";
import { migrate, readMigrationStatus } from "./store/migrate.ts";
import { guardOutOfBandErrors, openPool } from "./store/pool.ts";

export interface RunningServer {
  readonly address: ListenAddress;
  /** Undefined where metrics are served on the main one. */
  readonly metricsAddress: ListenAddress | undefined;
  readonly deps: Deps;
  /** Resolves when the view of the cluster is loaded and trusted. */
  readonly ready: Promise<void>;
  /** Has proxies told that this process is about to stop, and serves on for as long as the settings say. */
  drain(): Promise<void>;
  /** Stops accepting, finishes requests and the running commands, closes everything. */
  stop(): Promise<void>;
}

const APPLICATION = "b3scaled";
const MOST_SCHEMA_WAIT_MS = 5000;
const FIRST_TRY_MS = 5000;

export function startServer(
  config: Config,
  { clock = realClock, random = realRandom, log = createLogger() }: {
    clock?: Clock;
    random?: () => number;
    log?: Logger;
  } = {},
): Promise<RunningServer> {
  const metrics = createMetrics({ config, clock });
  const pool = { url: config.dbUrl, applicationName: APPLICATION, log };
  const db = openPool({ ...pool, poolSize: config.dbPoolSize, onWork: metrics.onDatabaseWork, watch: { clock } });
  const removeGuard = guardOutOfBandErrors(log);
  const network = createNodeFetch();
  const nodes = createNodeClient({ ...network, clock, observe: metrics.recorder.nodeCall });
  const feed = createClusterFeed({ db, openListener: () => openPool({ ...pool, poolSize: 1 }), clock, log });
  const view = createClusterView({ db, clock, source: feed });
  const deps: Deps = { config, db, view, nodes, clock, random, log, metrics: metrics.recorder };
  let usable = false;
  const health = createHealth(deps, () => usable);
  const isReady = async () => (await health.check()).ready;
  const serveMetrics = metrics.createEndpoint({ ...deps, feed, isReady });
  const controller = createController(deps);

  let endFirstTry = () => {};
  const firstTry = new Promise<void>((resolve) => endFirstTry = resolve);
  /** A schema that is missing, or newer than this build, must not be written to; all but BBB's calls is served. */
  const isUsable = async () => {
    // Who asks in the moment between listening and the first look at the schema is not turned away.
    if (!usable) await within(clock, FIRST_TRY_MS, firstTry, () => new Error("no answer in time")).catch(() => {});
    return usable;
  };
  const metricsHere = config.listenMetrics === null ? serveMetrics : undefined;
  const app = createApp(deps, { health, metrics: metricsHere, isUsable });
  const server = listen(config.listen, "B3SCALE_LISTEN_HTTP", (req, peer) => {
    const answer = app(req, peer);
    return health.isDraining() ? answer.then(asLastOfConnection) : answer;
  });
  const metricsServer = config.listenMetrics === null
    ? undefined
    : listen(config.listenMetrics, "B3SCALE_LISTEN_METRICS", createMetricsApp(deps, serveMetrics));
  const background = new AbortController();
  const working = (async () => {
    await untilSchema(deps, background.signal, () => endFirstTry());
    if (background.signal.aborted) return;
    usable = true;
    endFirstTry();
    await Promise.all([feed.run(background.signal), controller.run(background.signal)]);
  })();
  log.info("starting interface: HTTP", { listen: `${server.addr.hostname}:${server.addr.port}` });
  if (metricsServer !== undefined) {
    const { hostname, port } = metricsServer.addr;
    log.info("starting interface: metrics", { listen: `${hostname}:${port}` });
  } else if (config.metricsToken === "") {
    log.warn("metrics are served to everybody", { hint: "set B3SCALE_LISTEN_METRICS or B3SCALE_METRICS_TOKEN" });
  }

  return Promise.resolve({
    address: server.addr,
    metricsAddress: metricsServer?.addr,
    deps,
    ready: feed.ready,
    drain: async () => {
      health.drain();
      await clock.sleep(config.drainMs);
    },
    stop: async () => {
      health.drain();
      await server.shutdown();
      await metricsServer?.shutdown();
      metrics.stop();
      background.abort();
      await working;
      await db.end({ timeout: 5 });
      network.close();
      removeGuard();
    },
  });
}

/** @throws Error that names the address and its setting when it is taken or not ours */
function listen({ hostname, port }: ListenAddress, setting: string, serve: App): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, (req, info) => serve(req, info.remoteAddr.hostname));
  } catch (error) {
    throw new Error(`cannot listen on ${hostname}:${port} (${setting}): ${errorText(error)}`, {
      cause: error,
    });
  }
}

/** A proxy that keeps its connections would go on asking here until the listener is closed under it. */
function asLastOfConnection(answer: Response): Response {
  answer.headers.set("connection", "close");
  return answer;
}

/** Until the database is there and has our schema: a wrong one costs no restart once it has been put right. */
async function untilSchema(
  { config, db, clock, log }: Deps,
  signal: AbortSignal,
  onFailure: () => void,
): Promise<void> {
  let logged = "";
  for (let waitMs = 250; !signal.aborted; waitMs = Math.min(waitMs * 2, MOST_SCHEMA_WAIT_MS)) {
    try {
      if (config.dbMigrate) await migrate(db);
      else await requireSchema(db);
      return;
    } catch (error) {
      const text = errorText(error);
      const newer = error instanceof AppError && error.code === "database_newer";
      const hint = newer ? "start the newer version, or restore a backup" : "trying again until it works";
      onFailure();
      if (text !== logged) log.error("database cannot be used", { error: text, hint });
      logged = text;
    }
    await clock.sleep(waitMs, signal).catch(() => {});
  }
}

/** Where B3SCALE_DB_MIGRATE=false leaves the migration to the operator. */
async function requireSchema(db: Db): Promise<void> {
  const { newer, pending, migration, extension } = await readMigrationStatus(db);
  const version = `version ${migration?.version ?? 0}, extension ${extension}`;
  if (newer) throw new AppError("database_newer", `The database is at ${version}: newer than this build`);
  if (pending > 0) {
    throw new Error(
      `The database is at ${version}, ${pending} migrations are pending, and B3SCALE_DB_MIGRATE is false`,
    );
  }
}
