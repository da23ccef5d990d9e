// b3scalectl as operators run it: bundled once, then started as a process of its own in a home of its own, with or without
// a terminal.
import { eventually } from "../wait.ts";

export interface Program extends AsyncDisposable {
  run(line: CommandLine): Promise<Ended>;
}

export interface CommandLine {
  readonly args: readonly string[];
  /** All of it, but for what starting a process needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Empty at the start, but for what the caller put there. */
  readonly home: string;
  /** Given: there is a terminal, and these lines are typed at its prompts. */
  readonly typed?: readonly string[];
}

/** On a terminal everything is `stdout`. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = new URL("../../..", import.meta.url).pathname;
const LONGEST_MS = 60_000;

export async function bundleProgram(): Promise<Program> {
  const folder = await Deno.makeTempDir({ prefix: "b3scalectl_" });
  const bundle = `${folder}/b3scalectl.js`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", "--output", bundle, `${ROOT}cli/main.ts`],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(`cli/main.ts cannot be bundled: ${new TextDecoder().decode(stderr)}`);
  return {
    run: async (line) => {
      const command = [Deno.execPath(), "run", "--no-config", "--no-lock", "-A", bundle, ...line.args];
      const env = { ...processEnv(), HOME: line.home, B3SCALE_DB_URL: "no environment files", ...line.env };
      const settings = { cwd: line.home, clearEnv: true, env, signal: AbortSignal.timeout(LONGEST_MS) };
      return line.typed === undefined
        ? await runPlain(command, settings)
        : await runOnTerminal(command, settings, line.typed);
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** The cache of compiled code makes a start four times as fast. */
function processEnv(): Record<string, string> {
  const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
  return { PATH, DENO_DIR, DENO_NO_UPDATE_CHECK: "1", TERM: "xterm", SHELL: "/bin/sh" };
}

type Settings = Pick<Deno.CommandOptions, "cwd" | "clearEnv" | "env" | "signal">;

async function runPlain([program = "", ...args]: readonly string[], settings: Settings): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program, { ...settings, args, stdin: "null" }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

const PROMPT = "Secret: ";

async function runOnTerminal(command: readonly string[], settings: Settings, typed: readonly string[]): Promise<Ended> {
  const line = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ");
  const child = new Deno.Command("script", {
    ...settings,
    args: ["-qfec", line, "/dev/null"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  let seen = "";
  let ended = false;
  const drained = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) seen += text;
    ended = true;
  })();
  for (const [index, text] of typed.entries()) {
    await eventually(`prompt ${index + 1}`, () => ended || seen.split(PROMPT).length > index + 1);
    if (ended) break;
    // Typed before, it would be shown.
    await eventually("the terminal does not echo", async () => ended || await echoesNothing(child.pid));
    if (!ended) await keyboard.write(new TextEncoder().encode(`${text}\n`));
  }
  const { code } = await child.status;
  await drained;
  await keyboard.close().catch(() => {}); // it ends with the process
  return { code, stdout: seen.replaceAll("\r\n", "\n"), stderr: "" };
}

/** Of the terminal that `script` made for its child. */
async function echoesNothing(pid: number): Promise<boolean> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  const terminal = await Deno.readLink(`/proc/${children.trim().split(" ")[0]}/fd/0`);
  const { stdout } = await new Deno.Command("stty", { args: ["-F", terminal, "-a"], stderr: "null" }).output();
  return /(^|\s)-echo(\s|;|$)/.test(new TextDecoder().decode(stdout));
}
