// Runs the runnable blocks of one document as its reader would, in a scratch copy of the tree: one bash, one block after
// the other.
import { join } from "node:path/posix";
import { eventually } from "../wait.ts";
import { BEGIN, markOf, missingLine, type RunBlock, scriptOf } from "./script.ts";
import { ROOT } from "./sources.ts";

export interface World {
  readonly env: Readonly<Record<string, string>>;
  /** What the document writes → what it is in this run; the longest that fits counts. */
  readonly names: Readonly<Record<string, string>>;
  /** Commands before the first block. */
  readonly prelude?: string;
}

const COPIED = ["src", "cli", "agent", "demo", "migrations", "deploy", "docs", "deno.json", "deno.lock", "README.md"];
const BLOCK_MS = 20_000;

/** @throws Error with the block and the end of its output */
export async function run(blocks: readonly RunBlock[], world: World, blockMs = BLOCK_MS): Promise<void> {
  const scratch = await Deno.makeTempDir({ prefix: "b3scale-docs-" });
  try {
    const env = { ...world.env, ...await prepareMachine(scratch) };
    await runIn(join(scratch, "tree"), blocks, { ...world, env }, blockMs);
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

async function runIn(cwd: string, blocks: readonly RunBlock[], world: World, blockMs: number): Promise<void> {
  const script = scriptOf(blocks, world.prelude ?? "", (text) => replaceAll(text, world.names));
  const path = join(cwd, "../script.sh");
  await Deno.writeTextFile(path, script);
  const child = new Deno.Command("bash", {
    args: [path],
    cwd,
    clearEnv: true,
    env: world.env,
    stdin: "null",
    stdout: "piped",
    stderr: "null", // of bash itself: what it runs writes to stdout
    detached: true, // a group of processes that ends as one
  }).spawn();
  let output = "";
  const late = Promise.withResolvers<"late">();
  let timer = setTimeout(late.resolve, blockMs, "late");
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      if (!text.includes(BEGIN)) continue;
      clearTimeout(timer);
      timer = setTimeout(late.resolve, blockMs, "late");
    }
  })();
  const ended = await Promise.race([child.status, late.promise]);
  clearTimeout(timer);
  await endGroup(child.pid);
  await Promise.all([child.status, reading]);
  const why = ended === "late" ? `not within ${blockMs} ms` : "it failed";
  judge(blocks, replaceAll(output, reversed(world.names)), ended !== "late" && ended.success, why);
}

/** @throws Error for the block at which the script ended, or whose output is not the expected one */
function judge(blocks: readonly RunBlock[], output: string, success: boolean, why: string): void {
  for (const [index, block] of blocks.entries()) {
    const at = `${block.path}:${block.line}`;
    const [, begun] = output.split(markOf("begin", index));
    if (begun === undefined) throw new Error(`${at}: never reached, ${why}\n${output.slice(-2000)}`);
    const [own = "", ended] = begun.split(markOf("end", index));
    if (ended === undefined) throw new Error(`${at}: ${why}\n${block.text}\n${own.slice(-2000)}`);
    const missing = missingLine(block.output, own);
    if (missing !== undefined) throw new Error(`${at}: "${missing}" is not in the output\n${block.text}\n${own}`);
  }
  if (!success) throw new Error(`${blocks[0]?.path}: ${why} after its last block`);
}

/** A home, a copy of the tree, and the programs under the names that the documents use. @returns the environment */
async function prepareMachine(scratch: string): Promise<Record<string, string>> {
  const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
  const [bin, home, tree] = [join(scratch, "bin"), join(scratch, "home"), join(scratch, "tree")];
  for (const folder of [bin, home, tree]) await Deno.mkdir(folder);
  const copied = COPIED.map((name) => join(ROOT, name));
  const { success } = await new Deno.Command("cp", { args: ["-r", ...copied, tree] }).output();
  if (!success) throw new Error("the tree could not be copied");
  const deno = Deno.execPath();
  const main = (path: string) => `exec '${deno}' run --config '${ROOT}deno.json' --frozen -A '${ROOT}${path}' "$@"`;
  const programs = {
    deno: `exec '${deno}' "$@"`,
    npx: `case "$1 $2" in "-y deno@"*) shift 2; exec '${deno}' "$@";; esac\necho "npx $*: not here" >&2; exit 127`,
    b3scaled: main("src/main.ts"),
    b3scalectl: main("cli/main.ts"),
    b3scaleagent: main("agent/main.ts"),
  };
  for (const [name, text] of Object.entries(programs)) {
    await Deno.writeTextFile(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  return { PATH: `${bin}:${PATH}`, HOME: home, DENO_DIR, NO_COLOR: "1", TERM: "dumb", LC_ALL: "C.UTF-8" };
}

function replaceAll(text: string, names: Readonly<Record<string, string>>): string {
  const known = Object.keys(names).sort((a, b) => b.length - a.length);
  if (known.length === 0) return text;
  const patterns = known.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return text.replace(new RegExp(`(?<![\\w.])(?:${patterns.join("|")})(?![\\w])`, "g"), (name) => names[name] ?? name);
}

const reversed = (names: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(names).map(([name, value]) => [value, name]));

/** In order first: what they started has to end, and to be removed, too. */
async function endGroup(pid: number): Promise<void> {
  signalGroup(pid, "SIGTERM");
  try {
    await eventually("everything that the document started has ended", () => !signalGroup(pid, "SIGCONT"));
  } finally {
    signalGroup(pid, "SIGKILL");
  }
}

/** @returns whether there is anybody in it */
function signalGroup(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof TypeError) return false;
    throw error;
  }
}
