// The spelling of `recordings.state`: 1.x reads and writes the same documents, so names, nulls and types are fixed. What
// we do not know of stays in the row.
import { NO_RECORDING, type PreviewImage, type Recording, type RecordingFormat } from "../bbb/recording.ts";
import {
  encodeFields,
  isCount,
  isRecord,
  type Json,
  type JsonObject,
  member,
  readFields,
  recordOf,
  storableText,
  textValues,
} from "./stored_fields.ts";

/** Property → key of the document, in the document's order. */
const RECORDING_KEYS = {
  recordID: "RecordID",
  meetingID: "MeetingID",
  internalMeetingID: "InternalMeetingID",
  name: "Name",
  isBreakout: "IsBreakout",
  published: "Published",
  state: "State",
  startTime: "StartTime",
  endTime: "EndTime",
  participants: "Participants",
} as const;
const FORMAT_KEYS = { type: "Type", url: "URL", processingTimeMs: "ProcessingTime", length: "Length" } as const;
const IMAGE_KEYS = { alt: "Alt", height: "Height", width: "Width", url: "URL" } as const;

const NO_FORMAT: RecordingFormat = {
  type: "",
  url: "",
  processingTimeMs: 0,
  length: 0,
  sizeBytes: null,
  preview: null,
};
const NO_IMAGE: PreviewImage = { url: "", alt: "", height: 0, width: 0 };

/** An artefact of 1.x, which writes it into each object. */
const XML_NAME = { XMLName: { Space: "", Local: "" } };

/** The members of 1.x, as REST shows them. */
export function encodeRecordingDocument(recording: Recording): JsonObject {
  return {
    ...XML_NAME,
    ...encodeFields(recording, RECORDING_KEYS),
    Metadata: Object.fromEntries(Object.entries(recording.metadata).map((entry) => entry.map(storableText))),
    Formats: recording.formats.map(encodeFormat),
  };
}

/**
 * What goes into the column: the members of 1.x, sizes as members of ours, and what the document at hand has beyond them.
 * @param stored the document that is replaced
 */
export function encodeStoredRecording(recording: Recording, stored: unknown = {}): JsonObject {
  const from = recordOf(stored);
  const formats = listOf(member(from, "Formats"));
  return {
    ...overlay(from, encodeRecordingDocument(recording)),
    ...(recording.rawSizeBytes === null ? {} : { RawSize: recording.rawSizeBytes }),
    Formats: recording.formats.map((format) => {
      const other = formats.find((candidate) => member(candidate, "Type") === format.type) ?? {};
      return {
        ...overlay(other, encodeFormat(format)),
        ...(format.sizeBytes === null ? {} : { Size: format.sizeBytes }),
        Preview: encodeStoredPreview(format.preview, recordOf(member(other, "Preview"))),
      };
    }),
  };
}

const encodeFormat = (format: RecordingFormat): JsonObject => ({
  ...XML_NAME,
  ...encodeFields(format, FORMAT_KEYS),
  Preview: encodeStoredPreview(format.preview, {}),
});

function encodeStoredPreview(preview: RecordingFormat["preview"], from: Record<string, unknown>): Json {
  if (preview === null) return null;
  const images = recordOf(member(from, "Images"));
  const all = listOf(member(images, "All"));
  const encodeImage = (image: PreviewImage) => {
    const other = all.find((candidate) => member(candidate, "URL") === image.url) ?? {};
    return overlay(other, { ...XML_NAME, ...encodeFields(image, IMAGE_KEYS) });
  };
  const Images = overlay(images, { ...XML_NAME, All: preview.map(encodeImage) });
  return overlay(from, { ...XML_NAME, Images });
}

/** Members of another case are ours as well. */
function overlay(from: Record<string, unknown>, ours: JsonObject): JsonObject {
  const names = new Set(Object.keys(ours).map((name) => name.toLowerCase()));
  const others = Object.entries(from as JsonObject).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(others), ...ours };
}

/** Missing, null and wrongly typed members read as zero; keys of another case count when the exact one is missing. */
export function readStoredRecording(document: unknown): Recording {
  const from = recordOf(document);
  return {
    ...readFields(from, RECORDING_KEYS, NO_RECORDING),
    rawSizeBytes: readSize(from, "RawSize"),
    metadata: textValues(recordOf(member(from, "Metadata"))),
    formats: listOf(member(from, "Formats")).map((format) => ({
      ...readFields(format, FORMAT_KEYS, NO_FORMAT),
      sizeBytes: readSize(format, "Size"),
      preview: readPreview(member(format, "Preview")),
    })),
  };
}

const readPreview = (preview: unknown): PreviewImage[] | null =>
  isRecord(preview)
    ? listOf(member(recordOf(member(preview, "Images")), "All")).map((image) => readFields(image, IMAGE_KEYS, NO_IMAGE))
    : null;

function readSize(from: Record<string, unknown>, key: string): number | null {
  const size = member(from, key);
  return isCount(size) ? size : null;
}

const listOf = (value: unknown): Record<string, unknown>[] => Array.isArray(value) ? value.filter(isRecord) : [];
