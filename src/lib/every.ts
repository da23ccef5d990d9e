// A loop that outlives what it depends on: a failure is logged once, and the next turn tries again.
import type { Clock } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";

/** Runs at once and then `ms` after each end, until the signal aborts. A run that has begun is finished. */
export async function every(
  { clock, log }: { clock: Clock; log: Logger },
  { ms, what, run }: { ms: number; what: string; run: () => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      await run();
      failing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!failing) log.warn(`${what} failed, trying on`, { error: errorText(error) });
      failing = true;
    }
    await clock.sleep(ms, signal).catch(() => {}); // aborted: the loop's condition ends it
  }
}
