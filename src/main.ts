// b3scaled: env → settings → server. What it says before it serves, and how it ends.
import { type Config, ConfigError, DEFAULT_DB_URL, readConfig } from "./config.ts";
import { createNodeFetch, realClock } from "./deps.ts";
import { errorText } from "./errors.ts";
import { askHealth } from "./lib/ask_health.ts";
import { withEnvFiles } from "./lib/env_file.ts";
import { onStopSignal } from "./lib/stop_signals.ts";
import { configureLogging, createLogger, gatherLines, type Logger, writeStderr } from "./log.ts";
import { reportRecordings } from "./recordings/storage_check.ts";
import { type RunningServer, startServer } from "./server.ts";
import { VERSION } from "./version.ts";

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
  // The last two: what led to a crash is worth most.
  for (const end of ["unload", "error", "unhandledrejection"]) globalThis.addEventListener(end, lines.flush);
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
