// A process that changes a recording as the gateway does, and is killed (SIGKILL) at a step. Started by
// tests/system/recordings_crash_test.ts; ends by itself when it has nothing more to do.
import { withPublished } from "../../src/bbb/recording.ts";
import { finishMoves } from "../../src/recordings/move_files.ts";
import type { RecordingRoots } from "../../src/recordings/paths.ts";
import { moveQueue, wishMoves } from "../../src/store/recording_moves.ts";
import { deleteFrontendRecordings, updateFrontendRecordings } from "../../src/store/recordings.ts";
import { realFileSystem } from "../../src/recordings/file_system.ts";
import { acrossFileSystems, killedAt } from "./recording_files.ts";
import { openTestPool, silentLog } from "./test_db.ts";

export const MOVER = new URL(import.meta.url).pathname;

export interface MoverTask {
  readonly dbUrl: string;
  readonly roots: RecordingRoots;
  /** Whether the roots are to behave as different file systems: they may be one here. */
  readonly across: boolean;
  readonly frontendID: string;
  readonly recordID: string;
  readonly action: "publish" | "unpublish" | "delete";
  readonly step: number;
}

if (import.meta.main) {
  const task = JSON.parse(Deno.args[0] ?? "") as MoverTask;
  const { roots, frontendID, recordID, action } = task;
  const db = openTestPool(task.dbUrl, 2);
  const files = task.across ? acrossFileSystems({ roots }) : realFileSystem;
  const { count, ...process } = killedAt(task.step, files, moveQueue(db), () => Deno.kill(Deno.pid, "SIGKILL"));
  await db.begin(async (tx) => {
    await count("before the change");
    if (action === "delete") await deleteFrontendRecordings(tx, frontendID, [recordID]);
    else await updateFrontendRecordings(tx, frontendID, [recordID], (one) => withPublished(one, action === "publish"));
    await count("before the intent");
    await wishMoves(tx, [recordID], action === "delete" ? "trash" : action === "publish" ? "published" : "unpublished");
    await count("before the commit");
  });
  await count("after the commit");
  await finishMoves({ ...process, roots, log: silentLog }, [recordID]);
  await db.end();
}
