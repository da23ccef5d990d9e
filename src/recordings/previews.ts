// Preview images of a recording: the thumbnails of its slides, found among the files of its presentation format.
import type { PreviewImage } from "../bbb/recording.ts";
import type { FileSystem } from "./file_system.ts";
import { recordingDir } from "./paths.ts";

/** A lecture with more slides is found by the first of them as well; all stand in its row and in each answer. */
const MOST_PREVIEWS = 1000;

/**
 * @param roots folders that hold `<format>/<record id>`; the first that has thumbnails counts
 * @returns in the order of their names, with URLs relative to the playback host
 */
export async function findPreviews(
  files: Pick<FileSystem, "list" | "lstat">,
  roots: readonly string[],
  recordID: string,
): Promise<PreviewImage[]> {
  for (const root of roots) {
    const found = await findThumbnails(files, `${recordingDir(root, "presentation", recordID)}/presentation`);
    if (found.length > 0) {
      return found.slice(0, MOST_PREVIEWS).map((path, index) => ({
        url: `presentation/${recordID}/presentation/${path}`,
        alt: `Thumbnail ${String(index + 1).padStart(2, "0")}`,
        height: 0,
        width: 0,
      }));
    }
  }
  return [];
}

/** `<presentation>/thumbnails/<file>.png`, sorted; nothing behind a symbolic link. */
async function findThumbnails({ list, lstat }: Pick<FileSystem, "list" | "lstat">, folder: string): Promise<string[]> {
  const namesIn = async (path: string) => (await lstat(path))?.isDirectory ? (await list(path)).sort() : [];
  const found: string[] = [];
  for (const presentation of await namesIn(folder)) {
    const thumbnails = await namesIn(`${folder}/${presentation}/thumbnails`);
    const images = thumbnails.filter((name) => name.endsWith(".png") && !name.startsWith("."));
    found.push(...images.map((name) => `${presentation}/thumbnails/${name}`));
  }
  return found;
}
