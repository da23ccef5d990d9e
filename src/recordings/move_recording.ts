// All files of one recording to where it belongs: every format found in any root. Used by move_files.ts.
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { FileSystem } from "./file_system.ts";
import { ensureFolder, isFolder, linkError } from "./folders.ts";
import { moveFolder, settleFormat } from "./move_folder.ts";
import { isSafeName, recordingDir, type RecordingRoots, trashRoot } from "./paths.ts";
import { discardFolder } from "./trash.ts";

export interface RecordingMover {
  readonly files: FileSystem;
  readonly roots: RecordingRoots;
  readonly log: Pick<Logger, "warn">;
  /** False when another process has taken over. */
  readonly renew: () => Promise<boolean>;
}

export interface Destination {
  readonly recordID: string;
  readonly target: "published" | "unpublished" | "trash";
  readonly wishedAt: Date;
}

/** Another process took the recording over, because this one seemed dead. */
export class ClaimLost extends Error {
  override name = "ClaimLost";
}

/** The claim is renewed whenever so much was copied: seconds, even on a slow network. */
const RENEW_BYTES = 16 * 1024 * 1024;

/**
 * A format that is at its destination already keeps what it has there; what is in another root stays as well.
 * @throws Error that says why some format could not be moved (all others were) · ClaimLost
 */
export async function moveRecording(mover: RecordingMover, destination: Destination): Promise<void> {
  const places = await findPlaces(mover);
  const onCopied = renewing(mover.renew);
  const problems: string[] = [];
  for (const format of await findFormats(mover.files, [...places.sources, places.trash])) {
    await onCopied(Infinity); // a claim that is lost must not cost a whole copy
    try {
      await moveFormat(mover, places, { ...destination, format, onCopied });
    } catch (error) {
      if (error instanceof ClaimLost) throw error;
      const reason = errorText(error);
      mover.log.warn("a format of a recording could not be moved", {
        record_id: destination.recordID,
        format,
        target: destination.target,
        error: reason,
      });
      problems.push(`${format}: ${reason}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
}

/** Folders, each once, however often and under whatever name it is configured. */
interface Places {
  readonly published: string;
  readonly unpublished: string;
  readonly sources: readonly string[];
  readonly trash: string;
}

/** @throws Error when a root is not there: that its recordings are gone must not be concluded from that */
async function findPlaces({ files, roots }: RecordingMover): Promise<Places> {
  const { publishedPath, unpublishedPath, inboxPath } = roots;
  const byID = new Map<string, string>();
  const place = async (folder: string) => {
    const id = await files.folderID(folder);
    const known = byID.get(id);
    if (known === undefined) byID.set(id, folder);
    return known ?? folder;
  };
  const [published, unpublished] = [await place(publishedPath), await place(unpublishedPath)];
  await place(inboxPath);
  const trash = trashRoot(roots);
  await isFolder(files, trash);
  return { published, unpublished, sources: [...byID.values()], trash };
}

async function findFormats(files: FileSystem, folders: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(folders.map(async (folder) => {
    return await files.lstat(folder) === undefined ? [] : await files.list(folder);
  }));
  return [...new Set(lists.flat().filter(isSafeName))].sort();
}

interface FormatMove extends Destination {
  readonly format: string;
  readonly onCopied: (bytes: number) => Promise<void>;
}

async function moveFormat(mover: RecordingMover, places: Places, move: FormatMove): Promise<void> {
  const { files } = mover;
  const { recordID, format, target, wishedAt: at, onCopied } = move;
  const dirs: string[] = [];
  for (const place of [...places.sources, places.trash]) {
    if (await isOwnFolder(files, place, format, recordID)) dirs.push(`${place}/${format}`);
  }
  await settleFormat(files, dirs, recordID);
  for (const source of places.sources) {
    const from = recordingDir(source, format, recordID);
    if (!dirs.includes(`${source}/${format}`) || !await isFolder(files, from)) continue;
    if (target === "trash") await discardFolder(mover, { recordID, format, from, at, onCopied });
    else if (source !== places[target]) await moveToRoot(mover, places[target], from, move);
  }
}

async function moveToRoot(
  { files, log }: RecordingMover,
  root: string,
  from: string,
  { recordID, format, onCopied }: FormatMove,
): Promise<void> {
  const to = recordingDir(root, format, recordID);
  await ensureFolder(files, `${root}/${format}`, 0o755);
  if (await files.lstat(to) === undefined) return await moveFolder(files, { recordID, from, to, onCopied });
  log.warn("a format of a recording is not moved: its destination is taken", {
    record_id: recordID,
    format,
    src: from,
    dst: to,
    hint: "delete the one that is not wanted",
  });
}

/**
 * Whether the folder of the format is there.
 * @throws Error when it is a link with this recording behind it: links could lead anywhere, and are not followed
 */
async function isOwnFolder(files: FileSystem, place: string, format: string, recordID: string): Promise<boolean> {
  const folder = `${place}/${format}`;
  const info = await files.lstat(folder);
  if (info?.isSymlink && await files.lstat(`${folder}/${recordID}`) !== undefined) throw linkError(folder);
  return info?.isDirectory === true;
}

/** Says from time to time that this process is still at work; throws ClaimLost when another one is. */
export function renewing(renew: () => Promise<boolean>): (bytes: number) => Promise<void> {
  let copied = 0;
  return async (bytes) => {
    copied += bytes;
    if (copied < RENEW_BYTES) return;
    copied = 0;
    if (!await renew()) throw new ClaimLost();
  };
}
