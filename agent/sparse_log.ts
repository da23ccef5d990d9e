// Log lines about what goes on and on: one when it begins, one a minute as a reminder, and one when it is over.
import type { Clock } from "../src/deps.ts";
import type { LogFields, Logger } from "../src/log.ts";

export interface SparseLog {
  /** @param about what counts as the same; callers have a few of them */
  warn(message: string, fields?: LogFields, about?: string): void;
  /** Says so, if there was a warning. */
  over(about: string, message: string, fields?: LogFields): void;
}

const REMIND_MS = 60_000;

export function createSparseLog({ clock, log }: { clock: Clock; log: Logger }): SparseLog {
  const warnedAt = new Map<string, number>();
  return {
    warn: (message, fields, about = message) => {
      const last = warnedAt.get(about);
      if (last !== undefined && clock.monotonic() - last < REMIND_MS) return;
      warnedAt.set(about, clock.monotonic());
      log.warn(message, fields);
    },
    over: (about, message, fields) => {
      if (warnedAt.delete(about)) log.info(message, fields);
    },
  };
}
