// b3scaleagent: arguments → environment → start → heartbeats and events, until a signal or a fatal error ends them.
import { ConfigError, readLogConfig } from "../src/config.ts";
import { type ApiClient, createApiClient } from "../src/contract/client.ts";
import { createNodeFetch, type Fetch, realClock, realRandom } from "../src/deps.ts";
import { errorText } from "../src/errors.ts";
import { withEnvFiles } from "../src/lib/env_file.ts";
import { onStopSignal } from "../src/lib/stop_signals.ts";
import { configureLogging, createLogger, type Logger, writeStderr } from "../src/log.ts";
import { VERSION } from "../src/version.ts";
import { readArgs, USAGE } from "./args.ts";
import { type BbbNode, type Properties, readNode, readProperties, readRedis } from "./bbb_web_properties.ts";
import { check } from "./check.ts";
import { followEvents } from "./follow_events.ts";
import { sendHeartbeats } from "./heartbeat.ts";
import { pingRedis } from "./redis.ts";
import { connect, register } from "./register.ts";
import { type AgentSettings, FatalError, readSettings, requireAccess } from "./settings.ts";
import type { AgentDeps, RedisSettings, Registration } from "./types.ts";

/** An event may wait 15 s in the server for its meeting. */
const CALL_DEADLINE_MS = 20_000;
const CHECK_DEADLINE_MS = 5000;
const MOST_STOPPING_MS = 5000;

async function main(): Promise<void> {
  const args = readArgs(Deno.args);
  if (args.action === "version") return writeStdout(VERSION);
  writeStdout(`b3scale node agent\t\tv.${VERSION}`);
  if (args.action === "refuse") {
    writeStderr(args.message);
    writeStderr(USAGE);
    Deno.exit(2);
  }
  if (args.action === "help") return writeStderr(USAGE);
  const settings = configure();
  const { fetch } = createNodeFetch();
  const act = args.action === "check" ? runCheck : run;
  Deno.exit(await act(settings, args.register, fetch));
}

/** The environment's settings; logging is set up after it. */
function configure(): AgentSettings {
  try {
    const files = { readText: Deno.readTextFileSync, announce: writeStderr };
    const env = withEnvFiles(Deno.env.toObject(), "B3SCALE_API_URL", files);
    configureLogging(readLogConfig(env));
    return readSettings(env);
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [errorText(error)];
    for (const problem of problems) writeStderr(`b3scaleagent: ${problem}`);
    Deno.exit(1);
  }
}

/** @returns the exit code */
async function runCheck(settings: AgentSettings, mayRegister: boolean, fetch: Fetch): Promise<number> {
  const isWell = await check({
    settings,
    mayRegister,
    api: openApi(settings, fetch, CHECK_DEADLINE_MS),
    clock: realClock,
    fetch,
    readText: Deno.readTextFileSync,
    pingRedis,
    print: writeStdout,
  });
  return isWell ? 0 : 1;
}

/** @returns the exit code */
async function run(settings: AgentSettings, mayRegister: boolean, fetch: Fetch): Promise<number> {
  const log = createLogger();
  const signal = stopOnSignals(log);
  const api = openApi(settings, fetch, CALL_DEADLINE_MS);
  const deps = { api, clock: realClock, random: realRandom, log };
  try {
    const { redis, registration } = await start(deps, settings, mayRegister, signal);
    await Promise.all([
      sendHeartbeats(deps, registration, signal),
      followEvents({ ...deps, redis, registration }, signal),
    ]);
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    const { message, fields } = error instanceof FatalError ? error : unexpected(error);
    log.fatal(message, fields);
    return 1; // the service manager starts it again
  }
}

/** Everything that must succeed before the agent is of use, in the order of 1.x. @throws FatalError */
async function start(
  deps: AgentDeps,
  settings: AgentSettings,
  mayRegister: boolean,
  signal: AbortSignal,
): Promise<{ redis: RedisSettings; registration: Registration }> {
  const { log } = deps;
  const { apiUrl, loadFactor, loadFactorProblem, warnings } = settings;
  const properties = openProperties(settings);
  requireAccess(settings);
  log.info("api", { host: apiUrl });
  const features = await connect(deps, signal);
  const { node, redis } = readConfigured(properties);
  for (const warning of warnings) log.warn("setting is not used as given", { error: warning });
  if (loadFactorProblem !== undefined) log.error("invalid value for B3SCALE_LOAD_FACTOR", { error: loadFactorProblem });
  const backendID = await register(deps, { node, loadFactor, mayRegister }, signal);
  return { redis, registration: { backendID, features } };
}

function openProperties({ propertiesFile: file }: AgentSettings): Properties {
  try {
    return readProperties(Deno.readTextFileSync(file));
  } catch (error) {
    throw new FatalError("could not read bbb config", { error: errorText(error), env: "BBB_CONFIG", file });
  }
}

function readConfigured(properties: Properties): { node: BbbNode; redis: RedisSettings } {
  try {
    return { node: readNode(properties), redis: readRedis(properties) };
  } catch (error) {
    const hint = "set it in the file of BBB_CONFIG: the defaults that BBB comes with are not read";
    throw new FatalError("backend from config", { error: errorText(error), hint });
  }
}

const openApi = ({ apiUrl, token }: AgentSettings, fetch: Fetch, timeoutMs: number): ApiClient =>
  createApiClient({ url: apiUrl, token, userAgent: `b3scaleagent/${VERSION}`, fetch, clock: realClock, timeoutMs });

const unexpected = (error: unknown) => ({
  message: "the agent failed",
  fields: { error: errorText(error), stack: error instanceof Error ? error.stack : undefined },
});

/** Aborts with the first signal. */
function stopOnSignals(log: Logger): AbortSignal {
  const stopping = new AbortController();
  onStopSignal(realClock, (signal) => {
    log.info("stopping", { signal });
    realClock.after(MOST_STOPPING_MS, () => {
      log.warn("what was under way did not end within 5 s");
      Deno.exit(0);
    });
    stopping.abort();
  });
  return stopping.signal;
}

function writeStdout(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

if (import.meta.main) await main();
