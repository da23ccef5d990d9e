// Deletes recordings that are older than their frontend keeps them, as deleteRecordings does: the files go to the trash.
import type { Deps } from "../deps.ts";
import { finishMoves } from "../recordings/move_files.ts";
import { deleteExpiringRecordings } from "../store/expiring_recordings.ts";
import { moveQueue, wishMoves } from "../store/recording_moves.ts";

/** Deleted in one transaction. */
const BATCH = 50;
/** Of one round; the next one goes on. */
const MOST_BATCHES = 20;

export async function expireRecordings(
  { config, db, log }: Pick<Deps, "config" | "db" | "log">,
  signal?: AbortSignal,
): Promise<void> {
  if (config.recordings === null) return; // nobody would see to the files
  for (let batch = 0; batch < MOST_BATCHES && !signal?.aborted; batch++) {
    const gone = await db.begin(async (tx) => {
      const rows = await deleteExpiringRecordings(tx, BATCH);
      await wishMoves(tx, rows.map(({ record_id }) => record_id), "trash");
      return rows;
    });
    for (const { record_id, frontend_key, retention_days } of gone) {
      log.info("a recording is older than its frontend keeps them, deleted", {
        record_id,
        frontend_key,
        retention_days,
      });
    }
    const recordIDs = gone.map(({ record_id }) => record_id);
    if (recordIDs.length > 0) {
      await finishMoves({ queue: moveQueue(db), roots: config.recordings, log, signal }, recordIDs);
    }
    if (gone.length < BATCH) return;
  }
}
