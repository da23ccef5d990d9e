// Opens the PostgreSQL pool that every store function runs on: UTC, exact types, quick reconnects. Used by main.ts and
// tests. Also guards the process against errors that postgres.js throws outside of any query.
import postgres from "postgres";
import type { Pool } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type DatabaseAddress, parseDatabaseUrl, withoutUndefined } from "./database_url.ts";

export interface PoolOptions {
  /** `postgres://…` or keywords, as in `B3SCALE_DB_URL`. */
  readonly url: string;
  /** Most connections at once; opened on demand. */
  readonly poolSize: number;
  readonly applicationName: string;
  readonly log: Pick<Logger, "debug">;
  /** Called with 1 when a query or a transaction needs a connection, with -1 when it has ended. */
  readonly onWork?: (change: 1 | -1) => void;
}

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
export function openPool({ url, poolSize, applicationName, log, onWork = () => {} }: PoolOptions): Pool {
  const address = parseDatabaseUrl(url);
  const [host = "", port] = [address.hosts[0], address.ports[0]];
  // As lists, which its types do not know, since a text with an IPv6 address is cut at the first colon.
  const where: object = host.startsWith("/")
    ? { path: `${host}/.s.PGSQL.${port}` }
    : { host: [...address.hosts], port: [...address.ports] };
  const options: Options = {
    ...where,
    ...withoutUndefined({ database: address.database, user: address.user, password: address.password }),
    ssl: sslOption(address),
    max: poolSize,
    idle_timeout: 60,
    connect_timeout: 2,
    // Short and without chance: with the defaults an outage of 8 s is followed by 5–13 s in which queries hang.
    backoff: (attempt) => Math.min(0.1 * attempt, 1),
    connection: { application_name: applicationName, ...address.parameters, TimeZone: "UTC" },
    onnotice: (notice) => log.debug("database notice", { severity: notice.severity, notice: notice.message }),
    types: {
      timestamp: { to: 1114, from: [1114], serialize: (value: Date) => value.toISOString(), parse: parseTimestamp },
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
    },
  };
  return renewing(options, onWork);
}

type Options = postgres.Options<Record<string, postgres.PostgresType>>;

/**
 * A pool that takes a new set of connections after it has lost one. postgres.js 3.4.9 keeps the bytes that it could not
 * write and its "write is scheduled" flag when a connection dies (its issue 1208): that place in the pool then hangs for
 * ever, and a few restarts of the server use up all places. Queries under way have 2 s to end on
 * the old set.
 */
function renewing(options: Options, onWork: (change: 1 | -1) => void): Pool {
  const retiring = new Set<Promise<void>>();
  let ended = false;
  const open = (): Pool => {
    let connected = false; // a refused connection has written nothing: keep its backoff
    const pool = postgres({
      ...options,
      onparameter: () => connected = true,
      onclose: () => {
        if (!connected || ended || pool !== current) return;
        current = open();
        const retired = pool.end({ timeout: 2 }).finally(() => retiring.delete(retired));
        retiring.add(retired);
      },
    }) as Pool;
    return pool;
  };
  let current = open();
  let listening: Pool | undefined; // its only connection listens again by itself and must not be renewed
  const end: Pool["end"] = async (how) => {
    ended = true;
    await Promise.all([current.end(how), listening?.end(how), ...retiring]);
  };
  const listen: Pool["listen"] = (...args) => {
    listening ??= postgres({ ...options, max: 1 }) as Pool;
    return listening.listen(...args);
  };
  const begin = async (...args: unknown[]) => {
    onWork(1);
    try {
      return await Reflect.apply(current.begin, current, args);
    } finally {
      onWork(-1);
    }
  };
  const own: Readonly<Record<PropertyKey, unknown>> = { begin, end, listen };
  return new Proxy(current, {
    apply: (_target, self, args) => counted(Reflect.apply(current, self, args), onWork),
    get: (_target, name) => Object.hasOwn(own, name) ? own[name] : Reflect.get(current, name),
  });
}

/** A query of postgres.js before it is sent. */
interface UnsentQuery extends Promise<unknown> {
  handler: (query: UnsentQuery) => void;
}

/** Counts from when it is handed to the connections: what is made as a part of another query never is. */
function counted(made: unknown, onWork: (change: 1 | -1) => void): unknown {
  if (!(made instanceof Promise && "handler" in made)) return made;
  const query = made as UnsentQuery;
  const send = query.handler;
  query.handler = (sent) => {
    onWork(1);
    const ended = () => onWork(-1);
    Promise.prototype.then.call(sent, ended, ended); // its own `then` would send it
    send(sent);
  };
  return query;
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

function sslOption({ ssl, sslFiles }: DatabaseAddress): Options["ssl"] {
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
