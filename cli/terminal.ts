// The terminal the CLI runs in. Only main.ts makes the real one.
import type { Env } from "../src/lib/read_setting.ts";
import { clip } from "./output.ts";
import { CliError, type Terminal } from "./types.ts";

/** Of a terminal that does not tell. */
const USUAL_COLUMNS = 80;

/** @param signal aborts when the operator interrupts, also while a secret is typed */
export function createTerminal(env: Env, signal: AbortSignal): Terminal {
  const interactive = Deno.stdout.isTerminal();
  const moves = env["TERM"] !== "dumb";
  const size = (of: "columns" | "rows") => interactive ? Deno.consoleSize()[of] : 0;
  const prompt = (text: string) => writeAll(Deno.stderr, text);
  return {
    write: (text) => writeAll(Deno.stdout, text),
    note: (line) => prompt(`${line}\n`),
    prompt,
    ...Deno.stderr.isTerminal() && moves
      ? { update: (line) => prompt(`\r${clip(line, (Deno.consoleSize().columns || USUAL_COLUMNS) - 1)}\x1b[K`) }
      : {},
    interactive,
    colours: interactive && moves && !env["NO_COLOR"],
    columns: () => size("columns"),
    rows: () => size("rows"),
    ...Deno.stdin.isTerminal() ? { readSecret: () => readSecret(signal) } : {},
  };
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  try {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) bytes = bytes.subarray(to.writeSync(bytes));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0); // "b3scalectl … | head" has seen enough
    throw error;
  }
}

const CTRL_D = 4;
const CTRL_U = 21;
const BACKSPACES = [8, 127];

/** Ctrl-C is a signal here, as everywhere: `cbreak` takes only echo and lines away. */
async function readSecret(signal: AbortSignal): Promise<string> {
  const gaveUp = () => new CliError("interrupted: no secret was entered");
  if (signal.aborted) throw gaveUp();
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(gaveUp()), { once: true });
  });
  const typed: number[] = [];
  const buffer = new Uint8Array(4096);
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    for (;;) {
      const count = await Promise.race([Deno.stdin.read(buffer), interrupted]);
      for (const byte of buffer.subarray(0, count ?? 0)) {
        if (byte === 10 || byte === 13) return decode(typed);
        if (byte === CTRL_D && typed.length === 0) throw gaveUp();
        if (byte === CTRL_U) typed.length = 0;
        else if (BACKSPACES.includes(byte)) eraseSymbol(typed);
        else if (byte !== CTRL_D) typed.push(byte);
      }
      if (count === null) throw gaveUp();
    }
  } finally {
    Deno.stdin.setRaw(false);
  }
}

const decode = (bytes: readonly number[]): string => new TextDecoder().decode(Uint8Array.from(bytes));

/** A symbol in UTF-8 is a first byte and those that begin with bits 10. */
function eraseSymbol(bytes: number[]): void {
  while (((bytes.pop() ?? 0) & 0xc0) === 0x80);
}
