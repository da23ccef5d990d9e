// Answers that are good for a moment: asked for once, shared meanwhile, bounded in number. For what is asked so often that
// the database must not hear of it each time.
import type { Clock } from "../deps.ts";

export interface Recall<T> {
  /** @param ask a failure reaches everybody who waits for it, and is forgotten */
  get(key: string, ask: () => Promise<T>): Promise<T>;
}

/**
 * @param keepMs counted from when it was asked for: an answer is never older
 * @param most what was asked for first is forgotten first
 */
export function createRecall<T>(
  { clock, keepMs, most }: { clock: Clock; keepMs: number; most: number },
): Recall<T> {
  const known = new Map<string, { readonly askedAt: number; readonly answer: Promise<T> }>();
  return {
    get: (key, ask) => {
      const now = clock.monotonic();
      const held = known.get(key);
      if (held !== undefined && now - held.askedAt < keepMs) return held.answer;
      const entry = { askedAt: now, answer: ask() };
      known.delete(key); // its place in the order is that of now
      known.set(key, entry);
      const [oldest] = known.keys();
      if (known.size > most && oldest !== undefined) known.delete(oldest);
      entry.answer.catch(() => {
        if (known.get(key) === entry) known.delete(key);
      });
      return entry.answer;
    },
  };
}
