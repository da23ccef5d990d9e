// b3scalectl: environment, terminal and signals; program.ts does the rest.
import { readLogConfig } from "../src/config.ts";
import { createNodeFetch, realClock, realRandom } from "../src/deps.ts";
import { errorText } from "../src/errors.ts";
import { withEnvFiles } from "../src/lib/env_file.ts";
import { configureLogging, createLogger, writeStderr } from "../src/log.ts";
import { PROGRAM } from "./commands.ts";
import { runProgram } from "./program.ts";
import { createTerminal } from "./terminal.ts";
import { configDirOf } from "./token_store.ts";

async function main(): Promise<number> {
  const log = createLogger();
  configureLogging({ level: "info", format: "plain" }); // until the environment says otherwise
  try {
    const env = withEnvFiles(Deno.env.toObject(), "B3SCALE_DB_URL", {
      readText: Deno.readTextFileSync,
      announce: writeStderr,
    });
    configureLogging(readLogConfig(env));
    const network = createNodeFetch();
    const interrupt = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => interrupt.abort());
    return await runProgram(PROGRAM, Deno.args, {
      env,
      fetch: network.fetch,
      clock: realClock,
      random: realRandom,
      terminal: createTerminal(env),
      log,
      configDir: configDirOf(env),
      signal: interrupt.signal,
    });
  } catch (error) {
    log.fatal("exit with fatal error", { error: errorText(error) });
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
