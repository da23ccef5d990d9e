// Puts an uploaded format where its recording belongs; what the recording had of that format goes to the trash. The caller
// holds the recording's move, so nobody else touches its files.
import type { FileSystem } from "./file_system.ts";
import { ensureFolder, isFolder } from "./folders.ts";
import { moveFolder, type OnCopied, settleFormat } from "./move_folder.ts";
import { recordingDir, type RecordingRoots, trashRoot } from "./paths.ts";
import { discardFolder } from "./trash.ts";
import type { UploadedFormat } from "./upload_entry.ts";
import { uploadRoot } from "./upload_folder.ts";

export interface Placing extends UploadedFormat {
  /** Of the upload. */
  readonly id: string;
  readonly published: boolean;
  /** When, for the trash. */
  readonly at: Date;
  readonly onCopied: OnCopied;
}

/**
 * Any number of times: a process that died in the middle leaves the old files or the new ones, and both until the new
 * ones are in place.
 * @returns false when the upload is not there (any more)
 */
export async function placeUpload(
  { files, roots }: { files: FileSystem; roots: RecordingRoots },
  { id, format, recordID, published, at, onCopied }: Placing,
): Promise<boolean> {
  const upload = uploadRoot(roots, id);
  const target = published ? roots.publishedPath : roots.unpublishedPath;
  const trash = trashRoot(roots);
  const holders = [...new Set([roots.inboxPath, roots.publishedPath, roots.unpublishedPath])];
  await ensureFolder(files, `${target}/${format}`, 0o755);
  await settleFormat(
    files,
    await existing(files, [upload, ...holders, trash].map((root) => `${root}/${format}`)),
    recordID,
  );

  const from = recordingDir(upload, format, recordID);
  if (!await isFolder(files, from)) return false;
  for (const holder of holders) {
    const old = recordingDir(holder, format, recordID);
    if (!await isFolder(files, old)) continue;
    await discardFolder({ files, roots }, { recordID, format, from: old, at, onCopied });
  }
  await moveFolder(files, { recordID, from, to: recordingDir(target, format, recordID), onCopied });
  await files.remove(upload);
  return true;
}

async function existing(files: FileSystem, folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(folders.map((folder) => isFolder(files, folder)));
  return folders.filter((_, index) => found[index]);
}
