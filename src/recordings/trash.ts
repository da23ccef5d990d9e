// The trash: what is deleted or replaced goes there, and is deleted for good when it has been there long enough.
import { type FileSystem, realFileSystem } from "./file_system.ts";
import { ensureFolder } from "./folders.ts";
import { moveFolder, type OnCopied, removeFolder } from "./move_folder.ts";
import { isSafeName, readTrashName, type RecordingRoots, trashName, trashRoot } from "./paths.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Discarded {
  readonly recordID: string;
  readonly format: string;
  /** Its folder. */
  readonly from: string;
  /** When, for its name in the trash. */
  readonly at: Date;
  readonly onCopied: OnCopied;
}

/** To the trash, or for good where nothing is kept. */
export async function discardFolder(
  { files, roots }: { files: FileSystem; roots: RecordingRoots },
  { recordID, format, from, at, onCopied }: Discarded,
): Promise<void> {
  if (roots.trashDays === 0) return await removeFolder(files, from, recordID);
  const trash = trashRoot(roots);
  await ensureFolder(files, trash, 0o700);
  await ensureFolder(files, `${trash}/${format}`, 0o755);
  for (let number = 1;; number++) {
    const to = `${trash}/${format}/${trashName(recordID, at, number)}`;
    if (await files.lstat(to) === undefined) return await moveFolder(files, { recordID, from, to, onCopied });
  }
}

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
