// b3scaled: env → config → deps → serve. One AbortController stops the background work, after the requests have ended.
import { type App, createApp, createMetricsApp } from "./app.ts";
import { createNodeClient } from "./bbb/client.ts";
import { failure, toHttp } from "./bbb/response.ts";
import { createClusterFeed } from "./cluster/feed.ts";
import { createClusterView } from "./cluster/view.ts";
import { type Config, ConfigError, DEFAULT_DB_URL, type ListenAddress, readConfig } from "./config.ts";
import { createController } from "./controller/controller.ts";
import { type Clock, createNodeFetch, type Db, type Deps, realClock, realRandom } from "./deps.ts";
import { AppError, errorText } from "./errors.ts";
import { askHealth } from "./lib/ask_health.ts";
import { withEnvFiles } from "./lib/env_file.ts";
import { onStopSignal } from "./lib/stop_signals.ts";
import { configureLogging, createLogger, gatherLines, type Logger, writeStderr } from "./log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { reportRecordings } from "./recordings/storage_check.ts";
import { createHealth } from "./rest/health.ts";
import { migrate, readMigrationStatus } from "./store/migrate.ts";
import { guardOutOfBandErrors, openPool } from "./store/pool.ts";
import { VERSION } from "./version.ts";

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
  const db = openPool({ ...pool, poolSize: config.dbPoolSize, onWork: metrics.onDatabaseWork });
  const removeGuard = guardOutOfBandErrors(log);
  const network = createNodeFetch();
  const nodes = createNodeClient({ ...network, clock, observe: metrics.recorder.nodeCall });
  const feed = createClusterFeed({ db, openListener: () => openPool({ ...pool, poolSize: 1 }), clock, log });
  const view = createClusterView({ db, clock, source: feed });
  const deps: Deps = { config, db, view, nodes, clock, random, log, metrics: metrics.recorder };
  const health = createHealth(deps);
  const isReady = async () => (await health.check()).ready;
  const serveMetrics = metrics.createEndpoint({ ...deps, feed, isReady });
  const app = createApp(deps, health, config.listenMetrics === null ? serveMetrics : undefined);
  const controller = createController(deps);

  let usable = false;
  const server = listen(config.listen, "B3SCALE_LISTEN_HTTP", (req, peer) => {
    const answer = usable ? app(req, peer) : answerWithoutSchema(app, req, peer);
    return health.isDraining() ? answer.then(asLastOfConnection) : answer;
  });
  const metricsServer = config.listenMetrics === null
    ? undefined
    : listen(config.listenMetrics, "B3SCALE_LISTEN_METRICS", createMetricsApp(deps, serveMetrics));
  const background = new AbortController();
  const working = (async () => {
    await untilSchema(deps, background.signal);
    if (background.signal.aborted) return;
    usable = true;
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

/** A schema that is missing, or newer than this build, must not be written to; all else is served. */
async function answerWithoutSchema(app: App, req: Request, peer?: string): Promise<Response> {
  if (!/^https?:\/\/[^/]*\/bbb\//.test(req.url)) return await app(req, peer);
  return toHttp(failure("internalError", "The request could not be processed. Please try again."), () => "");
}

/** Until the database is there and has our schema: a wrong one costs no restart once it has been put right. */
async function untilSchema({ config, db, clock, log }: Deps, signal: AbortSignal): Promise<void> {
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

const USAGE = `b3scaled ${VERSION}: load balancer for BigBlueButton

Settings come from the environment, or from .env, /etc/default/b3scale and /etc/sysconfig/b3scale while B3SCALE_DB_URL
is not set there. At least B3SCALE_API_URL and B3SCALE_API_JWT_SECRET are needed; the database is
${DEFAULT_DB_URL} unless B3SCALE_DB_URL says otherwise.

  --check         exit code 0 when the b3scaled of these settings runs, 1 when it does not: for health checks
  --check-ready   0 when it takes requests
  --version`;

async function main(): Promise<void> {
  if (Deno.args.includes("--help")) return writeStdout(USAGE);
  if (Deno.args.includes("--version")) return writeStdout(VERSION);
  let config: Config;
  try {
    const files = { readText: Deno.readTextFileSync, announce: writeStderr };
    config = readConfig(withEnvFiles(Deno.env.toObject(), "B3SCALE_DB_URL", files));
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [errorText(error)];
    for (const problem of problems) writeStderr(`b3scaled: ${problem}`);
    Deno.exit(1);
  }
  if (Deno.args.includes("--check")) return await exitWithHealth(config, "/healthz");
  if (Deno.args.includes("--check-ready")) return await exitWithHealth(config, "/readyz");
  const lines = gatherLines(realClock.after);
  globalThis.addEventListener("unload", lines.flush);
  configureLogging({ level: config.logLevel, format: config.logFormat, write: lines.write });
  const log = createLogger();
  log.info("booting b3scale", { version: VERSION, pool_connections_max: config.dbPoolSize });
  for (const warning of config.warnings) log.warn("setting is not used as given", { error: warning });
  if (config.reverseProxyMode) log.info("reverse proxy mode is enabled");
  if (Deno.env.get("OTEL_DENO") === "true") {
    const hint = "have the collector drop them, see docs/logs.md";
    log.warn("traces hold whole URLs: checksums, passwords, names of people", { hint });
  }

  void reportRecordings({ config, log }); // nothing waits for a network file system

  let server: RunningServer;
  try {
    server = await startServer(config, { log });
  } catch (error) {
    lines.flush(); // what the log still holds came before
    writeStderr(`b3scaled: cannot start: ${errorText(error)}`);
    Deno.exit(1);
  }
  stopOnSignals(server, log);
}

/** After draining, what runs is finished within 20 s. */
function stopOnSignals(server: RunningServer, log: Logger): void {
  const stop = async () => {
    await server.drain();
    realClock.after(20_000, () => {
      log.error("requests or commands did not end within 20 s");
      Deno.exit(1);
    });
    await server.stop();
  };
  onStopSignal(realClock, (signal) => {
    log.info("stopping", { signal, drain_seconds: server.deps.config.drainMs / 1000 });
    stop().then(() => Deno.exit(0), (error) => {
      log.error("stopping failed", { error: errorText(error) });
      Deno.exit(1);
    });
  });
}

/** Of the process that runs with these settings, not of this one. */
async function exitWithHealth({ listen }: Config, path: "/healthz" | "/readyz"): Promise<never> {
  const problem = await askHealth({ fetch: createNodeFetch().fetchOnce, clock: realClock }, listen, path);
  if (problem !== undefined) writeStderr(`b3scaled: ${problem}`);
  Deno.exit(problem === undefined ? 0 : 1);
}

function writeStdout(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

if (import.meta.main) await main();
