// b3scaled: env → config → deps → serve. One AbortController stops the background work, after the requests have ended.
import { type App, createApp } from "./app.ts";
import { createNodeClient } from "./bbb/client.ts";
import { failure, toHttp } from "./bbb/response.ts";
import { createClusterFeed } from "./cluster/feed.ts";
import { createClusterView } from "./cluster/view.ts";
import { type Config, ConfigError, DEFAULT_DB_URL, readConfig } from "./config.ts";
import { createController } from "./controller/controller.ts";
import { type Clock, createNodeFetch, type Db, type Deps, realClock, realRandom } from "./deps.ts";
import { AppError, errorText } from "./errors.ts";
import { withEnvFiles } from "./lib/env_file.ts";
import { onStopSignal } from "./lib/stop_signals.ts";
import { configureLogging, createLogger, gatherLines, type Logger, writeStderr } from "./log.ts";
import { createRecorder } from "./metrics/recorder.ts";
import { reportRecordings } from "./recordings/storage_check.ts";
import { migrate, readMigrationStatus } from "./store/migrate.ts";
import { guardOutOfBandErrors, openPool } from "./store/pool.ts";
import { VERSION } from "./version.ts";

export interface RunningServer {
  readonly address: { readonly hostname: string; readonly port: number };
  readonly deps: Deps;
  /** Resolves when the view of the cluster is loaded and trusted. */
  readonly ready: Promise<void>;
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
  const open = (poolSize: number) => openPool({ url: config.dbUrl, poolSize, applicationName: APPLICATION, log });
  const db = open(config.dbPoolSize);
  const removeGuard = guardOutOfBandErrors(log);
  const network = createNodeFetch();
  const nodes = createNodeClient({ ...network, clock });
  const feed = createClusterFeed({ db, openListener: () => open(1), clock, log });
  const view = createClusterView({ db, clock, source: feed });
  const deps: Deps = { config, db, view, nodes, clock, random, log, metrics: createRecorder() };
  const app = createApp(deps);
  const controller = createController(deps);

  let usable = false;
  const server = listen(config, (req, peer) => usable ? app(req, peer) : answerWithoutSchema(app, req, peer));
  const background = new AbortController();
  const working = (async () => {
    await untilSchema(deps, background.signal);
    if (background.signal.aborted) return;
    usable = true;
    await Promise.all([feed.run(background.signal), controller.run(background.signal)]);
  })();
  log.info("starting interface: HTTP", { listen: `${server.addr.hostname}:${server.addr.port}` });

  return Promise.resolve({
    address: { hostname: server.addr.hostname, port: server.addr.port },
    deps,
    ready: feed.ready,
    stop: async () => {
      await server.shutdown();
      background.abort();
      await working;
      await db.end({ timeout: 5 });
      network.close();
      removeGuard();
    },
  });
}

/** @throws Error that names the address when it is taken or not ours */
function listen({ listen: { hostname, port } }: Config, serve: App): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, (req, info) => serve(req, info.remoteAddr.hostname));
  } catch (error) {
    throw new Error(`cannot listen on ${hostname}:${port} (B3SCALE_LISTEN_HTTP): ${errorText(error)}`, {
      cause: error,
    });
  }
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
${DEFAULT_DB_URL} unless B3SCALE_DB_URL says otherwise.`;

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
  const lines = gatherLines(realClock.after);
  globalThis.addEventListener("unload", lines.flush);
  configureLogging({ level: config.logLevel, format: config.logFormat, write: lines.write });
  const log = createLogger();
  log.info("booting b3scale", { version: VERSION, pool_connections_max: config.dbPoolSize });
  for (const warning of config.warnings) log.warn("setting is not used as given", { error: warning });
  if (config.reverseProxyMode) log.info("reverse proxy mode is enabled");

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

/** What runs is finished, within 20 s. */
function stopOnSignals(server: RunningServer, log: Logger): void {
  onStopSignal(realClock, (signal) => {
    log.info("stopping", { signal });
    realClock.after(20_000, () => {
      log.error("requests or commands did not end within 20 s");
      Deno.exit(1);
    });
    server.stop().then(() => Deno.exit(0), (error) => {
      log.error("stopping failed", { error: errorText(error) });
      Deno.exit(1);
    });
  });
}

function writeStdout(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

if (import.meta.main) await main();
