// Deletes recordings' files that have been in the trash long enough.
import type { Deps } from "../deps.ts";
import { emptyTrash } from "../recordings/trash.ts";
import { findDatabaseTime } from "../store/recording_moves.ts";

/** Of one round; the next one goes on. */
const MOST_DELETED = 1000;

export async function emptyRecordingsTrash(
  { config, db, log }: Pick<Deps, "config" | "db" | "log">,
  signal?: AbortSignal,
): Promise<void> {
  if (config.recordings === null) return;
  const now = await findDatabaseTime(db);
  const deleted = await emptyTrash({ roots: config.recordings }, { now, limit: MOST_DELETED, signal });
  if (deleted > 0) log.info("recordings' trash emptied", { count: deleted });
}
