// b3scaled from nothing but the environment it is given: for what happens before it listens, and how it ends.
import { eventually } from "./wait.ts";

export interface B3scaled extends AsyncDisposable {
  /** All of stderr, stdout so far. */
  stderr(): string;
  stdout(): string;
  kill(signal: Deno.Signal): void;
  readonly exited: Promise<Deno.CommandStatus>;
  /** `http://127.0.0.1:PORT` once it listens. */
  origin(): Promise<string>;
}

const ROOT = new URL("../..", import.meta.url).pathname;

/** What every server of a test needs but for the database; the port is a free one. */
export const BASE_ENV = {
  B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
  B3SCALE_API_URL: "http://b3scale.test",
  B3SCALE_API_JWT_SECRET: "a secret of tests that has at least 32 bytes",
};

export function runB3scaled(
  { env = {}, args = [], cwd = ROOT }: { env?: Record<string, string>; args?: string[]; cwd?: string },
): B3scaled {
  const own = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(B3SCALE_|PG)/.test(name));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", `${ROOT}deno.json`, "--frozen", "-A", `${ROOT}src/main.ts`, ...args],
    cwd,
    clearEnv: true,
    env: { ...Object.fromEntries(own), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = { stdout: "", stderr: "" };
  const drain = async (name: "stdout" | "stderr") => {
    for await (const part of child[name].pipeThrough(new TextDecoderStream())) text[name] += part;
  };
  let ended = false;
  const exited = (async () => {
    const [status] = await Promise.all([child.status, drain("stdout"), drain("stderr")]);
    ended = true;
    return status;
  })();
  const kill = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) { // it has just ended
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  return {
    stderr: () => text.stderr,
    stdout: () => text.stdout,
    kill,
    exited,
    origin: async () => {
      const address = await eventually("b3scaled listens", () => {
        if (ended) return "nowhere";
        return /"listen":"([^"]+)"/.exec(text.stderr)?.[1];
      }, { withinMs: 60_000 });
      if (address === "nowhere") throw new Error(`b3scaled ended: ${text.stderr}`);
      return `http://${address}`;
    },
    [Symbol.asyncDispose]: async () => {
      if (!ended) kill("SIGKILL");
      await exited;
    },
  };
}
