// What b3scaled says about recordings when it starts: the settings, and whether it can write where they point.
import type { Config } from "../config.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";
import { codeOf, type FileSystem, realFileSystem } from "./file_system.ts";

/** 1.x's name: operators know what it is when it stays behind. */
const PROBE = ".rwtest.b3scale";

/** Only says what it finds: whoever serves without recordings' files has its reasons. */
export async function reportRecordings(
  { config, log, files = realFileSystem }: { config: Config; log: Logger; files?: FileSystem },
): Promise<void> {
  const { recordings, playbackHost } = config;
  log.info("recordings settings", {
    recordings_enabled: recordings !== null,
    inbox_path: recordings?.inboxPath,
    published_path: recordings?.publishedPath,
    unpublished_path: recordings?.unpublishedPath,
    trash_days: recordings?.trashDays,
    playback_host: playbackHost || undefined,
  });
  if (recordings === null) {
    return log.warn("recordings are off", {
      hint: "set B3SCALE_RECORDINGS_PUBLISHED_PATH and B3SCALE_RECORDINGS_UNPUBLISHED_PATH to have them",
    });
  }
  if (playbackHost === "") {
    log.warn("no playback host: recordings are played from the nodes, and protected ones cannot be opened", {
      hint: "set B3SCALE_RECORDINGS_PLAYBACK_HOST",
    });
  }
  const folders = {
    inbox: recordings.inboxPath,
    published: recordings.publishedPath,
    unpublished: recordings.unpublishedPath,
  };
  const checked = new Set<string>();
  for (const [name, path] of Object.entries(folders)) {
    if (checked.has(path)) continue;
    checked.add(path);
    try {
      await probe(files, path);
    } catch (error) {
      log.error("recordings storage error", {
        folder: name,
        path,
        error: errorText(error),
        hint:
          "b3scaled must be able to create and delete files in this folder: mount it, or correct its owner or the setting",
      });
    }
  }
}

async function probe(files: FileSystem, folder: string): Promise<void> {
  const path = `${folder}/${PROBE}`;
  await files.remove(path); // of a process that died just here
  try {
    await files.writeFile(path, new Uint8Array());
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error; // another process that starts has just written it
  }
  await files.remove(path);
}
