// Opens the PostgreSQL pool that every store function runs on: UTC, exact types, quick reconnects. Used by main.ts and
// tests. Also guards the process against errors that postgres.js throws outside of any query.
import postgres from "postgres";
import type { Pool } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type DatabaseAddress, parseDatabaseUrl, withoutUndefined } from "./database_url.ts";
import { type WatchOptions, watchPool } from "./pool_watch.ts";
import { type Connect, createRenewingPool } from "./renewing_pool.ts";

export interface PoolOptions {
  /** `postgres://…` or keywords, as in `B3SCALE_DB_URL`. */
  readonly url: string;
  /** Most connections at once; opened on demand. */
  readonly poolSize: number;
  readonly applicationName: string;
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
  /** Called with 1 when a query or a transaction needs a connection, with -1 when it has ended. */
  readonly onWork?: (change: 1 | -1) => void;
  /** Without it a link that dies silently is noticed by TCP only. */
  readonly watch?: WatchOptions;
}

/**
 * Kept by the server, overridden by parameters of the URL. Nothing of ours waits longer for a lock; no transaction waits
 * longer for its next statement: when its client is gone it would keep its locks for two hours, the one under which
 * meetings are placed too. Sessions that nobody holds any more end within a minute and a half.
 */
const SERVER_DEADLINES = {
  lock_timeout: 30_000,
  idle_in_transaction_session_timeout: 10_000,
  tcp_keepalives_idle: "60",
  tcp_keepalives_interval: "10",
  tcp_keepalives_count: "3",
};

/** `timestamp` as PostgreSQL writes it, read as UTC. Microseconds are cut to milliseconds, which is what a Date holds. */
export function parseTimestamp(text: string): Date {
  const parts = /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?( BC)?$/.exec(text);
  if (parts === null) return new Date(text === "infinity" ? 8.64e15 : text === "-infinity" ? -8.64e15 : NaN);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  const date = new Date(
    Date.UTC(2000, 0, 1, hour, minute, second, Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3))),
  );
  date.setUTCFullYear(parts[8] === undefined ? year : 1 - year, month - 1, day); // Date.UTC would move years 0–99 to 19xx
  return date;
}

/** Connects on first use, not here. jsonb values are passed as `db.json(value)`. */
export function openPool({ url, poolSize, applicationName, log, onWork = () => {}, watch }: PoolOptions): Pool {
  const address = parseDatabaseUrl(url);
  const [host = "", port] = [address.hosts[0], address.ports[0]];
  // As lists, which its types do not know, since a text with an IPv6 address is cut at the first colon.
  const where: object = host.startsWith("/")
    ? { path: `${host}/.s.PGSQL.${port}` }
    : { host: [...address.hosts], port: [...address.ports] };
  const options: postgres.Options<Record<string, postgres.PostgresType>> = {
    ...where,
    ...withoutUndefined({ database: address.database, user: address.user, password: address.password }),
    ssl: sslOption(address),
    max: poolSize,
    idle_timeout: 60,
    connect_timeout: 2,
    // Short and without chance: with the defaults an outage of 8 s is followed by 5–13 s in which queries hang.
    backoff: (attempt) => Math.min(0.1 * attempt, 1),
    connection: { application_name: applicationName, ...SERVER_DEADLINES, ...address.parameters, TimeZone: "UTC" },
    onnotice: (notice) => log.debug("database notice", { severity: notice.severity, notice: notice.message }),
    types: {
      timestamp: { to: 1114, from: [1114], serialize: (value: Date) => value.toISOString(), parse: parseTimestamp },
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
    },
  };
  const connect: Connect = (own) => postgres({ ...options, ...own }) as Pool;
  const renewing = createRenewingPool(connect, { now: () => watch?.clock.monotonic() ?? 0, onWork });
  if (watch !== undefined) void watchPool(renewing, { ...watch, connect, log });
  return renewing.pool;
}

/**
 * Swallows and logs what postgres.js throws out of band when it writes to a socket that has just gone (its issues 1066,
 * 1154, 1208): the query concerned is rejected on its own, but the throw would end the process. Anything else passes.
 * @returns removes the guard again
 */
export function guardOutOfBandErrors(log: Pick<Logger, "warn">): () => void {
  const guard = (event: Event, error: unknown) => {
    if (!isOutOfBandSocketError(error)) return;
    event.preventDefault();
    log.warn("database connection lost while writing", { error: errorText(error) });
  };
  const onError = (event: ErrorEvent) => guard(event, event.error);
  const onRejection = (event: PromiseRejectionEvent) => guard(event, event.reason);
  globalThis.addEventListener("error", onError);
  globalThis.addEventListener("unhandledrejection", onRejection);
  return () => {
    globalThis.removeEventListener("error", onError);
    globalThis.removeEventListener("unhandledrejection", onRejection);
  };
}

/** True for the driver's own socket errors only. A minified build has lost function names, so runtime frames count too. */
export function isOutOfBandSocketError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Asked by the driver itself on each new connection; it hears of a failure with the connection, and nobody of the query's.
  if ("query" in error && /\bpg_catalog\.pg_type\b/.test(String(error.query))) return true;
  const stack = error.stack ?? "";
  if (error instanceof TypeError) {
    return error.message === "Cannot read properties of null (reading 'write')" &&
      /\bnextWrite\b|runImmediate|Immediate\.|ext:deno_node\/internal\/timers/.test(stack);
  }
  const code = "code" in error ? error.code : undefined;
  if (code === "CONNECTION_CLOSED" || code === "CONNECTION_DESTROYED" || code === "CONNECTION_ENDED") return true;
  const dead = code === "EPIPE" || code === "ECONNRESET" || code === "ERR_STREAM_DESTROYED" ||
    code === "ERR_SOCKET_CLOSED";
  return dead && /\/postgres\/|postgres@|src\/connection\.js/.test(stack);
}

function sslOption({ ssl, sslFiles }: DatabaseAddress): DatabaseAddress["ssl"] | object {
  if (ssl === false || Object.keys(sslFiles).length === 0) return ssl;
  const files = Object.entries(sslFiles).filter(([, path]) => path !== "system");
  const pem = Object.fromEntries(files.map(([name, path]) => [name, Deno.readTextFileSync(path)]));
  return { ...pem, rejectUnauthorized: ssl === "verify-full" };
}

/** Whether a write failed because another row has the value; `constraint` is the name that 1.x gave it. */
export const isUniqueViolation = (error: unknown, constraint: string): boolean =>
  error instanceof postgres.PostgresError && error.code === "23505" && error.constraint_name === constraint;

/** Whether PostgreSQL ended the transaction because another one waited for it: it can be done again. */
export const isDeadlock = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && error.code === "40P01";

/** Whether PostgreSQL itself refused what was sent, so that nothing of it was done: wrong data, a constraint, a deadlock. */
export const isRolledBack = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && /^(22|23|40)/.test(error.code);
