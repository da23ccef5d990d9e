// A clock that stands still: time passes only by advance(), so tests of waits and deadlines need no waiting.
import type { Clock } from "../../src/deps.ts";

export interface FakeClock extends Clock {
  /** Moves time on, timer by timer in the order they are due, and lets what each of them started run before the next. */
  advance(ms: number): Promise<void>;
  /** Sleeps and callbacks that are still to come. */
  readonly waiting: number;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** @param startMs what `now()` says at first; `monotonic()` starts at 0 */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  const timers = new Set<Timer>();
  const after = (ms: number, run: () => void) => {
    const timer = { at: elapsed + Math.max(ms, 0), run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const nextUntil = (end: number) => {
    // The set keeps insertion order and the comparison is strict: equal times run in the order they were set.
    let next: Timer | undefined;
    for (const timer of timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  };
  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          cancel();
          reject(signal?.reason);
        };
        const cancel = after(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (let next = nextUntil(end); next !== undefined; next = nextUntil(end)) {
        timers.delete(next);
        elapsed = next.at;
        next.run();
        await settle();
      }
      elapsed = end;
    },
    get waiting() {
      return timers.size;
    },
  };
}

/** One real turn of the event loop: every promise that can settle without I/O has done so after it. */
const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
