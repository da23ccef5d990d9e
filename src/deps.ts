// What functions may ask for (Pick<Deps, …>), and the only place that touches the real clock, chance and network client.
import type postgres from "postgres";
import type { NodeClient } from "./bbb/client.ts";
import type { ClusterView } from "./cluster/view.ts";
import type { Config } from "./config.ts";
import type { Logger } from "./log.ts";
import type { Recorder } from "./metrics/types.ts";

/** Pool or transaction. It has no `begin`: a store function cannot open a transaction, its caller does. */
// deno-lint-ignore ban-types
export type Db = postgres.ISql<{}>;
// deno-lint-ignore ban-types
export type Pool = postgres.Sql<{}>;

export interface Clock {
  /** Milliseconds since 1970, for texts and tokens. */
  now(): number;
  /** Milliseconds since some start, never going back, for ages and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`; the returned function calls it off. */
  after(ms: number, run: () => void): () => void;
}

/** `fetch` with text URLs only: a `URL` object would rewrite a signed query. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Deps {
  readonly config: Config;
  readonly db: Pool;
  readonly view: ClusterView;
  readonly nodes: NodeClient;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Recorder;
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const realRandom = (): number => Math.random();

/**
 * The clients for BBB nodes. HTTP/2 is off: a dead HTTP/2 connection is used again for ever (measured on Deno 2.9.6).
 * `fetchOnce` never reuses a connection, because a pooled one re-sends a POST that the server may have read already.
 */
export function createNodeFetch(): { fetch: Fetch; fetchOnce: Fetch; close: () => void } {
  const pooled = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: 32, poolIdleTimeout: 30_000 });
  const single = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: 0 });
  return {
    fetch: (url, init) => fetch(url, { ...init, client: pooled }),
    fetchOnce: (url, init) => fetch(url, { ...init, client: single }),
    close: () => {
      pooled.close();
      single.close();
    },
  };
}
