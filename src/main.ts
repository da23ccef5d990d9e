// b3scaled: env → config → deps → serve. One AbortController stops the background work, after the requests have ended.
import { createApp } from "./app.ts";
import { createNodeClient } from "./bbb/client.ts";
import { createClusterFeed } from "./cluster/feed.ts";
import { createClusterView } from "./cluster/view.ts";
import { type Config, ConfigError, DEFAULT_DB_URL, type Env, readConfig } from "./config.ts";
import { createController } from "./controller/controller.ts";
import { type Clock, createNodeFetch, type Deps, realClock, realRandom } from "./deps.ts";
import { AppError, errorText } from "./errors.ts";
import { readEnvFile } from "./lib/env_file.ts";
import { configureLogging, createLogger, type Logger, writeStderr } from "./log.ts";
import { migrate } from "./store/migrate.ts";
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
const MOST_MIGRATION_WAIT_MS = 30_000;

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
  const deps: Deps = { config, db, view, nodes, clock, random, log };
  const app = createApp(deps);
  const controller = createController(deps);

  const background = new AbortController();
  const working = (async () => {
    if (config.dbMigrate) await migrateAtLast(deps, background.signal);
    if (background.signal.aborted) return;
    await Promise.all([feed.run(background.signal), controller.run(background.signal)]);
  })();

  const server = Deno.serve(
    { hostname: config.listen.hostname, port: config.listen.port, onListen: () => {} },
    (req, info) => app(req, "hostname" in info.remoteAddr ? info.remoteAddr.hostname : ""),
  );
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

/** Until it has worked: without a schema the server answers errors, and is right once the database is there. */
async function migrateAtLast({ db, clock, log }: Deps, signal: AbortSignal): Promise<void> {
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, MOST_MIGRATION_WAIT_MS)) {
    try {
      await migrate(db);
      return;
    } catch (error) {
      const hint = error instanceof AppError && error.code === "database_newer"
        ? "start the newer version, or restore a backup"
        : "is the database there, and may we change it? trying again";
      log.error("database migration failed", { error: errorText(error), hint });
    }
    await clock.sleep(waitMs, signal).catch(() => {});
  }
}

/** Files of 1.x, read only when the process environment does not say where the database is. */
function withEnvFiles(env: Env): Env {
  if (env["B3SCALE_DB_URL"]) return env;
  let merged = env;
  for (const path of [".env", "/etc/default/b3scale", "/etc/sysconfig/b3scale"]) {
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw error;
    }
    writeStderr(`using environment from: ${path}`);
    merged = { ...merged, ...readEnvFile(text) };
  }
  return merged;
}

const USAGE = `b3scaled ${VERSION}: load balancer for BigBlueButton

Settings come from the environment, or from .env, /etc/default/b3scale and /etc/sysconfig/b3scale while B3SCALE_DB_URL
is not set there. At least B3SCALE_API_URL and B3SCALE_API_JWT_SECRET are needed; the database is
${DEFAULT_DB_URL} unless B3SCALE_DB_URL says otherwise.`;

async function main(): Promise<void> {
  if (Deno.args.includes("--help")) return writeStderr(USAGE);
  if (Deno.args.includes("--version")) return writeStderr(VERSION);
  let config: Config;
  try {
    config = readConfig(withEnvFiles(Deno.env.toObject()));
  } catch (error) {
    writeStderr(`b3scaled: configuration incomplete: ${errorText(error)}`);
    Deno.exit(error instanceof ConfigError ? 1 : 2);
  }
  configureLogging({ level: config.logLevel, format: config.logFormat });
  const log = createLogger();
  log.info("booting b3scale", { version: VERSION, pool_connections_max: config.dbPoolSize });
  for (const warning of config.warnings) log.warn("setting is not used as given", { error: warning });
  if (config.reverseProxyMode) log.info("reverse proxy mode is enabled");

  let server: RunningServer;
  try {
    server = await startServer(config, { log });
  } catch (error) {
    writeStderr(`b3scaled: cannot start: ${errorText(error)}`);
    Deno.exit(1);
  }
  stopOnSignals(server, log);
}

/** The first signal finishes what runs, the second one ends at once. */
function stopOnSignals(server: RunningServer, log: Logger): void {
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      if (stopping) Deno.exit(1);
      stopping = true;
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
}

if (import.meta.main) await main();
