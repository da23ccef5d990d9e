// Recordings in REST. The `recording` document is spelled as it is stored (control-plane contract §4.4).
import * as v from "valibot";
import { endpoint, Text, TimeJson } from "./endpoint.ts";
import { VISIBILITIES } from "./frontend.ts";

const count = v.pipe(v.number(), v.integer());

const ImageDocument = v.object({ Alt: v.string(), Height: count, Width: count, URL: v.string() });

const FormatDocument = v.object({
  Type: v.string(),
  URL: v.string(),
  ProcessingTime: v.pipe(count, v.description("milliseconds")),
  Length: v.pipe(count, v.description("whole minutes")),
  Preview: v.nullable(v.object({ Images: v.nullable(v.object({ All: v.nullable(v.array(ImageDocument)) })) })),
});

export const RecordingDocument = v.object({
  RecordID: v.string(),
  MeetingID: v.string(),
  InternalMeetingID: v.string(),
  Name: v.string(),
  IsBreakout: v.boolean(),
  Published: v.boolean(),
  State: v.string(),
  StartTime: count,
  EndTime: count,
  Participants: count,
  Metadata: v.nullable(v.record(v.string(), v.string())),
  Formats: v.nullable(v.array(FormatDocument)),
});

export const RecordingJson = v.object({
  record_id: v.string(),
  recording: RecordingDocument,
  meeting_id: v.string(),
  internal_meeting_id: v.string(),
  frontend_id: v.string(),
  created_at: TimeJson,
  updated_at: TimeJson,
  synced_at: TimeJson,
});
export type RecordingJson = v.InferOutput<typeof RecordingJson>;

export const VisibilityInput = v.object({
  record_id: v.pipe(Text, v.nonEmpty("this field is required")),
  visibility: v.picklist(VISIBILITIES),
});
export type VisibilityInput = v.InferOutput<typeof VisibilityInput>;

export const recordingEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/recordings",
    summary: "List the recordings of a frontend by its id or key, newest first",
    scopes: ["b3scale:admin"],
    query: v.object({ frontend_id: v.optional(Text), frontend_key: v.optional(Text) }),
    response: v.array(RecordingJson),
    errors: [400, 404],
  }),
  show: endpoint({
    method: "GET",
    path: "/v1/recordings/:id",
    summary: "Show a recording",
    scopes: ["b3scale:admin"],
    response: RecordingJson,
    errors: [404],
  }),
  setVisibility: endpoint({
    method: "POST",
    path: "/v1/recordings-visibility",
    summary: "Say who may see a recording",
    scopes: ["b3scale:admin"],
    body: VisibilityInput,
    response: RecordingJson,
    errors: [400, 404, 413, 415, 501],
  }),
};
