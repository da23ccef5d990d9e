// Recordings that a test works on, in memory and as rows.
import fc from "fast-check";
import { NO_RECORDING, type Recording, type RecordingFormat } from "../../src/bbb/recording.ts";
import type { Db } from "../../src/deps.ts";
import { encodeStoredRecording } from "../../src/store/stored_recording.ts";
import { clusterID } from "./make.ts";

/** Published, of meeting `m1` of frontend `fe1`, with one format. */
export function makeRecording(fields: Partial<Recording> = {}): Recording {
  const { recordID = "aaa1-1700000000001", meetingID = clusterID("m1") } = fields;
  return {
    ...NO_RECORDING,
    recordID,
    meetingID,
    internalMeetingID: `DEPRECATED:${meetingID}`,
    name: "Room",
    published: true,
    state: "published",
    startTime: 1_700_000_000_000,
    endTime: 1_700_000_600_000,
    participants: 3,
    metadata: { meetingId: meetingID, meetingName: "Room", isBreakout: "false" },
    formats: [{
      type: "presentation",
      url: `https://node1.example.com/playback/presentation/2.3/${recordID}`,
      processingTimeMs: 7177,
      length: 12,
      sizeBytes: null,
      preview: null,
    }],
    ...fields,
  };
}

/** A row with this document, or with that of the recording. @returns its record id */
export async function insertRecording(
  db: Db,
  frontendID: string,
  fields: Partial<Recording> & { readonly document?: unknown } = {},
): Promise<string> {
  const { document, ...rest } = fields;
  const recording = makeRecording(rest);
  const { recordID, meetingID, internalMeetingID } = recording;
  const state = db.json((document ?? encodeStoredRecording(recording)) as never);
  await db`
    insert into recordings (record_id, frontend_id, meeting_id, internal_meeting_id, state)
    values (${recordID}, ${frontendID}, ${meetingID}, ${internalMeetingID}, ${state})`;
  return recordID;
}

const text = fc.string({ unit: "binary", maxLength: 20 });
const count = fc.nat();
const size = fc.option(count, { nil: null });

const anyFormat: fc.Arbitrary<RecordingFormat> = fc.record({
  type: text,
  url: text,
  processingTimeMs: count,
  length: count,
  sizeBytes: size,
  preview: fc.option(fc.array(fc.record({ url: text, alt: text, height: count, width: count }), { maxLength: 3 }), {
    nil: null,
  }),
});

/** Texts may have any character; formats differ in their type. */
export const anyRecording: fc.Arbitrary<Recording> = fc.record({
  recordID: text,
  meetingID: text,
  internalMeetingID: text,
  name: text,
  isBreakout: fc.boolean(),
  published: fc.boolean(),
  state: text,
  startTime: count,
  endTime: count,
  participants: count,
  rawSizeBytes: size,
  metadata: fc.dictionary(fc.oneof(text, fc.constantFrom("protect", "a-b", "meetingId")), text, { maxKeys: 5 }),
  formats: fc.uniqueArray(anyFormat, { maxLength: 3, selector: ({ type }) => type }),
});
