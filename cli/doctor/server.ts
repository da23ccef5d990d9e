// The first questions: is b3scaled there, does it take the token, how are its database and its clock.
import { type Answer, type ApiClient, ApiError, createApiClient } from "../../src/contract/client.ts";
import { type DatabaseJson, statusEndpoints, type StatusJson } from "../../src/contract/status.ts";
import type { Clock, Fetch } from "../../src/deps.ts";
import { VERSION } from "../../src/version.ts";
import { durationText } from "../phrases.ts";
import { type Check, type Finding, ok, problem, shellWord, type StoredToken, warning, type World } from "./check.ts";

export interface Visit {
  readonly checks: readonly Check[];
  /** Undefined where nothing more can be asked. */
  readonly server: Server | undefined;
}

export interface Server {
  readonly api: ApiClient;
  readonly status: Answer<StatusJson>;
  /** The server's time is that much ahead of ours. */
  readonly skewMs: number;
}

export async function visitServer({ apiUrl, fetch, clock, signal, stored }: World): Promise<Visit> {
  const dated = withDates(fetch, clock);
  const client = createApiClient({
    url: apiUrl,
    token: isToken(stored.token) ? stored.token : "none", // b3scaled says that it is one all the same
    userAgent: `b3scalectl/${VERSION}`,
    fetch: dated.fetch,
    clock,
  });
  const api: ApiClient = { ...client, call: (endpoint, given) => client.call(endpoint, { signal, ...given }) };
  let status: Answer<StatusJson>;
  try {
    status = await api.call(statusEndpoints.root);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const tokens = tokenChecks(stored, error);
    return { server: undefined, checks: [{ check: "server", ...serverFailure(apiUrl, error) }, ...tokens] };
  }
  if (!isStatus(status)) return { server: undefined, checks: [{ check: "server", ...noB3scale(apiUrl) }] };
  const skewMs = dated.skewMs();
  return {
    server: status.is_admin ? { api, status, skewMs: skewMs ?? 0 } : undefined,
    checks: [
      { check: "server", ...ok(serverText(apiUrl, status)) },
      ...tokenChecks(stored, status.is_admin ? undefined : "not admin"),
      { check: "database", ...databaseFinding(status.database) },
      { check: "clock", ...clockFinding(skewMs) },
    ],
  };
}

/** Other servers answer with JSON, too. */
const isStatus = (answer: Partial<Answer<StatusJson>> | null): boolean =>
  typeof answer?.version === "string" && typeof answer.database === "object" && answer.database !== null;

const is1x = ({ features }: Answer<StatusJson>): boolean => features === undefined;

const serverText = (apiUrl: string, status: Answer<StatusJson>): string =>
  `${apiUrl} is b3scale ${status.version} (${status.build})${is1x(status) ? ", a 1.x server" : ""}`;

const ADDRESS = "-b or B3SCALE_API_URL";

const noB3scale = (apiUrl: string): Finding =>
  problem(
    `${apiUrl} answers, but is no b3scaled`,
    `give the base of b3scaled's address with ${ADDRESS}; a reverse proxy in front of it has to pass /api on`,
  );

/** Texts of the client. */
const UNREACHABLE: readonly (readonly [RegExp, string])[] = [
  [/connection refused/, `start b3scaled there, or give its address with ${ADDRESS}`],
  [/dns error/, `correct the name of the server in ${ADDRESS}`],
  [/certificate/, `renew the server's certificate, or give the name it is for with ${ADDRESS}`],
  [/is no address/, `begin the address in ${ADDRESS} with http:// or https://`],
  [/did not answer|timed out/, "look for a firewall in between, or for what keeps the server from answering"],
];

function serverFailure(apiUrl: string, { status, message }: ApiError): Finding {
  if (status === undefined) {
    const hint = UNREACHABLE.find(([text]) => text.test(message))?.[1];
    return problem(message, hint ?? `check the network between here and there, and the address in ${ADDRESS}`);
  }
  if (isTokenRefused(status, message)) return ok(`${apiUrl} is b3scale`);
  if (status >= 300 && status < 400) return problem(message, `give the address it leads to with ${ADDRESS}`);
  if (status >= 502) {
    const hint = "start b3scaled, or correct where the reverse proxy expects it";
    return problem(`${apiUrl} answers ${status}: b3scaled behind it is away`, hint);
  }
  if (status === 500) return problem(`${apiUrl} answers 500: ${message}`, "look into the log of b3scaled");
  return noB3scale(apiUrl);
}

