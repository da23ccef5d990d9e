// Where the files of recordings are: `<root>/<format>/<record id>`. Pure; used by everything that touches these files.
import type { RecordingsConfig } from "../config.ts";
import { AppError } from "../errors.ts";

export type RecordingRoots = Pick<
  RecordingsConfig,
  "publishedPath" | "unpublishedPath" | "inboxPath" | "trashDays"
>;

/** Leaves room in a file name of 255 bytes for what is put before and behind it. */
const MOST_NAME = 200;

/** What may become the name of a folder: it cannot lead anywhere else, and is never hidden. */
export const isSafeName = (name: string): boolean => /^[A-Za-z0-9_-]+$/.test(name) && name.length <= MOST_NAME;

/** @throws invalid_parameter for a name that could lead elsewhere */
export function recordingDir(root: string, format: string, recordID: string): string {
  for (const name of [format, recordID]) {
    if (!isSafeName(name)) throw new AppError("invalid_parameter", `"${name}" cannot be the name of a folder`);
  }
  return `${root}/${format}/${recordID}`;
}

/** Deleted recordings, as `<format>/<record id>.<time of deletion>`. Beside the unpublished ones, so never served. */
export const trashRoot = ({ unpublishedPath }: Pick<RecordingRoots, "unpublishedPath">): string =>
  `${unpublishedPath}/.trash`;

/** The second one with the same time gets a number: both are kept. */
export function trashName(recordID: string, deletedAt: Date, number = 1): string {
  const time = deletedAt.toISOString().replace(/[-:]/g, ""); // 20261121T133100.123Z
  return `${recordID}.${time}${number === 1 ? "" : `.${number}`}`;
}

/** When what has this name in the trash was deleted; undefined for what we did not put there. */
export function readTrashName(name: string): Date | undefined {
  const parts = /^[A-Za-z0-9_-]+\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z(?:\.\d+)?$/.exec(name);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1);
  const deletedAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(deletedAt.getTime()) ? undefined : deletedAt;
}

/**
 * What a move has beside the folders of a format, hidden from whoever serves them: a copy that is not complete yet, or
 * an original whose copy is in place. Both may be deleted at any time by whoever moves this recording.
 */
export const scrapName = (recordID: string): string => `.b3scale-${recordID}.scrap`;

/** A complete original while its copy is put into place. */
export const originalName = (recordID: string): string => `.b3scale-${recordID}.original`;
