// A command of b3scalectl called as a function: a server that a test makes up, a terminal that only remembers.
import type { Cli, CommandSpec, ExitCode, Given, Terminal } from "../../cli/types.ts";
import { createApiClient } from "../../src/contract/client.ts";
import type { Fetch } from "../../src/deps.ts";
import { createFakeClock, type FakeClock } from "./fake_clock.ts";

export interface Asked {
  readonly method: string;
  /** With query, as it was sent. */
  readonly path: string;
  readonly body: unknown;
}

export interface Line {
  readonly args?: readonly string[];
  /** By long names; a switch is true. */
  readonly flags?: Readonly<Record<string, string | readonly string[] | true | undefined>>;
  /** Undefined: 404. An error: the server is away. */
  readonly server?: (asked: Asked) => unknown;
  readonly terminal?: Partial<Terminal>;
  readonly clock?: FakeClock;
  readonly signal?: AbortSignal;
}

export interface Run {
  /** Of the command; rejects with what it throws. */
  readonly code: Promise<ExitCode>;
  stdout(): string;
  /** Lines. */
  readonly stderr: readonly string[];
  readonly asked: readonly Asked[];
}

const API_URL = "http://b3scale.test";

export function runCommand({ run }: CommandSpec, line: Line): Run {
  if (run === undefined) throw new Error("A group cannot be run");
  const { clock = createFakeClock(), signal = new AbortController().signal } = line;
  const [asked, stderr]: [Asked[], string[]] = [[], []];
  let stdout = "";
  const terminal: Terminal = {
    write: (text) => void (stdout += text),
    note: (text) => void stderr.push(text),
    prompt: () => {},
    interactive: false,
    colours: false,
    columns: () => 0,
    rows: () => 0,
    readSecret: () => Promise.reject(new Error("Nobody is there")),
    ...line.terminal,
  };
  const fetch: Fetch = async (url, { method = "GET", body }) => {
    const path = url.slice(API_URL.length);
    const one = { method, path, body: body == null ? undefined : JSON.parse(await new Response(body).text()) };
    asked.push(one);
    const answer = line.server?.(one);
    if (answer instanceof Error) throw answer;
    if (answer instanceof Response) return answer;
    return answer === undefined ? new Response("{}", { status: 404 }) : Response.json(answer);
  };
  const api = createApiClient({ url: API_URL, token: "token", userAgent: "b3scalectl/test", fetch, clock });
  const cli: Cli = {
    env: {},
    fetch,
    clock,
    random: () => 0.5,
    terminal,
    log: { debug() {}, info() {}, warn() {}, error() {}, fatal() {} },
    tokens: { pathOf: () => "/nowhere", read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    signal,
    apiUrl: API_URL,
    connect: () => Promise.resolve({ api, status: STATUS }),
  };
  return { code: (async () => await run(cli, givenOf(line)) ?? 0)(), stdout: () => stdout, stderr, asked };
}

const STATUS = {
  version: "1.3.0",
  build: "0",
  api: "v1",
  account_ref: "",
  is_admin: true,
  database: {
    available: true,
    database: "b3scale",
    migrated: true,
    migration: null,
    pending_migrations: 0,
    error: null,
  },
} as const;

const givenOf = ({ args = [], flags = {} }: Line): Given => ({
  args,
  has: (flag) => flags[flag] !== undefined,
  text: (flag) => {
    const value = flags[flag];
    return typeof value === "string" ? value : undefined;
  },
  texts: (flag) => {
    const value = flags[flag];
    return typeof value === "object" ? value : [];
  },
});
