// The terminal the CLI runs in. Only main.ts makes the real one.
import type { Env } from "../src/config.ts";
import { CliError, type Terminal } from "./types.ts";

export function createTerminal(env: Env): Terminal {
  const interactive = Deno.stdout.isTerminal();
  const size = (of: "columns" | "rows") => interactive ? Deno.consoleSize()[of] : 0;
  return {
    write: (text) => writeAll(Deno.stdout, text),
    note: (line) => writeAll(Deno.stderr, `${line}\n`),
    interactive,
    colours: interactive && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    columns: () => size("columns"),
    rows: () => size("rows"),
    readSecret,
  };
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  try {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) bytes = bytes.subarray(to.writeSync(bytes));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return; // "b3scalectl … | head" has seen enough
    throw error;
  }
}

const CTRL_C = 3;
const CTRL_D = 4;
const CTRL_U = 21;
const BACKSPACES = [8, 127];

async function readSecret(): Promise<string> {
  if (!Deno.stdin.isTerminal()) {
    throw new CliError("there is no terminal to ask for the secret: give --secret or B3SCALE_API_JWT_SECRET");
  }
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    const typed: number[] = [];
    for await (const bytes of Deno.stdin.readable.values({ preventCancel: true })) {
      for (const byte of bytes) {
        if (byte === 10 || byte === 13 || byte === CTRL_D) return decode(typed);
        if (byte === CTRL_C) throw new CliError("interrupted");
        if (byte === CTRL_U) typed.length = 0;
        else if (BACKSPACES.includes(byte)) eraseSymbol(typed);
        else typed.push(byte);
      }
    }
    return decode(typed);
  } finally {
    Deno.stdin.setRaw(false);
  }
}

const decode = (bytes: readonly number[]): string => new TextDecoder().decode(Uint8Array.from(bytes));

/** A symbol in UTF-8 is a first byte and those that begin with bits 10. */
function eraseSymbol(bytes: number[]): void {
  while (((bytes.pop() ?? 0) & 0xc0) === 0x80);
}
