// Where uploads wait until they are imported: `<inbox>/.b3scale-uploads/<id>/<format>/<record id>`, on the file system of
// the inbox and readable by nobody else, whoever serves the inbox.
import { statfs } from "node:fs/promises";
import type { FileSystem } from "./file_system.ts";
import { recordingDir, type RecordingRoots } from "./paths.ts";
import type { UploadedFormat } from "./upload_entry.ts";

export const uploadsRoot = ({ inboxPath }: Pick<RecordingRoots, "inboxPath">): string =>
  `${inboxPath}/.b3scale-uploads`;

/** A root like the inbox, with one format of one recording in it. */
export const uploadRoot = (roots: Pick<RecordingRoots, "inboxPath">, id: string): string =>
  `${uploadsRoot(roots)}/${id}`;

/** @returns the empty folder for the files of the recording's format */
export async function makeUploadFolder(
  roots: Pick<RecordingRoots, "inboxPath">,
  id: string,
  { format, recordID }: UploadedFormat,
): Promise<string> {
  await Deno.mkdir(uploadsRoot(roots), { recursive: true, mode: 0o700 });
  const folder = recordingDir(uploadRoot(roots, id), format, recordID);
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

/** Bytes that this process may still write there. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Files whose bytes are written to the disk at once: one after the other takes a disk ten times as long. */
const SYNCED_AT_ONCE = 16;

/** All files and folders are on the disk when it resolves. */
export async function syncUpload(roots: Pick<RecordingRoots, "inboxPath">, id: string): Promise<void> {
  const root = uploadRoot(roots, id);
  const paths: string[] = [];
  await collect(root, paths);
  const lane = async () => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) await syncPath(path);
  };
  await Promise.all(Array.from({ length: SYNCED_AT_ONCE }, lane));
  await syncPath(uploadsRoot(roots));
}

async function collect(folder: string, into: string[]): Promise<void> {
  into.push(folder);
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await collect(`${folder}/${name}`, into);
    else into.push(`${folder}/${name}`);
  }
}

async function syncPath(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Deletes what processes that died have left: uploads that no import needs. One that is under way is younger than a day.
 * @returns how many were deleted
 */
export async function sweepUploads(
  { files, roots }: { files: FileSystem; roots: Pick<RecordingRoots, "inboxPath"> },
  { needed, now }: { needed: ReadonlySet<string>; now: number },
): Promise<number> {
  const root = uploadsRoot(roots);
  if (await files.lstat(root) === undefined) return 0;
  let deleted = 0;
  for (const id of await files.list(root)) {
    const changedAt = (await files.lstat(`${root}/${id}`))?.mtime?.getTime() ?? now;
    if (needed.has(id) || now - changedAt < DAY_MS) continue;
    await files.remove(`${root}/${id}`);
    deleted++;
  }
  return deleted;
}
