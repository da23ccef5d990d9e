// One folder of a format to another place, so that a process which dies at any step leaves either the original or its
// copy complete, and the next one goes on. `<format>/<record id>` holds a complete recording or is not there.
import { dirname } from "node:path/posix";
import { codeOf, type FileSystem } from "./file_system.ts";
import { originalName, scrapName } from "./paths.ts";

/** Nobody may change the recording but who holds its claim; rejects when that is lost. */
export type OnCopied = (bytes: number) => Promise<void>;

/** A small file takes as long as these bytes. */
const ENTRY_BYTES = 64 * 1024;

/** Both folders of the format are there, and nothing is at `to`. */
export async function moveFolder(
  files: FileSystem,
  { recordID, from, to, onCopied }: { recordID: string; from: string; to: string; onCopied: OnCopied },
): Promise<void> {
  try {
    await files.rename(from, to);
    await files.sync(dirname(to));
  } catch (error) {
    if (codeOf(error) !== "EXDEV") throw error;
    await moveAcross(files, { recordID, from, to, onCopied });
  }
}

/** Between file systems: there is no one step that does it. */
async function moveAcross(
  files: FileSystem,
  { recordID, from, to, onCopied }: { recordID: string; from: string; to: string; onCopied: OnCopied },
): Promise<void> {
  const copy = `${dirname(to)}/${scrapName(recordID)}`;
  const original = `${dirname(from)}/${originalName(recordID)}`;
  const stillOurs = () => onCopied(Infinity);
  try {
    await copyTree(files, from, copy, onCopied);
    await files.sync(dirname(to));
  } catch (error) { // the next try removes it too, but a full disk gets its space back now
    await stillOurs().then(() => files.remove(copy)).catch(() => {});
    throw error;
  }
  await stillOurs();
  await files.rename(from, original);
  await files.sync(dirname(from));
  await stillOurs(); // who has taken over has undone that step
  await files.rename(copy, to);
  await files.sync(dirname(to));
  await dropOriginal(files, dirname(from), recordID);
}

/** What is at `folder` vanishes at once, and then its space. */
export async function removeFolder(files: FileSystem, folder: string, recordID: string): Promise<void> {
  const scrap = `${dirname(folder)}/${scrapName(recordID)}`;
  await files.rename(folder, scrap);
  await files.remove(scrap);
}

async function dropOriginal(files: FileSystem, formatDir: string, recordID: string): Promise<void> {
  await removeFolder(files, `${formatDir}/${originalName(recordID)}`, recordID);
}

/**
 * Puts right what a process that died left of one format: an original whose copy had not been put into place comes back,
 * one whose copy had goes, and scraps go.
 * @param formatDirs of all places, the trash included
 */
export async function settleFormat(files: FileSystem, formatDirs: readonly string[], recordID: string): Promise<void> {
  const having = async (name: string): Promise<string[]> => {
    const found = await Promise.all(formatDirs.map((dir) => files.lstat(`${dir}/${name}`)));
    return formatDirs.filter((_, index) => found[index] !== undefined);
  };
  const [scraps, originals] = await Promise.all([having(scrapName(recordID)), having(originalName(recordID))]);
  for (const dir of originals) {
    const others = formatDirs.filter((other) => other !== dir);
    const isCopied = !others.some((other) => scraps.includes(other)) && await hasCopy(files, others, recordID);
    if (isCopied) await dropOriginal(files, dir, recordID);
    else {
      await files.rename(`${dir}/${originalName(recordID)}`, `${dir}/${recordID}`);
      await files.sync(dir);
    }
  }
  for (const dir of scraps) await files.remove(`${dir}/${scrapName(recordID)}`);
}

/** Under its own name, or with a time behind it in the trash. */
async function hasCopy(files: FileSystem, formatDirs: readonly string[], recordID: string): Promise<boolean> {
  for (const dir of formatDirs) {
    if ((await files.list(dir)).some((name) => name === recordID || name.startsWith(`${recordID}.`))) return true;
  }
  return false;
}

/** Symbolic links stay what they are: nothing they point to is read. */
async function copyTree(files: FileSystem, from: string, to: string, onCopied: OnCopied): Promise<void> {
  const info = await files.lstat(from);
  if (info === undefined) throw new Error(`"${from}" vanished while it was copied`);
  await onCopied(ENTRY_BYTES);
  if (info.isSymlink) await files.copyLink(from, to);
  else if (info.isFile) await files.copyFile(from, to, onCopied);
  else if (info.isDirectory) {
    await files.mkdir(to, 0o700);
    for (const name of await files.list(from)) await copyTree(files, `${from}/${name}`, `${to}/${name}`, onCopied);
    await files.chmod(to, (info.mode ?? 0o755) & 0o7777);
    await files.sync(to);
  } else throw new Error(`"${from}" is neither a file nor a folder: it cannot be copied`);
}
