// A loop that outlives what it depends on: a failure is logged once, and the next turn tries again.
import type { Clock } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";

export interface Loop {
  /** Between the end of a run and the next. */
  readonly ms: number;
  readonly what: string;
  readonly run: () => Promise<void>;
  /** A run takes moments: one that takes longer is told of, so that nobody wonders why nothing happens. */
  readonly isQuick?: boolean;
}

/** Longer than any call to a node that a quick run waits for. */
const SLOW_MS = 15_000;

/**
 * Runs at once and then `ms` after each end, until the signal aborts. A run that has begun is finished: it is never given
 * up for another one beside it. What it waits for must have an end, which for a query is the server's or the pool's doing.
 */
export async function every(
  { clock, log }: { clock: Clock; log: Pick<Logger, "info" | "warn"> },
  { ms, what, run, isQuick = false }: Loop,
  signal: AbortSignal,
): Promise<void> {
  let failing = false;
  let slow = false;
  const noteSlow = () => {
    if (!slow) log.warn(`${what} takes long`, { seconds: SLOW_MS / 1000 });
    slow = true;
  };
  while (!signal.aborted) {
    const cancel = isQuick ? clock.after(SLOW_MS, noteSlow) : () => {};
    try {
      await run();
      if (slow) log.info(`${what} goes on`);
      failing = slow = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!failing) log.warn(`${what} failed, trying on`, { error: errorText(error) });
      failing = true;
    } finally {
      cancel();
    }
    await clock.sleep(ms, signal).catch(() => {}); // aborted: the loop's condition ends it
  }
}
