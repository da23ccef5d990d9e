// The connections behind the pool, which are replaced by new ones when one of them was lost or the link has died silently.
// Used by pool.ts.
import type { Pool } from "../deps.ts";

/** Makes a pool of the driver's own, with these options changed. */
export type Connect = (own: {
  readonly max?: number;
  readonly fetch_types?: boolean;
  /** Called once there is a connection, among other times. */
  readonly onparameter?: () => void;
  readonly onclose?: () => void;
}) => Pool;

/** A query or a transaction, from when it needs a connection until it has ended. */
export interface Work {
  /** As `now()` said. */
  readonly since: number;
}

export interface RenewingPool {
  readonly pool: Pool;
  /** Aborts when the pool is ended. */
  readonly ended: AbortSignal;
  /** Of what is under way on the present connections. */
  oldestWork(): Work | undefined;
  /** What is under way has 2 s to end on the old connections. */
  renew(): void;
}

interface Begun extends Work {
  readonly giveUp: (error: Error) => void;
}

/** Connections, and what is under way on them, the oldest first. */
interface Connections {
  readonly pool: Pool;
  readonly begun: Set<Begun>;
}

/**
 * postgres.js 3.4.9 keeps the bytes that it could not write and its "write is scheduled" flag when a connection dies (its
 * issue 1208): that place in the pool then hangs for ever, and a few restarts of the server use up all places. So the loss
 * of one connection renews them all.
 * @param onWork called with 1 when a query or a transaction begins, with -1 when it has ended
 */
export function createRenewingPool(
  connect: Connect,
  { now, onWork }: { now: () => number; onWork: (change: 1 | -1) => void },
): RenewingPool {
  const retiring = new Set<Promise<void>>();
  const ended = new AbortController();

  function open(): Connections {
    let connected = false; // a refused connection has written nothing: keep its backoff
    const connections: Connections = {
      begun: new Set(),
      pool: connect({
        onparameter: () => connected = true,
        onclose: () => {
          if (connected && connections === current) renew();
        },
      }),
    };
    return connections;
  }

  function renew(): void {
    if (ended.signal.aborted) return;
    const retired = retire(current).finally(() => retiring.delete(retired));
    retiring.add(retired);
    current = open();
  }

  /** Counts from when it is handed to the connections: what is made as a part of another query never is. */
  function track({ begun }: Connections, promise: Promise<unknown>, giveUp: (error: Error) => void): void {
    const work: Begun = { since: now(), giveUp };
    begun.add(work);
    onWork(1);
    const end = () => {
      begun.delete(work);
      onWork(-1);
    };
    Promise.prototype.then.call(promise, end, end); // a query's own `then` would send it
  }

  function tracked(connections: Connections, made: unknown): unknown {
    if (!(made instanceof Promise && "handler" in made)) return made;
    const query = made as UnsentQuery;
    const send = query.handler;
    query.handler = (sent) => {
      track(connections, sent, sent.reject);
      send(sent);
    };
    return query;
  }

  let current = open();
  let listening: Pool | undefined; // its only connection listens again by itself and must not be renewed
  const end: Pool["end"] = async (how) => {
    ended.abort();
    await Promise.all([current.pool.end(how), listening?.end(how), ...retiring]);
  };
  const listen: Pool["listen"] = (...args) => {
    listening ??= connect({ max: 1 });
    return listening.listen(...args);
  };
  const begin = (...args: unknown[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    track(current, promise, reject);
    Promise.resolve(Reflect.apply(current.pool.begin, current.pool, args)).then(resolve, reject);
    return promise;
  };
  const own: Readonly<Record<PropertyKey, unknown>> = { begin, end, listen };
  const pool = new Proxy(current.pool, {
    apply: (_target, self, args) => tracked(current, Reflect.apply(current.pool, self, args)),
    get: (_target, name) => Object.hasOwn(own, name) ? own[name] : Reflect.get(current.pool, name),
  });
  return { pool, ended: ended.signal, oldestWork: () => current.begun.values().next().value, renew };
}

/** A query of postgres.js before it is sent. */
interface UnsentQuery extends Promise<unknown> {
  handler: (query: UnsentQuery) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The driver forgets a transaction whose rollback it could not send, so nothing is left to it. Whether what is given up
 * here was done nobody knows, as with any connection that is lost.
 */
async function retire({ pool, begun }: Connections): Promise<void> {
  await pool.end({ timeout: 2 });
  for (const { giveUp } of begun) giveUp(new Error("the connection to the database was lost"));
}
