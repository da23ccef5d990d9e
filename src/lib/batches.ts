// Work that costs less together: what arrives while a batch is under way goes into the next one. Nobody waits for company.

export interface BatchOptions {
  /** Items of one batch. */
  readonly most: number;
  /** Whether a batch that failed changed nothing, so that each of its items can be tried by itself. */
  readonly isUndone: (error: unknown) => boolean;
}

/**
 * @param run answers in the order of the items; must end by itself, since the next batch waits for it
 * @returns the answer of one item; one that nothing can be done with fails alone
 */
export function inBatches<Item, Answer>(
  { most, isUndone }: BatchOptions,
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let working = false;

  async function answer(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(answers[index] as Answer));
    } catch (error) {
      if (batch.length > 1 && isUndone(error)) { for (const one of batch) await answer([one]); }
      else for (const { reject } of batch) reject(error);
    }
  }

  async function work(): Promise<void> {
    working = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      await answer(batch);
    }
    working = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!working) void work();
    });
}
