// What is done to files, as functions that tests replace: to fail, to be slow, to end the process at any step.
// Who calls looks for symbolic links; only `folderID` is meant to follow one: roots are the operator's to link.

export interface FileSystem {
  /** undefined where nothing is */
  lstat(path: string): Promise<Deno.FileInfo | undefined>;
  /** Names in a folder. */
  list(folder: string): Promise<string[]>;
  /** What tells one folder from all others, whatever it is called. @throws Error when it is no folder */
  folderID(folder: string): Promise<string>;
  mkdir(folder: string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** To a name that is free. The bytes are on the disk when it resolves; `onCopied` may reject to call it off. */
  copyFile(from: string, to: string, onCopied: (bytes: number) => Promise<void>): Promise<void>;
  copyLink(from: string, to: string): Promise<void>;
  /** To a name that is free; on the disk when it resolves. */
  writeFile(path: string, content: Uint8Array): Promise<void>;
  /** Of a file that somebody else may have written: UTF-8, as far as it is. */
  readText(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  /** Writes the entries of a folder to the disk. */
  sync(folder: string): Promise<void>;
  /** With all that is in it; nothing there is fine. */
  remove(path: string): Promise<void>;
}

const BUFFER_BYTES = 1024 * 1024;
/** Written to the disk together, so that the end of a big file does not wait for all of it. */
const SYNC_BYTES = 16 * 1024 * 1024;

export const realFileSystem: FileSystem = {
  lstat: async (path) => {
    try {
      return await Deno.lstat(path);
    } catch (error) {
      if (isNotThere(error)) return undefined;
      throw error;
    }
  },
  list: async (folder) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name),
  folderID: async (folder) => {
    const { isDirectory, dev, ino } = await Deno.stat(folder);
    if (!isDirectory) throw new Error(`"${folder}" is no folder`);
    return `${dev}:${ino}`;
  },
  mkdir: async (folder, mode) => {
    await Deno.mkdir(folder, { mode });
    await Deno.chmod(folder, mode); // whatever the umask
  },
  rename: (from, to) => Deno.rename(from, to),
  copyFile,
  copyLink: async (from, to) => await Deno.symlink(await Deno.readLink(from), to),
  writeFile: async (path, content) => {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o644 });
    await writeAll(file, content);
    await Deno.chmod(path, 0o644);
    await file.sync();
  },
  readText: (path) => Deno.readTextFile(path),
  chmod: (path, mode) => Deno.chmod(path, mode),
  sync: async (folder) => {
    using file = await Deno.open(folder);
    try {
      await file.sync();
    } catch (error) {
      if (codeOf(error) !== "EINVAL") throw error; // some network file systems know no such thing
    }
  },
  remove: async (path) => {
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      const isGone = isNotThere(error) && await realFileSystem.lstat(path) === undefined;
      if (!isGone) throw error; // somebody else who deletes it may be ahead of us on the inside
    }
  },
};

async function copyFile(from: string, to: string, onCopied: (bytes: number) => Promise<void>): Promise<void> {
  const expected = await Deno.lstat(from);
  using source = await Deno.open(from);
  const { dev, ino, mode, atime, mtime } = await source.stat();
  if (!expected.isFile || dev !== expected.dev || ino !== expected.ino) {
    throw new Error(`"${from}" was replaced by something else meanwhile`);
  }
  using target = await Deno.open(to, { write: true, createNew: true, mode: 0o600 });
  const buffer = new Uint8Array(BUFFER_BYTES);
  let unsynced = 0;
  for (let read = await source.read(buffer); read !== null; read = await source.read(buffer)) {
    await writeAll(target, buffer.subarray(0, read));
    unsynced += read;
    if (unsynced >= SYNC_BYTES) {
      await target.syncData();
      await onCopied(unsynced);
      unsynced = 0;
    }
  }
  await Deno.chmod(to, (mode ?? 0o644) & 0o777);
  if (atime !== null && mtime !== null) await target.utime(atime, mtime);
  await target.sync();
  await onCopied(unsynced);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

/** The operating system's name of an error: ENOENT, ENOSPC, EXDEV, … */
export const codeOf = (error: unknown): unknown => error instanceof Error && "code" in error ? error.code : undefined;

const isNotThere = (error: unknown): boolean => codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
