// Recordings in REST. The `recording` document is spelled as it is stored (control-plane contract §4.4).
import * as v from "valibot";
import { endpoint, Text, TimeJson } from "./endpoint.ts";

const count = v.pipe(v.number(), v.integer());

/** 1.x writes it into each object, and says nothing with it. */
const XMLName = v.optional(v.object({ Space: v.string(), Local: v.string() }));

const ImageDocument = v.object({ XMLName, Alt: v.string(), Height: count, Width: count, URL: v.string() });
const ImagesDocument = v.object({ XMLName, All: v.nullable(v.array(ImageDocument)) });

const FormatDocument = v.object({
  XMLName,
  Type: v.string(),
  URL: v.string(),
  ProcessingTime: v.pipe(count, v.description("milliseconds")),
  Length: v.pipe(count, v.description("whole minutes")),
  Preview: v.nullable(v.object({ XMLName, Images: v.nullable(ImagesDocument) })),
});

export const RecordingDocument = v.object({
  XMLName,
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

/** Both are required: what is wrong with them is answered in words of ours. */
export const VisibilityInput = v.object({ record_id: v.nullish(Text), visibility: v.nullish(Text) });
export type VisibilityInput = v.InferOutput<typeof VisibilityInput>;

/** Of the answer; the next deletion comes within the hour. */
export const MOST_EXPIRING = 1000;

export const ExpiringRecordingJson = v.object({
  record_id: v.string(),
  frontend_key: v.string(),
  retention_days: v.pipe(count, v.description("how long its frontend keeps recordings")),
  ended_at: TimeJson,
});
export type ExpiringRecordingJson = v.InferOutput<typeof ExpiringRecordingJson>;

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
  expiring: endpoint({
    method: "GET",
    path: "/v1/recordings-expiring",
    summary: `List recordings that are about to be deleted for their age, the oldest ${MOST_EXPIRING} first`,
    scopes: ["b3scale:admin"],
    query: v.object({ frontend_key: v.optional(Text) }),
    response: v.array(ExpiringRecordingJson),
    errors: [400],
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

export const IMPORT_STATES = ["requested", "moving", "done", "failed"] as const;

export const RecordingImportJson = v.object({
  id: v.string(),
  record_id: v.string(),
  format: v.string(),
  digest: v.pipe(v.string(), v.description("SHA-256 of what was sent, in base64")),
  state: v.picklist(IMPORT_STATES),
  reason: v.nullable(v.pipe(v.string(), v.description("why it failed, or what the last attempt met"))),
  attempts: count,
  created_at: TimeJson,
  due_at: TimeJson,
  finished_at: v.nullable(TimeJson),
});
/** The newest that a list holds. */
export const MOST_IMPORTS = 1000;

export type RecordingImportJson = v.InferOutput<typeof RecordingImportJson>;

const RecordingImportQuery = v.object({
  override_frontend_key: v.pipe(
    v.optional(Text),
    v.description("the frontend that gets the recording, whatever its metadata says"),
  ),
  override_original_meeting_id: v.pipe(
    v.optional(Text),
    v.description("the meeting that it is a recording of, whatever its metadata says"),
  ),
});

const Name = v.pipe(
  v.optional(Text, ""),
  v.regex(/^[A-Za-z0-9_-]{1,200}$/, "should be a name of letters, digits, - and _"),
);

const RecordingUploadQuery = v.object({ record_id: Name, format: Name });

/** Their bodies are no JSON: a metadata.xml, and a tar of one format. */
export const recordingImportEndpoints = {
  import: endpoint({
    method: "POST",
    path: "/v1/recordings-import",
    summary: "Take over a recording whose files lie in the inbox; the body is its metadata.xml",
    scopes: ["b3scale:admin", "b3scale:node"],
    query: RecordingImportQuery,
    media: "application/xml",
    response: RecordingDocument,
    errors: [400, 404, 413, 501],
  }),
  upload: endpoint({
    method: "POST",
    path: "/v1/recordings-upload",
    summary:
      "Send the files of one format of a recording: a tar of `published/<format>/<record id>` or of what is in it, which " +
      "may be gzipped, with the header `Content-Digest: sha-256=:…:` (RFC 9530). It is imported once they are safe. What " +
      "was sent before is answered without being read",
    scopes: ["b3scale:admin", "b3scale:node"],
    query: RecordingUploadQuery,
    media: "application/x-tar",
    response: RecordingImportJson,
    errors: [400, 408, 413, 415, 501, 507],
    audited: false, // what nodes do, after each meeting
  }),
  list: endpoint({
    method: "GET",
    path: "/v1/recordings-imports",
    summary: "List uploads, the newest first",
    scopes: ["b3scale:admin"],
    query: v.object({ state: v.optional(v.picklist(IMPORT_STATES, "is none of requested, moving, done, failed")) }),
    response: v.array(RecordingImportJson),
    errors: [400],
  }),
  retry: endpoint({
    method: "POST",
    path: "/v1/recordings-imports/:id/retry",
    summary: "Import an upload again that failed, at once",
    scopes: ["b3scale:admin"],
    response: RecordingImportJson,
    errors: [404],
  }),
};
