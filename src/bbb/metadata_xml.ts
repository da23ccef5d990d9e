// The metadata.xml that BBB writes beside each format of a recording (bbb-api §7) → Recording. The import reads it.
import { AppError } from "../errors.ts";
import type { Recording, RecordingFormat } from "./recording.ts";
import { childElements, childText, findChild, parseXml, textOf, type XmlElement, XmlError } from "./xml.ts";

/**
 * One format, without preview images, which lie beside it. The meeting's id is the node's; names that the elements do not
 * say come from `<meeting>`, which the video format lacks.
 * @throws malformed_body with a text for whoever sent it
 */
export function readMetadataXml(text: string): Recording {
  if (text.trim() === "") throw malformed("the request must contain content of a metadata.xml");
  const root = parse(text);
  if (root.name !== "recording") throw malformed("the root element should be <recording>");
  const recordID = readText(root, "id");
  if (recordID === "") throw malformed("<recording> has no <id>");
  const playback = findChild(root, "playback");
  if (playback === undefined) throw malformed("<recording> has no <playback>");
  const metadata = readMetadata(findChild(root, "meta"));
  const meeting = attributesOf(findChild(root, "meeting"));
  const meetingID = metadata["meetingId"]?.trim() || meeting.get("externalId") || "";
  if (meetingID === "") throw malformed("neither <meta> nor <meeting> says the meeting's id");
  return {
    recordID,
    meetingID,
    internalMeetingID: `DEPRECATED:${meetingID}`, // as 1.x stores it; clients never see it
    name: metadata["meetingName"] || meeting.get("name") || "",
    isBreakout: (metadata["isBreakout"] || meeting.get("breakout")) === "true",
    published: readText(root, "published") === "true",
    state: readText(root, "state"),
    startTime: readCount(root, "start_time") ?? 0,
    endTime: readCount(root, "end_time") ?? 0,
    participants: readCount(root, "participants") ?? 0,
    rawSizeBytes: readCount(root, "raw_size"),
    metadata,
    formats: [readFormat(playback)],
  };
}

/**
 * The meeting that a breakout room belonged to, as its node calls it; "" for others.
 * @throws malformed_body as above
 */
export const readBreakoutParent = (text: string): string =>
  attributesOf(findChild(parse(text), "breakout")).get("parentMeetingId") ?? "";

function readFormat(playback: XmlElement): RecordingFormat {
  const type = readText(playback, "format");
  if (type === "") throw malformed("<playback> has no <format>");
  return {
    type,
    url: readText(playback, "link"),
    processingTimeMs: readCount(playback, "processing_time") ?? 0,
    length: Math.floor((readCount(playback, "duration") ?? 0) / 60_000),
    sizeBytes: readCount(playback, "size"),
    preview: null,
  };
}

function parse(text: string): XmlElement {
  try {
    return parseXml(text);
  } catch (cause) {
    if (cause instanceof XmlError) throw malformed(`the metadata.xml cannot be read: ${cause.message}`, cause);
    throw cause;
  }
}

const malformed = (message: string, cause?: unknown): AppError => new AppError("malformed_body", message, { cause });

const readText = (from: XmlElement, name: string): string => childText(from, name).trim();

/** Some scripts write a fraction. @returns null for what is no number */
function readCount(from: XmlElement, name: string): number | null {
  const [, digits] = /^(\d{1,15})(?:\.\d*)?$/.exec(readText(from, name)) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** Line ends around a text are the writer's; elements inside a value are none of it. */
const readMetadata = (meta: XmlElement | undefined): Record<string, string> =>
  Object.fromEntries(
    (meta === undefined ? [] : childElements(meta)).map((child) => [child.name, textOf(child).trim()]),
  );

const attributesOf = (element: XmlElement | undefined): ReadonlyMap<string, string> =>
  new Map((element?.attributes ?? []).map(([name, value]) => [name, value.trim()]));
