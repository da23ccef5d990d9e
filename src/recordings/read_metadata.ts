// The metadata.xml among the files of a format: what upload and import take a recording from.
import { readBreakoutParent, readMetadataXml } from "../bbb/metadata_xml.ts";
import type { Recording } from "../bbb/recording.ts";
import { AppError } from "../errors.ts";
import { codeOf } from "./file_system.ts";
import type { UploadedFormat } from "./upload_entry.ts";

/** BBB's are a few kilobytes. */
const MOST_BYTES = 1024 * 1024;

export interface Metadata {
  readonly recording: Recording;
  /** Of a breakout room, as the node calls it; "" for others. */
  readonly parentMeetingID: string;
}

/** @throws malformed_body, also when it is not there, or about another recording or format */
export async function readMetadataFile(folder: string, { recordID, format }: UploadedFormat): Promise<Metadata> {
  const text = await readSmallFile(`${folder}/metadata.xml`);
  const recording = readMetadataXml(text);
  if (recording.recordID !== recordID) {
    throw new AppError("malformed_body", `The metadata.xml is about recording "${recording.recordID}"`);
  }
  const type = recording.formats[0]?.type ?? "";
  if (type !== format) throw new AppError("malformed_body", `The metadata.xml is about format "${type}"`);
  return { recording, parentMeetingID: readBreakoutParent(text) };
}

async function readSmallFile(path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.lstat(path);
    if (!isFile || size > MOST_BYTES) {
      throw new AppError("malformed_body", `The metadata.xml is no file of at most ${MOST_BYTES} bytes`);
    }
    return await Deno.readTextFile(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new AppError("malformed_body", "There is no metadata.xml", { cause: error });
  }
}
