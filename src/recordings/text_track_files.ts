// Captions beside the presentation of a recording, where the player looks for them. Called by the text track resources.
import { type FileSystem, realFileSystem } from "./file_system.ts";
import { isFolder } from "./folders.ts";
import { isSafeName, recordingDir, type RecordingRoots } from "./paths.ts";

export interface TextTrackFile {
  readonly recordID: string;
  /** As in its language tag: letters, digits and "-". */
  readonly lang: string;
  /** What the player's menu shows. */
  readonly label: string;
  /** WebVTT */
  readonly text: string;
}

const FORMAT = "presentation";
const MOST_LIST_BYTES = 1024 * 1024;

/**
 * Replaces the track of the same language. The caller holds the recording's row, so that of two tracks neither is lost.
 * @returns false when there are no files of a presentation
 * @throws Error of the file system, or for a language that cannot be part of a file's name
 */
export async function writeTextTrack(
  { roots, files = realFileSystem }: { roots: RecordingRoots; files?: FileSystem },
  { recordID, lang, label, text }: TextTrackFile,
): Promise<boolean> {
  if (!isSafeName(lang)) throw new Error(`"${lang}" cannot be part of a file's name`);
  for (const root of [roots.publishedPath, roots.unpublishedPath, roots.inboxPath]) {
    const folder = recordingDir(root, FORMAT, recordID);
    if (!await isFolder(files, `${root}/${FORMAT}`) || !await isFolder(files, folder)) continue;
    const tracks = await readList(files, `${folder}/captions.json`);
    const others = tracks.filter((track) => localeOf(track) !== lang);
    await replaceFile(files, folder, `caption_${lang}.vtt`, text);
    const list = JSON.stringify([...others, { locale: lang, localeName: label }]);
    await replaceFile(files, folder, "captions.json", list);
    return true;
  }
  return false;
}

/** A list that cannot be read is begun anew: the player could not read it either. */
async function readList(files: FileSystem, path: string): Promise<unknown[]> {
  const info = await files.lstat(path);
  if (info === undefined || !info.isFile || info.size > MOST_LIST_BYTES) return [];
  try {
    const list: unknown = JSON.parse(await files.readText(path));
    return Array.isArray(list) ? list : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

const localeOf = (track: unknown): unknown =>
  typeof track === "object" && track !== null && "locale" in track ? track.locale : undefined;

/** Who reads it meanwhile sees the old one or the new one. */
async function replaceFile(files: FileSystem, folder: string, name: string, text: string): Promise<void> {
  const temporary = `${folder}/.b3scale-${name}`;
  await files.remove(temporary);
  await files.writeFile(temporary, new TextEncoder().encode(text));
  await files.rename(temporary, `${folder}/${name}`);
  await files.sync(folder);
}
