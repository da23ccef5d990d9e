// A recording as BBB describes it: what visibility and updates make of it, and the XML we answer (gateway contract §6.10).
import { metadataXml, serializeXml, textElement, wrapElement } from "./xml.ts";

export interface PreviewImage {
  readonly url: string;
  readonly alt: string;
  /** Pixels; 0 = unknown. */
  readonly height: number;
  readonly width: number;
}

export interface RecordingFormat {
  readonly type: string;
  readonly url: string;
  readonly processingTimeMs: number;
  /** Whole minutes, as BBB says it. */
  readonly length: number;
  /** null where nobody said it */
  readonly sizeBytes: number | null;
  /** null where the format has none */
  readonly preview: readonly PreviewImage[] | null;
}

/** Times in ms since 1970. */
export interface Recording {
  readonly recordID: string;
  /** As it is stored: the cluster's id of the meeting. */
  readonly meetingID: string;
  readonly internalMeetingID: string;
  readonly name: string;
  readonly isBreakout: boolean;
  readonly published: boolean;
  /** published, unpublished; nodes also say processing, processed, deleted */
  readonly state: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly participants: number;
  /** null where nobody said it */
  readonly rawSizeBytes: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly formats: readonly RecordingFormat[];
}

export const NO_RECORDING: Recording = {
  recordID: "",
  meetingID: "",
  internalMeetingID: "",
  name: "",
  isBreakout: false,
  published: false,
  state: "",
  startTime: 0,
  endTime: 0,
  participants: 0,
  rawSizeBytes: null,
  metadata: {},
  formats: [],
};

/** Who may see a recording: gateway contract §10.2. */
const VISIBILITY = {
  unpublished: { published: false, listed: false, protect: false },
  published: { published: true, listed: false, protect: false },
  protected: { published: true, listed: false, protect: true },
  public: { published: true, listed: true, protect: false },
  public_protected: { published: true, listed: true, protect: true },
} as const;
export type Visibility = keyof typeof VISIBILITY;

export const isVisibility = (text: string): text is Visibility => Object.hasOwn(VISIBILITY, text);

export function withVisibility(recording: Recording, visibility: Visibility): Recording {
  const { published, listed, protect } = VISIBILITY[visibility];
  const changed = withMetadata(withPublished(recording, published), "gl-listed", String(listed));
  return withMetadata(changed, "protect", String(protect));
}

export const withPublished = (recording: Recording, published: boolean): Recording => ({
  ...recording,
  published,
  state: published ? "published" : "unpublished",
});

/** BBB's own; it lowers all others. */
const MIXED_NAMES: readonly string[] = ["meetingId", "meetingName", "isBreakout"];

/** Whatever the case of the name, as for BBB: afterwards there is one entry, spelled as BBB does. An empty text removes it. */
export function withMetadata(recording: Recording, name: string, text: string): Recording {
  const lower = name.toLowerCase();
  const others = Object.entries(recording.metadata).filter(([key]) => key.toLowerCase() !== lower);
  const key = MIXED_NAMES.find((mixed) => mixed.toLowerCase() === lower) ?? lower;
  return { ...recording, metadata: Object.fromEntries(text === "" ? others : [...others, [key, text]]) };
}

/** Only with a link that ends may it be played. */
export const isProtected = ({ metadata }: Pick<Recording, "metadata">): boolean => metadata["protect"] === "true";

/**
 * `<recording>` in 1.x's order, texts as they stand.
 * @param shown `protected`: whether clients are to know that the recording could be protected
 */
export function recordingXml(recording: Recording, shown: { readonly protected: boolean }): string {
  return wrapElement(
    "recording",
    textElement("recordID", recording.recordID) +
      textElement("meetingID", recording.meetingID) +
      textElement("internalMeetingID", recording.internalMeetingID) +
      textElement("name", recording.name) +
      textElement("isBreakout", recording.isBreakout) +
      textElement("published", recording.published) +
      (shown.protected ? textElement("protected", isProtected(recording)) : "") +
      textElement("state", recording.state) +
      textElement("startTime", recording.startTime) +
      textElement("endTime", recording.endTime) +
      textElement("participants", recording.participants) +
      (recording.rawSizeBytes === null ? "" : textElement("rawSize", recording.rawSizeBytes)) +
      metadataXml(recording.metadata) +
      wrapElement("playback", recording.formats.map(formatXml).join("")),
  );
}

const formatXml = (format: RecordingFormat): string =>
  wrapElement(
    "format",
    textElement("type", format.type) +
      textElement("url", format.url) +
      textElement("processingTime", format.processingTimeMs) +
      textElement("length", format.length) +
      (format.sizeBytes === null ? "" : textElement("size", format.sizeBytes)) +
      (format.preview === null ? "" : previewXml(format.preview)),
  );

const previewXml = (images: readonly PreviewImage[]): string =>
  wrapElement("preview", wrapElement("images", images.map(imageXml).join("")));

/** What nobody knows is left out. */
function imageXml({ url, alt, height, width }: PreviewImage): string {
  const attributes = [["alt", alt], ["height", String(height || "")], ["width", String(width || "")]] as const;
  return serializeXml({ name: "image", attributes: attributes.filter(([, value]) => value !== ""), children: [url] });
}
