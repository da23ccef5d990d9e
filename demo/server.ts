// b3scaled as production starts it: a process of its own, everything from the environment. Ends with the demo, however
// the demo ends.

export interface ServerProcess {
  readonly url: string;
  /** The last lines of its log but those of the access log. */
  log(): string;
  /** Resolves with its exit code, whatever ended it. */
  readonly exited: Promise<number>;
  /** SIGTERM, as systemd sends it. @returns the exit code */
  stop(): Promise<number>;
}

const ROOT = new URL("..", import.meta.url);
const KEPT_LINES = 30;
const START_MS = 60_000; // the first start downloads packages

/** @param onLine called with each line of its log @throws Error with its last lines when it does not listen */
export async function startServerProcess(
  { port, databaseUrl, signal, onLine }: {
    port: number;
    databaseUrl: string;
    signal: AbortSignal;
    onLine: (line: string) => void;
  },
): Promise<ServerProcess> {
  const url = `http://127.0.0.1:${port}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", "src/main.ts"],
    cwd: ROOT,
    clearEnv: true, // settings of the caller's own b3scale
    env: {
      ...inherited(),
      B3SCALE_DB_URL: databaseUrl,
      B3SCALE_LISTEN_HTTP: `127.0.0.1:${port}`,
      B3SCALE_API_URL: url,
      B3SCALE_DRAIN_SECONDS: "0", // nobody has to be told
      B3SCALE_API_JWT_SECRET: crypto.randomUUID() + crypto.randomUUID(),
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    detached: true, // Ctrl-C reaches only the demo, which stops everything in order
  }).spawn();
  const guard = watchdog(child.pid);
  const lines: string[] = [];
  const listening = Promise.withResolvers<void>();
  const reading = (async () => {
    let rest = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        if (!line.includes('"latency_human"')) lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        if (line.includes("starting interface: HTTP")) listening.resolve();
        onLine(line);
      }
    }
  })();
  const ended = (async () => {
    const { code } = await child.status;
    await reading;
    await guard.stop();
    listening.reject(new Error(`b3scaled ended with code ${code}: ${lines.at(-1) ?? "without a word"}`));
    return code;
  })();
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch (error) { // it has ended
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
    return await ended;
  };
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
  const onDeadline = () => listening.reject(deadline.reason);
  deadline.addEventListener("abort", onDeadline, { once: true });
  try {
    await listening.promise;
  } catch (error) {
    await stop();
    throw error;
  } finally {
    deadline.removeEventListener("abort", onDeadline);
  }
  return { url, log: () => lines.join("\n"), exited: ended, stop };
}

const inherited = () =>
  Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !/^(B3SCALE_|PG)/.test(name)));

/** A shell that ends the process when its standard input closes: the demo may be killed and cannot clean up then. */
function watchdog(pid: number): { stop(): Promise<void> } {
  const script = 'trap "" INT TERM HUP; cat >/dev/null; kill -TERM "$1"';
  const shell = new Deno.Command("/bin/sh", {
    args: ["-c", script, "watchdog", String(pid)],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  shell.unref();
  return {
    async stop() {
      shell.ref();
      shell.kill("SIGKILL");
      await shell.status;
      await shell.stdin.close().catch(() => {}); // its reader is gone: a broken pipe is what we want
    },
  };
}
