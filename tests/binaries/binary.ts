// The compiled programs of B3SCALE_TEST_BINARIES, each alone: in an empty folder, with no deno to be found and nothing in
// the environment but what a test gives it.
import { follow, type ProgramProcess } from "../support/program_process.ts";
import { eventually } from "../support/wait.ts";

export type BinaryName = "b3scaled" | "b3scalectl" | "b3scaleagent";
export type Env = Readonly<Record<string, string>>;

export const JWT_SECRET = "a secret of tests that has at least 32 bytes";

export interface Alone extends AsyncDisposable {
  /** Where programs start, and their HOME. */
  readonly folder: string;
  start(name: BinaryName, args: readonly string[], env?: Env): ProgramProcess;
  /** Until it ends. */
  run(name: BinaryName, args: readonly string[], env?: Env): Promise<Ended>;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function alone(): Promise<Alone> {
  const binaries = Deno.env.get("B3SCALE_TEST_BINARIES");
  if (!binaries) throw new Error("B3SCALE_TEST_BINARIES does not name the folder of the binaries");
  const path = await Deno.realPath(binaries);
  const folder = await Deno.makeTempDir({ prefix: "b3scale-binary-" });
  const start: Alone["start"] = (name, args, env = {}) =>
    follow(
      new Deno.Command(`${path}/${name}`, {
        args: [...args],
        cwd: folder,
        clearEnv: true,
        env: { PATH: "/nowhere", HOME: folder, ...env },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  return {
    folder,
    start,
    run: async (name, args, env) => {
      await using process = start(name, args, env);
      const { code } = await process.exited;
      return { code, stdout: process.stdout(), stderr: process.stderr() };
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

export interface Server {
  readonly process: ProgramProcess;
  readonly origin: string;
  /** From exec to the first answer. */
  readonly startedAfterMs: number;
}

/** @returns once `/` is answered */
export async function startServer({ start }: Alone, env: Env): Promise<Server> {
  const startedAt = performance.now();
  const process = start("b3scaled", [], {
    B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
    B3SCALE_API_URL: "http://b3scale.test",
    B3SCALE_API_JWT_SECRET: JWT_SECRET,
    B3SCALE_DRAIN_SECONDS: "0",
    ...env,
  });
  const origin = await eventually("b3scaled listens", () => {
    if (process.hasEnded()) return "ended";
    const listen = /"listen":"([^"]+)"/.exec(process.stderr())?.[1];
    return listen && `http://${listen}`;
  });
  if (origin === "ended") throw new Error(`b3scaled ended: ${process.stderr()}`);
  await (await fetch(origin)).body?.cancel();
  return { process, origin, startedAfterMs: Math.round(performance.now() - startedAt) };
}

export const residentMB = ({ pid }: ProgramProcess): number =>
  Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) / 1024);

/** For people; nothing depends on it. */
export const figure = (text: string): void => console.log(`figure: ${text}`);
