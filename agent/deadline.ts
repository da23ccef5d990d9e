// A bound on one call of the server. Used by whatever reports events.
import type { Clock } from "../src/deps.ts";

/** @throws Error when `ms` are over, the outer signal's reason when that aborts */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const cancel = clock.after(ms, () => deadline.abort(new Error(`no answer within ${ms / 1000} s`)));
  try {
    return await run(AbortSignal.any([signal, deadline.signal]));
  } finally {
    cancel();
  }
}
