// Cuts the connections over which servers hear of changes: a notification sent meanwhile is lost.
import type { Db, Pool } from "../../src/deps.ts";
import { pause } from "./wait.ts";

/** Sessions that listen for changes. */
export const listeners = (db: Db) =>
  db<{ pid: number }[]>`
    select pid from pg_stat_activity where datname = current_database() and query ilike 'listen "b3scale_changes"%'`;

/**
 * Returns within a millisecond or two of their end: the time-out of pg_terminate_backend() looks each 100 ms only, and by
 * then they would be back.
 */
async function cutListeners(db: Db): Promise<void> {
  const pids = (await listeners(db)).map(({ pid }) => pid);
  await db`select pg_terminate_backend(pid) from unnest(${pids}::int[]) as t(pid)`;
  for (let left = pids.length; left > 0;) {
    await db`select pg_stat_clear_snapshot()`;
    left = (await db`select from pg_stat_activity where pid = any(${pids}::int[])`).length;
  }
}

/** What `change` writes is committed right after the listeners have gone, before any of them can be back. */
export async function cutListenersAnd(db: Pool, change: (tx: Db) => Promise<void>): Promise<void> {
  await db.begin(async (tx) => {
    await change(tx);
    await cutListeners(tx);
  });
}

/** Nobody listens for longer than a moment until it is disposed. */
export function keepCutting(db: Pool): AsyncDisposable {
  let stop = false;
  const cutting = (async () => {
    while (!stop) {
      await cutListeners(db);
      await pause(10);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop = true;
      await cutting;
    },
  };
}
