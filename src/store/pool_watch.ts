// Notices that the link to the database has died without a word, as when a firewall forgets its connections: TCP would
// take a quarter of an hour. Used by pool.ts.
import type { Clock } from "../deps.ts";
import { every } from "../lib/every.ts";
import { within } from "../lib/within.ts";
import type { Logger } from "../log.ts";
import type { Connect, RenewingPool } from "./renewing_pool.ts";

export interface WatchOptions {
  readonly clock: Clock;
  /** What is under way for longer is looked into. */
  readonly afterMs?: number;
  readonly lookMs?: number;
}

const AFTER_MS = 30_000;
const LOOK_MS = 2000;
const ANSWER_MS = 2000;

/**
 * Takes new connections when something is under way for too long, a new connection is answered, and the server there does
 * not work at anything of ours for half as long: the question or the answer was lost. So a statement that runs, or waits for
 * a lock, is let alone, a migration that waits for another process too; and a database that answers nobody is waited for.
 */
export async function watchPool(
  { ended, oldestWork, renew }: RenewingPool,
  { connect, log, clock, afterMs = AFTER_MS, lookMs = LOOK_MS }: WatchOptions & {
    readonly connect: Connect;
    readonly log: Pick<Logger, "info" | "warn">;
  },
): Promise<void> {
  const look = async () => {
    const work = oldestWork();
    if (work === undefined) return;
    const ageMs = clock.monotonic() - work.since;
    if (ageMs < afterMs) return;
    if (await isServerAtWork(connect, clock, afterMs / 2000) || oldestWork() !== work) return;
    log.warn("the link to the database is dead, connecting anew", { seconds: Math.round(ageMs / 1000) });
    renew();
  };
  await every({ clock, log }, { ms: lookMs, what: "looking for dead connections", run: look }, ended);
}

/**
 * Another process of ours behind the same address counts as well: then the next look tells. A server that waits until
 * somebody reads its answer is not at work.
 * @throws what a database throws that is away
 */
async function isServerAtWork(connect: Connect, clock: Clock, seconds: number): Promise<boolean> {
  const fresh = connect({ max: 1, fetch_types: false });
  try {
    const question = fresh<{ atWork: boolean }[]>`
      select exists (select from pg_stat_activity
        where pid <> pg_backend_pid() and usename = session_user and datname = current_database()
          and application_name = current_setting('application_name')
          and client_addr is not distinct from inet_client_addr()
          and xact_start < clock_timestamp() - make_interval(secs => ${seconds})
          and wait_event is distinct from 'ClientWrite') as "atWork"`;
    const [row] = await within(clock, ANSWER_MS, question, () => new Error("the database does not answer"));
    return row?.atWork === true;
  } finally {
    await fresh.end({ timeout: 0 });
  }
}
