// The shapes of the CLI: a command is a value, program.ts hangs them on the command line, commands/ fills them.
import type { Env } from "../src/lib/read_setting.ts";
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
  /** Live values, for the shell's completion. */
  readonly complete?: Complete;
  /** All values there are, for the same. */
  readonly values?: readonly string[];
}

export type Complete = (session: Session) => Promise<readonly string[]>;

export interface CommandSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** For help and completion, `<host>` or `<key> <name...>`: a command says in its own words what it misses. */
  readonly args?: string;
  readonly options?: readonly OptionSpec[];
  /** Whole command lines. */
  readonly examples?: readonly string[];
  readonly commands?: readonly CommandSpec[];
  /** Live values of its first argument, of all when that repeats (`<host...>`), for the shell's completion. */
  readonly complete?: Complete;
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
  readonly tokens: TokenStore;
  /** Aborts when the operator interrupts. */
  readonly signal: AbortSignal;
}

/** Access tokens, one per server. */
export interface TokenStore {
  /** For the operator to read. */
  pathOf(apiUrl: string): string;
  read(apiUrl: string): Promise<string | undefined>;
  write(apiUrl: string, token: string): Promise<void>;
}

export interface Cli extends CliDeps {
  /** Base of the server, without a slash at its end. */
  readonly apiUrl: string;
  /** Asks for the secret when no token is stored. @throws CliError, ApiError when the server takes no admin here */
  connect(options?: ConnectOptions): Promise<Session>;
}

export interface ConnectOptions {
  /** For each call; 10 s otherwise. */
  readonly timeoutMs?: number;
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
  /** To stderr, as it stands. */
  prompt(text: string): void;
  /** To stderr, over the line written before; absent when stderr is no terminal. progress.ts is the one to use. */
  readonly update?: (line: string) => void;
  /** Whether stdout is one. */
  readonly interactive: boolean;
  /** Whether colours are wanted there. */
  readonly colours: boolean;
  /** Of stdout; 0 when it is no terminal. */
  columns(): number;
  rows(): number;
  /** Without echo; absent when nobody is there to type. @throws CliError when the operator gives up */
  readonly readSecret?: () => Promise<string>;
}