const isTokenRefused = (status: number | undefined, message: string): boolean =>
  (status === 401 && /\bjwt\b/.test(message)) || status === 429;

const AUTHORIZE = "run b3scalectl auth authorize with the server's B3SCALE_API_JWT_SECRET";

const isToken = (text: string | undefined): text is string => text !== undefined && /^[\w.~+/=-]+$/.test(text);

function tokenChecks(stored: StoredToken, refused: ApiError | "not admin" | undefined): Check[] {
  const { path, token, mode } = stored;
  const check = "token";
  if (token === undefined) return [{ check, ...problem("no token is stored for this server", AUTHORIZE) }];
  if (!isToken(token)) return [{ check, ...problem("the stored token is damaged", AUTHORIZE) }];
  const open = mode !== null && (mode & 0o077) !== 0
    ? [
      {
        check,
        ...warning(`${path} can be read by others (mode ${octal(mode)})`, `run chmod 600 ${shellWord(path)}`),
      } as const,
    ]
    : [];
  return [...open, ...acceptance(refused).map((finding) => ({ check, ...finding } as const))];
}

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, "0");

function acceptance(refused: ApiError | "not admin" | undefined): Finding[] {
  if (refused === undefined) return [ok("the stored token is accepted as an admin's")];
  if (refused === "not admin") return [problem("the stored token is no admin's", AUTHORIZE)];
  if (!isTokenRefused(refused.status, refused.message)) return []; // nobody has looked at it
  if (refused.status === 429) {
    return [problem("too many wrong tokens came from this address", "try again in a minute")];
  }
  return [problem("the server refuses the stored token", AUTHORIZE)];
}

export function databaseFinding(status: Answer<DatabaseJson>): Finding {
  const { available, database, error, pending_migrations, migrated, migration } = status;
  const name = `database "${database}"`;
  if (!available) {
    const reason = error === null ? "" : `: ${error}`;
    return problem(`${name} is away${reason}`, "start PostgreSQL, or correct B3SCALE_DB_URL of b3scaled");
  }
  if (pending_migrations > 0) {
    return problem(`${name}: ${pending_migrations} migrations are pending`, "run b3scalectl db migrate");
  }
  if (error !== null || !migrated) {
    return problem(`${name}: ${error ?? "not migrated"}`, "start the newer b3scaled, or restore a backup from before");
  }
  return ok(`${name} is migrated (schema version ${migration?.version ?? 0})`);
}

const WARN_SKEW_MS = 5000;
const MOST_SKEW_MS = 60_000;

function clockFinding(skewMs: number | undefined): Finding {
  if (skewMs === undefined) return warning("the server does not tell its time", "compare date -u here and there");
  const size = Math.abs(skewMs);
  if (size <= WARN_SKEW_MS) return ok("the clocks of this machine and of the server agree");
  const message = `the server's clock is ${durationText(size / 1000)} ${skewMs > 0 ? "ahead of" : "behind"} this one's`;
  const hint = "let NTP set both clocks: tokens and heartbeats depend on them";
  return size > MOST_SKEW_MS ? problem(message, hint) : warning(message, hint);
}

/** Notes how far the servers' clock is from ours, as `Date` in each answer tells. */
function withDates(fetch: Fetch, clock: Clock): { fetch: Fetch; skewMs: () => number | undefined } {
  let skewMs: number | undefined;
  return {
    skewMs: () => skewMs,
    fetch: async (url, init) => {
      const askedAt = clock.now();
      const response = await fetch(url, init);
      const date = Date.parse(response.headers.get("date") ?? "");
      // It has whole seconds, and was written at some moment of the call: only what is left of that is skew.
      const [least, most] = [date - clock.now(), date + 1000 - askedAt];
      if (!Number.isNaN(date)) skewMs = least > 0 ? least : Math.min(most, 0);
      return response;
    },
  };
}
