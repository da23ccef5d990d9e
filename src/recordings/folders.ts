// Folders that are really there: what is behind a symbolic link could be anywhere, and is refused. Used by all that
// moves or writes recordings' files.
import type { FileSystem } from "./file_system.ts";

/** @throws Error when something else is there */
export async function isFolder(files: FileSystem, path: string): Promise<boolean> {
  const info = await files.lstat(path);
  if (info?.isSymlink) throw linkError(path);
  if (info !== undefined && !info.isDirectory) throw new Error(`"${path}" is no folder`);
  return info !== undefined;
}

export async function ensureFolder(files: FileSystem, folder: string, mode: number): Promise<void> {
  if (await isFolder(files, folder)) return;
  try {
    await files.mkdir(folder, mode);
  } catch (error) { // somebody else made it meanwhile
    if (!await isFolder(files, folder)) throw error;
  }
}

export const linkError = (path: string): Error =>
  new Error(`"${path}" is a symbolic link, which is not followed: put the folder itself there`);
