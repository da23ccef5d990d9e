// Waiting for a fact instead of a time: tests poll for what must become true and say what they saw last when it does not.

const LOOK_EVERY_MS = 20;

/**
 * @param look what is waited for; undefined and false mean not yet, an error means not yet as well
 * @returns what `look` found
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { withinMs = 15_000 }: { withinMs?: number } = {},
): Promise<T> {
  const end = performance.now() + withinMs;
  let last: unknown;
  while (true) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}`, { cause: last });
    await pause(LOOK_EVERY_MS);
  }
}

/** Between two looks or two requests of a traffic; never instead of waiting for a fact. */
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
