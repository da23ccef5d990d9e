// The world of a run of b3scalectl that a test makes up: a server, a terminal, tokens, all in memory.
import type { CliDeps, Terminal } from "../../../cli/types.ts";
import type { Fetch } from "../../../src/deps.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";

export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  /** Path and token → answer; without it the server is away. A promise may stay open: it ends with the request's signal. */
  readonly server?: (path: string, token: string) => Response | Promise<Response>;
  /** By the server's address. */
  readonly stored?: Readonly<Record<string, string>>;
  /** What is typed at the prompts; absent: there is no terminal. */
  readonly typed?: readonly string[];
  readonly terminal?: Partial<Terminal>;
  readonly signal?: AbortSignal;
}

export interface World {
  readonly deps: CliDeps;
  readonly clock: FakeClock;
  /** `GET url`, in order. */
  readonly asked: readonly string[];
  readonly stored: ReadonlyMap<string, string>;
  stdout(): string;
  stderr(): string;
}

export const STATUS = {
  version: "1.4.0",
  build: "abc",
  api: "v1",
  account_ref: "b3scalectl",
  is_admin: true,
  features: [],
  database: {
    available: true,
    database: "b3scale",
    migrated: true,
    migration: { version: 2, description: "node agent api", applied_at: "2026-01-02T03:04:05Z" },
    pending_migrations: 0,
    error: null,
  },
};

export function createWorld({ env = {}, server, typed, terminal, signal, ...given }: Given = {}): World {
  const clock = createFakeClock();
  const stored = new Map(Object.entries(given.stored ?? {}));
  const keys = [...typed ?? []];
  const asked: string[] = [];
  let [stdout, stderr] = ["", ""];
  const fetch: Fetch = async (url, { method, headers, signal }) => {
    asked.push(`${method} ${url}`);
    if (server === undefined) throw new TypeError("fetch failed", { cause: new Error("Connection refused") });
    const token = new Headers(headers).get("authorization")?.replace(/^Bearer /, "") ?? "";
    const aborted = new Promise<never>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
    );
    return await Promise.race([server(new URL(url).pathname, token), aborted]);
  };
  const deps: CliDeps = {
    env,
    fetch,
    clock,
    random: () => 0.5,
    log: { debug() {}, info() {}, warn() {}, error() {}, fatal() {} },
    signal: signal ?? new AbortController().signal,
    tokens: {
      pathOf: (url) => `/tokens/${url}`,
      read: (url) => Promise.resolve(stored.get(url)),
      write: (url, token) => Promise.resolve(void stored.set(url, token)),
    },
    terminal: {
      write: (text) => void (stdout += text),
      note: (line) => void (stderr += `${line}\n`),
      prompt: (text) => void (stderr += text),
      interactive: typed !== undefined,
      colours: false,
      columns: () => 0,
      rows: () => 0,
      ...typed === undefined ? {} : {
        readSecret: () => {
          const line = keys.shift();
          return line === undefined ? Promise.reject(new Error("asked too often")) : Promise.resolve(line);
        },
      },
      ...terminal,
    },
  };
  return { deps, clock, asked, stored, stdout: () => stdout, stderr: () => stderr };
}

/** A server that takes every token. */
export const takesAll = (): Response => Response.json(STATUS);

export const refuses = (): Response => Response.json({ message: "invalid or expired jwt" }, { status: 401 });
