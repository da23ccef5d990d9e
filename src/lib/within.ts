// A bound on waiting for something that has no deadline of its own.
import type { Clock } from "../deps.ts";

/** The promise's outcome, or the error that `late` makes after `ms`. What is under way goes on without us. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let cancel = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(late()));
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    cancel();
  }
}
