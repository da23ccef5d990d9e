// How the cluster's state becomes right again after events were lost: the server is asked to poll this node, and what
// happens from then on is reported on top of that. Run by event_flow.ts.
import { agentEndpoints } from "../src/contract/agent.ts";
import { backendEndpoints } from "../src/contract/backend.ts";
import { ApiError } from "../src/contract/client.ts";
import { errorText } from "../src/errors.ts";
import { withDeadline } from "./deadline.ts";
import type { EventQueue } from "./event_queue.ts";
import type { SparseLog } from "./sparse_log.ts";
import type { AgentDeps } from "./types.ts";

type ResyncDeps = Pick<AgentDeps, "api" | "clock" | "random" | "log"> & {
  readonly backendID: string;
  readonly lines: SparseLog;
  readonly queue: Omit<EventQueue<never>, "push">;
  /** Whatever else is out of date when events were lost. */
  readonly forget: () => void;
  /** Whatever else must be asked of the server before it is told of events again. @throws ApiError */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
};

export type Why = "events are followed" | "redis was away" | "the server was away" | "too many events waited";

export interface Resync {
  /** Soon, and once, however often it is asked for before it has begun. */
  request(why: Why): void;
  /** Waits until it is asked for, and is done when events are reported again. @throws the signal's reason, nothing else */
  next(signal: AbortSignal): Promise<void>;
}

const CALL_MS = 10_000;
/** Calls that are under way are over by then, but for those about meetings that the server does not know. */
const GRACE_MS = 2000;
/**
 * A poll leaves meetings alone that changed after it had begun, or up to 100 ms before; and what BBB's web service, which
 * is polled, says may be a moment behind what was published.
 */
const SETTLE_MS = 200;
const MOST_BACKOFF_MS = 10_000;
/** Polls give up after 5 s; then the next one must do. */
const POLL_MS = 5000;
const LOOK_EVERY_MS = 100;
const NS_PER_MS = 1e6;

export function createResync(deps: ResyncDeps): Resync {
  const { api, clock, random, log, lines, queue } = deps;
  let requested: Why | undefined;
  let wake = () => {};

  async function once(why: Why, signal: AbortSignal): Promise<void> {
    await queue.hold(GRACE_MS);
    const events = queue.waiting;
    if (events > 0) log.warn("events are given up, a poll of this node will make up for them", { why, events });
    const askedAt = await askForPoll(why, signal);
    log.info("the server polls this node", { why });
    await untilPolled(askedAt, signal);
  }

  /** Until the server says yes. @returns when it did, by its own clock */
  async function askForPoll(why: Why, signal: AbortSignal): Promise<string> {
    for (let attempt = 0;; attempt++) {
      // The poll will know better than whatever has waited until now. What comes from here on may be newer.
      queue.clear();
      deps.forget();
      requested = undefined;
      const backoffMs = Math.min(SETTLE_MS * 2 ** attempt, MOST_BACKOFF_MS);
      await clock.sleep(attempt === 0 ? SETTLE_MS : backoffMs * (0.5 + random() / 2), signal);
      try {
        await deps.prepare(signal);
        const { updated_at } = await requestPoll(deps, signal);
        lines.over("server", "the server is back");
        lines.over("backend", "the server knows this backend again");
        return updated_at;
      } catch (error) {
        signal.throwIfAborted();
        const isUnknown = error instanceof ApiError && error.status === 404;
        const what = isUnknown ? "the server has no such backend" : "the server cannot be asked to poll this node";
        lines.warn(`${what}, trying on`, { why, error: errorText(error) }, isUnknown ? "backend" : "server");
      }
    }
  }

  /**
   * Events that are reported while a poll is under way win over it: those of a meeting that it should put right would leave
   * it wrong until the next one. A poll that was under way already does not count.
   */
  async function untilPolled(askedAt: string, signal: AbortSignal): Promise<void> {
    try {
      await withDeadline(clock, POLL_MS, signal, async (signal) => {
        while (true) {
          await clock.sleep(LOOK_EVERY_MS, signal);
          const { synced_at, latency } = await api.call(agentEndpoints.backend, { signal });
          if (Date.parse(synced_at) - latency / NS_PER_MS >= Date.parse(askedAt)) return;
        }
      });
    } catch (error) {
      signal.throwIfAborted();
      log.debug("a poll of this node was not seen", { error: errorText(error) });
    }
  }

  return {
    request: (why) => {
      requested ??= why;
      wake();
    },
    next: async (signal) => {
      while (requested === undefined) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => {
          wake = () => {
            signal.removeEventListener("abort", wake);
            resolve();
          };
          signal.addEventListener("abort", wake);
        });
      }
      await once(requested, signal);
      if (requested === undefined) queue.release();
    },
  };
}

/** An empty change of a backend has its node polled, in 1.x too. @throws ApiError */
export async function requestPoll(
  { api, clock, backendID }: Pick<ResyncDeps, "api" | "clock" | "backendID">,
  signal: AbortSignal,
): Promise<{ updated_at: string }> {
  const params = { id: backendID };
  return await withDeadline(
    clock,
    CALL_MS,
    signal,
    (signal) => api.call(backendEndpoints.update, { params, body: {}, signal }),
  );
}
