// What becomes of a metadata.xml: the recording to be stored, from what it says, what is stored, and what its frontend
// has set. Pure; store/import_recording.ts finds the facts and writes the outcome.
import { isVisibility, type PreviewImage, type Recording, withPublished, withVisibility } from "../bbb/recording.ts";
import { MAX_CLUSTER_MEETING_ID, readMeetingID } from "../contract/meeting_id.ts";
import { AppError } from "../errors.ts";
import { isSafeName } from "./paths.ts";

export interface Overrides {
  /** The frontend's key, whatever the metadata says. */
  readonly frontendKey?: string;
  readonly meetingID?: string;
}

/** Everything about a recording to be imported that no database knows. */
export interface ImportPlan {
  readonly recordID: string;
  readonly meetingID: string;
  readonly overrideKey: string | undefined;
  /** Whose it is if no mapping knows its meeting: keys of frontends, the better one first. */
  readonly ownerKeys: readonly string[];
  /** Of a breakout room, as the node or the cluster calls it; "" for others. */
  readonly parentMeetingID: string;
  /** @param meetingID the cluster's id of the meeting */
  merge(stored: Recording | undefined, facts: { meetingID: string; visibility: string | null }): Recording;
}

/** @throws malformed_body for names that no folder can have */
export function checkNames({ recordID, formats }: Recording): void {
  for (const name of [recordID, ...formats.map(({ type }) => type)]) {
    if (!isSafeName(name)) throw new AppError("malformed_body", `"${name}" cannot be the name of a folder`);
  }
}

/** @param recording as its metadata.xml says, with the one format that it is about */
export function planImport(
  recording: Recording,
  { parentMeetingID, previews, overrides = {} }: {
    readonly parentMeetingID: string;
    readonly previews: readonly PreviewImage[];
    readonly overrides?: Overrides;
  },
): ImportPlan {
  const meetingID = overrides.meetingID ?? recording.meetingID;
  const { recordID, metadata } = recording;
  const keyIn = (id: string) => readMeetingID(id)?.frontendKey ?? "";
  const ownerKeys = [metadata["b3s-frontend"] ?? "", keyIn(meetingID), keyIn(parentMeetingID)];
  return {
    recordID,
    meetingID,
    overrideKey: overrides.frontendKey,
    ownerKeys: ownerKeys.filter((key) => key !== ""),
    parentMeetingID,
    merge: (stored, facts) => mergeRecording(withPreviews(recording, previews), stored, facts),
  };
}

const withPreviews = (recording: Recording, preview: readonly PreviewImage[]): Recording => ({
  ...recording,
  formats: recording.formats.map((format) => ({ ...format, preview })),
});

/** What was chosen since the first import stays: the new document brings its format, and numbers that may be better. */
function mergeRecording(
  imported: Recording,
  stored: Recording | undefined,
  { meetingID, visibility }: { meetingID: string; visibility: string | null },
): Recording {
  if (stored === undefined) {
    const internalMeetingID = imported.internalMeetingID.slice(0, MAX_CLUSTER_MEETING_ID);
    const recording = withPublished({ ...imported, meetingID, internalMeetingID }, imported.published);
    return visibility !== null && isVisibility(visibility) ? withVisibility(recording, visibility) : recording;
  }
  const types = new Set(imported.formats.map(({ type }) => type));
  return {
    ...stored,
    startTime: imported.startTime || stored.startTime,
    endTime: imported.endTime || stored.endTime,
    participants: stored.participants || imported.participants,
    rawSizeBytes: imported.rawSizeBytes ?? stored.rawSizeBytes,
    formats: [...imported.formats, ...stored.formats.filter(({ type }) => !types.has(type))],
  };
}
