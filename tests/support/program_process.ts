// A program of ours as a service manager runs it: a process of its own, known by what it writes and how it ends.
import { killIfRunning } from "./kill.ts";

export interface ProgramProcess extends AsyncDisposable {
  readonly pid: number;
  /** All of it so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: Deno.Signal): void;
  readonly exited: Promise<Deno.CommandStatus>;
  hasEnded(): boolean;
}

const ROOT = new URL("../..", import.meta.url).pathname;

export interface ProgramOptions {
  /** On top of this process's, without what could be meant for a program of ours. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly cwd?: string;
}

/** @param main from the root, `agent/main.ts` */
export function runProcess(main: string, { env = {}, args = [], cwd = ROOT }: ProgramOptions): ProgramProcess {
  const own = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(B3SCALE_|BBB_|PG)/.test(name));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", `${ROOT}deno.json`, "--frozen", "-A", `${ROOT}${main}`, ...args],
    cwd,
    clearEnv: true,
    env: { ...Object.fromEntries(own), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return follow(child);
}

/** @param child with its output piped */
export function follow(child: Deno.ChildProcess): ProgramProcess {
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
  const kill = (signal: Deno.Signal) => killIfRunning(child, signal);
  return {
    pid: child.pid,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    kill,
    exited,
    hasEnded: () => ended,
    [Symbol.asyncDispose]: async () => {
      if (!ended) kill("SIGKILL");
      await exited;
    },
  };
}
