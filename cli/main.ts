// b3scalectl: environment, terminal and signals; program.ts does the rest.
import { readLogConfig } from "../src/config.ts";
import { createNodeFetch, realClock, realRandom } from "../src/deps.ts";
import { errorText } from "../src/errors.ts";
import { withEnvFiles } from "../src/lib/env_file.ts";
import { configureLogging, createLogger, writeStderr } from "../src/log.ts";
import { PROGRAM } from "./commands.ts";
import { runProgram } from "./program.ts";
import { createTerminal } from "./terminal.ts";
import { configDirOf, createTokenStore } from "./token_store.ts";
import { CliError } from "./types.ts";

/** As a shell reports a program that a signal ended. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

async function main(): Promise<number> {
  const log = createLogger();
  configureLogging({ level: "info", format: "plain" }); // until the environment says otherwise
  const interrupt = new AbortController();
  let interruptedWith: number | undefined;
  for (const [signal, code] of Object.entries(INTERRUPTED) as [keyof typeof INTERRUPTED, number][]) {
    Deno.addSignalListener(signal, () => {
      if (interruptedWith !== undefined) Deno.exit(code); // whoever asks twice does not want to wait
      interruptedWith = code;
      interrupt.abort();
    });
  }
  try {
    const env = withEnvFiles(Deno.env.toObject(), "B3SCALE_DB_URL", {
      readText: Deno.readTextFileSync,
      announce: writeStderr,
      skipsForbidden: true,
    });
    configureLogging(readLogConfig(env));
    return await runProgram(PROGRAM, Deno.args, {
      env,
      fetch: createNodeFetch().fetch,
      clock: realClock,
      random: realRandom,
      terminal: createTerminal(env, interrupt.signal),
      log,
      tokens: createTokenStore(configDirOf(env)),
      signal: interrupt.signal,
    });
  } catch (error) {
    if (interruptedWith !== undefined && !(error instanceof CliError)) return interruptedWith;
    log.fatal("exit with fatal error", { error: errorText(error) });
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
