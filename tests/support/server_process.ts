// b3scaled as operators run it: a process of its own, known by its log and its port only, so that it can be killed.
import { eventually } from "./wait.ts";
import { killIfRunning } from "./kill.ts";

export interface LogLine {
  readonly level: string;
  readonly message?: string;
  readonly [field: string]: unknown;
}

export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly origin: string;
  /** Everything logged so far, oldest first. */
  readonly log: readonly LogLine[];
  /** Lines on stderr that are no log: a stack of a crash. */
  readonly noise: readonly string[];
  /** Undefined while it runs. */
  readonly status: Deno.CommandStatus | undefined;
  /** How often the view has become trusted. */
  timesTrusted(): number;
  kill(signal: Deno.Signal): Promise<Deno.CommandStatus>;
}

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const ROOT = new URL("../..", import.meta.url).pathname;

export type ServerEnv = Readonly<Record<string, string>>;

/** What every server of a test needs; the port is a free one. */
export const serverEnv = (dbUrl: string, more: ServerEnv = {}): Record<string, string> => ({
  B3SCALE_DB_URL: dbUrl,
  B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
  B3SCALE_API_URL: "http://b3scale.test",
  B3SCALE_DRAIN_SECONDS: "0",
  B3SCALE_API_JWT_SECRET: "a secret of tests that has at least 32 bytes",
  ...more,
});

/** @returns once it listens */
export async function startServerProcess(dbUrl: string, more: ServerEnv = {}): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN],
    cwd: ROOT,
    env: serverEnv(dbUrl, more),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log: LogLine[] = [];
  const noise: string[] = [];
  let trusted = 0;
  let status: Deno.CommandStatus | undefined;
  const drained = readLines(child.stderr, (line) => {
    if (!line.startsWith("{")) return void noise.push(line);
    const entry = JSON.parse(line) as LogLine;
    if (entry.message === undefined) return; // the access log
    if (entry.message === "cluster view is trusted") trusted++;
    log.push(entry);
  });
  const ended = (async () => {
    status = await child.status;
    await drained;
    return status;
  })();

  const kill = async (signal: Deno.Signal) => {
    if (status === undefined) killIfRunning(child, signal);
    return await ended;
  };
  try {
    const address = await eventually("the server listens", () => {
      if (status !== undefined) throw new Error(`It ended with code ${status.code}: ${noise.join("\n")}`);
      return log.find(({ message }) => message === "starting interface: HTTP")?.["listen"];
    }, { withinMs: 60_000 });
    return {
      pid: child.pid,
      origin: `http://${address}`,
      log,
      noise,
      get status() {
        return status;
      },
      timesTrusted: () => trusted,
      kill,
      [Symbol.asyncDispose]: async () => {
        await kill("SIGKILL");
      },
    };
  } catch (error) {
    await kill("SIGKILL");
    throw error;
  }
}

async function readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
  if (rest !== "") take(rest);
}
