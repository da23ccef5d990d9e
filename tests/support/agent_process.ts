// b3scaleagent as a service manager runs it: a process of its own, known by what it writes and how it ends.
export interface AgentProcess extends AsyncDisposable {
  /** All of it so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: Deno.Signal): void;
  readonly exited: Promise<Deno.CommandStatus>;
}

const ROOT = new URL("../..", import.meta.url).pathname;

/** @param env on top of this process's, without what is b3scale's or BBB's */
export function runAgent(
  { env = {}, args = [], cwd = ROOT }: { env?: Record<string, string>; args?: readonly string[]; cwd?: string },
): AgentProcess {
  const own = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(B3SCALE_|BBB_)/.test(name));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", `${ROOT}deno.json`, "--frozen", "-A", `${ROOT}agent/main.ts`, ...args],
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
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    kill,
    exited,
    [Symbol.asyncDispose]: async () => {
      if (!ended) kill("SIGKILL");
      await exited;
    },
  };
}
