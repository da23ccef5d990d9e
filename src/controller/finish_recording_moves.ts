// Moves the files of recordings that a request left behind: its process died, or the file system refused.
import type { Deps } from "../deps.ts";
import { finishMoves } from "../recordings/move_files.ts";
import { moveQueue } from "../store/recording_moves.ts";

export async function finishRecordingMoves(
  { config, db, log }: Pick<Deps, "config" | "db" | "log">,
  signal?: AbortSignal,
): Promise<void> {
  if (config.recordings === null) return; // another process may have the folders
  await finishMoves({ queue: moveQueue(db), roots: config.recordings, log, signal });
}
