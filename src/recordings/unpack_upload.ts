// Unpacks the archive of a recording's format into an empty folder: plain files and folders below it, nothing else.
import { createTarDecoder } from "modern-tar";
import { AppError } from "../errors.ts";
import { codeOf } from "./file_system.ts";
import { createEntryPlacer, type UploadedFormat } from "./upload_entry.ts";

/** More than any meeting has; each costs the file system an inode, however small it is. */
const MOST_ENTRIES = 200_000;
/** How much may be written until the free space is looked at again. */
const SPACE_EVERY_BYTES = 64 * 1024 * 1024;

/**
 * @param folder empty, and of nobody else
 * @param checkSpace throws when the disk is nearly full
 * @throws malformed_body, upload_too_large, no_space, and what `bytes` throws; what is in the folder then is of no use
 */
export async function unpackUpload(
  bytes: AsyncIterable<Uint8Array>,
  folder: string,
  what: UploadedFormat,
  checkSpace: () => Promise<void>,
): Promise<void> {
  const place = createEntryPlacer(what);
  const write = createWriter(folder, checkSpace);
  let count = 0;
  try {
    for await (const { header, body } of ReadableStream.from(bytes).pipeThrough(createTarDecoder({ strict: true }))) {
      count++;
      if (count > MOST_ENTRIES) throw new AppError("upload_too_large", `The archive has over ${MOST_ENTRIES} entries`);
      const path = place(header);
      if (header.type === "file") await write.file(path, body);
      else {
        await body.cancel();
        await write.folder(path);
      }
    }
  } catch (error) {
    throw refusalOf(error);
  }
}

function createWriter(folder: string, checkSpace: () => Promise<void>) {
  const made = new Set<string>([folder]);
  let unchecked = 0;

  async function makeFolder(path: readonly string[]): Promise<string> {
    const dir = [folder, ...path].join("/");
    if (!made.has(dir)) await Deno.mkdir(dir, { recursive: true });
    made.add(dir);
    return dir;
  }

  return {
    folder: makeFolder,
    file: async (path: readonly string[], body: ReadableStream<Uint8Array>): Promise<void> => {
      const dir = await makeFolder(path.slice(0, -1));
      using file = await Deno.open(`${dir}/${path.at(-1)}`, { write: true, createNew: true });
      for await (const chunk of body) {
        for (let written = 0; written < chunk.length;) written += await file.write(chunk.subarray(written));
        unchecked += chunk.length;
        if (unchecked < SPACE_EVERY_BYTES) continue;
        unchecked = 0;
        await checkSpace();
      }
    },
  };
}

/** What the file system refuses, and what the decoder of the archive says, in words for the client. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new AppError("no_space", "The disk of the recordings is full", { cause: error });
    case "EEXIST":
    case "ENOTDIR":
    case "EISDIR":
      return new AppError("malformed_body", "The archive has two entries of one name", { cause: error });
    case undefined:
      return new AppError("malformed_body", "The upload is no complete tar archive", { cause: error });
    default:
      return error;
  }
}
