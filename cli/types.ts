// The shapes of the CLI: a command is a value, program.ts hangs them on the command line, commands/ fills them.
import type { Env } from "../src/config.ts";
import type { Answer, ApiClient } from "../src/contract/client.ts";
import type { StatusJson } from "../src/contract/status.ts";
import type { Clock, Fetch } from "../src/deps.ts";
import type { Logger } from "../src/log.ts";

/** 0 done, 1 failed, 64 nothing to change (1.x's). */
export type ExitCode = 0 | 1 | 64;
export const NO_CHANGE: ExitCode = 64;

/** What went wrong in words for the operator; ends the program with 1. */
export class CliError extends Error {
  override name = "CliError";
}

export interface OptionSpec {
  /** As commander reads it: `-s, --secret <secret>`, without `<…>` a switch. */
  readonly flags: string;
  readonly summary: string;
  readonly repeatable?: boolean;
  readonly required?: boolean;
}

export interface CommandSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** For the help only: a command says in its own words what it misses. */
  readonly args?: string;
  readonly options?: readonly OptionSpec[];
  /** Whole command lines. */
  readonly examples?: readonly string[];
  readonly commands?: readonly CommandSpec[];
  /** Live values of its argument, for the shell's completion. */
  readonly complete?: (session: Session) => Promise<readonly string[]>;
  /** Without it, a group that shows its help. */
  readonly run?: (cli: Cli, given: Given) => Promise<ExitCode | void>;
}

/** What the line says; flags by their long name without dashes, taken wherever they stand. */
export interface Given {
  readonly args: readonly string[];
  has(flag: string): boolean;
  text(flag: string): string | undefined;
  texts(flag: string): readonly string[];
}

/** The world of one run. */
export interface CliDeps {
  readonly env: Env;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly terminal: Terminal;
  readonly log: Logger;
  /** Where tokens are kept. */
  readonly configDir: string;
  /** Aborts when the operator interrupts. */
  readonly signal: AbortSignal;
}

export interface Cli extends CliDeps {
  /** Base of the server, without a slash at its end. */
  readonly apiUrl: string;
  /** Asks for the secret when no token is stored. @throws CliError, ApiError when the server takes no admin here */
  connect(): Promise<Session>;
}

export interface Session {
  readonly api: ApiClient;
  /** As the server answered at the start. */
  readonly status: Answer<StatusJson>;
}

export interface Terminal {
  /** To stdout, as it stands. */
  write(text: string): void;
  /** To stderr, a line. */
  note(line: string): void;
  /** Whether stdout is one. */
  readonly interactive: boolean;
  /** Whether colours are wanted there. */
  readonly colours: boolean;
  /** Of stdout; 0 when it is no terminal. */
  columns(): number;
  rows(): number;
  /** Without echo. @throws CliError when there is no terminal */
  readSecret(): Promise<string>;
}
