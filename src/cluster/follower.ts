// Follows one table: gathers the ids that changed, reads them again in batches, and lets no older answer replace a newer row.
import type { Clock } from "../deps.ts";

export interface Follower {
  /** Rows that changed in the database. */
  notify(ids: readonly string[]): void;
  /** A row that this process wrote itself: answers under way are older. */
  touch(id: string): void;
  /** Before a full read; the function takes the rows read and the ids held. */
  beginLoad(): (rows: readonly { id: string }[], held: Iterable<string>) => void;
  /** Resolves when nothing that was notified waits to be read. */
  settled(): Promise<void>;
  /** Reads again what differs from the versions in the database. */
  compare(rows: readonly { id: string; version: string }[], held: ReadonlyMap<string, string>): void;
}

/** Notifications of one burst are read in one statement. */
const GATHER_MS = 5;
const BATCH = 1000;

export function createFollower<Row extends { id: string }>(
  { clock, readRows, put, remove, onFailure }: {
    clock: Clock;
    readRows: (ids: readonly string[]) => Promise<Row[]>;
    put: (row: Row) => void;
    remove: (id: string) => void;
    onFailure: (error: unknown) => void;
  },
): Follower {
  const pending = new Set<string>();
  /** id → number of its last notification or write; an answer that was asked for earlier is dropped. */
  const touched = new Map<string, number>();
  let counter = 0;
  let reading = false;
  /** While a full read is under way what is read beside it counts as touched: its answer may be the older one. */
  let loading = false;
  /** Ids of the batch that is being read. */
  let asked: readonly string[] = [];
  let settle: (() => void)[] = [];

  const isNewer = (id: string, askedAt: number) => (touched.get(id) ?? 0) > askedAt;

  function notify(ids: readonly string[]): void {
    for (const id of ids) {
      touched.set(id, ++counter);
      pending.add(id);
    }
    if (reading || pending.size === 0) return;
    reading = true;
    clock.after(GATHER_MS, () => void readPending());
  }

  async function readPending(): Promise<void> {
    try {
      while (pending.size > 0) {
        const ids = Array.from(pending).slice(0, BATCH);
        for (const id of ids) pending.delete(id);
        await readBatch(ids);
      }
    } catch (error) {
      pending.clear(); // not lost: the load that restores trust reads everything
      onFailure(error);
    } finally {
      reading = false;
      for (const resolve of settle) resolve();
      settle = [];
    }
  }

  async function readBatch(ids: readonly string[]): Promise<void> {
    const askedAt = counter;
    asked = ids;
    const rows = new Map((await readRows(ids)).map((row) => [row.id, row]));
    asked = [];
    for (const id of ids) {
      if (isNewer(id, askedAt)) {
        pending.add(id); // notified or written meanwhile: this answer may be older, or newer
        continue;
      }
      if (loading) touched.set(id, ++counter);
      else touched.delete(id);
      const row = rows.get(id);
      if (row === undefined) remove(id);
      else put(row);
    }
  }

  return {
    notify,
    settled: () => reading ? new Promise((resolve) => settle.push(resolve)) : Promise.resolve(),
    touch: (id) => touched.set(id, ++counter),
    beginLoad: () => {
      const askedAt = counter;
      loading = true; // until an answer comes: after a failure the next load follows
      return (rows, held) => {
        loading = false;
        const missing = new Set(held);
        for (const row of rows as readonly Row[]) {
          missing.delete(row.id);
          if (!isNewer(row.id, askedAt)) put(row);
        }
        for (const id of missing) if (!isNewer(id, askedAt)) remove(id);
        // Written by ourselves while the read was under way, or in a batch that may be older: once more.
        notify([...Array.from(touched.keys()).filter((id) => isNewer(id, askedAt)), ...asked]);
      };
    },
    compare: (rows, held) => {
      const missing = new Set(held.keys());
      const differing = rows.filter(({ id, version }) => !missing.delete(id) || held.get(id) !== version);
      notify([...differing.map(({ id }) => id), ...missing]);
    },
  };
}
