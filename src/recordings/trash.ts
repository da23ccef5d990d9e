// Deletes what has been in the trash long enough. Called by the controller.
import { type FileSystem, realFileSystem } from "./file_system.ts";
import { isSafeName, readTrashName, type RecordingRoots, trashRoot } from "./paths.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * At most `limit` folders. What somebody else put into the trash is left alone.
 * @param now by the clock that gave the names their times: the database's
 * @returns how many were deleted; `limit` = there may be more
 */
export async function emptyTrash(
  { roots, files = realFileSystem }: { roots: RecordingRoots; files?: FileSystem },
  { now, limit, signal }: { now: Date; limit: number; signal?: AbortSignal },
): Promise<number> {
  const trash = trashRoot(roots);
  const before = now.getTime() - roots.trashDays * DAY_MS;
  let deleted = 0;
  for (const format of await listFolder(files, trash)) {
    if (!isSafeName(format)) continue;
    for (const name of await listFolder(files, `${trash}/${format}`)) {
      const deletedAt = readTrashName(name);
      if (deletedAt === undefined || deletedAt.getTime() > before) continue;
      if (deleted >= limit || signal?.aborted) return deleted;
      await files.remove(`${trash}/${format}/${name}`);
      deleted++;
    }
  }
  return deleted;
}

/** Nothing behind a symbolic link. */
async function listFolder(files: FileSystem, folder: string): Promise<string[]> {
  return (await files.lstat(folder))?.isDirectory ? await files.list(folder) : [];
}
