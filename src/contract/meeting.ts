// Meetings in REST. The `meeting` document is spelled as it is stored (control-plane contract §4.3).
import * as v from "valibot";
import { endpoint, Text, TimeJson } from "./endpoint.ts";

const count = v.pipe(
  v.number(),
  v.safeInteger("should be a whole number"),
  v.minValue(0, "should not be negative"),
);

const attendeeEntries = {
  UserID: v.string(),
  InternalUserID: v.string(),
  FullName: v.string(),
  Role: v.string(),
  IsPresenter: v.boolean(),
  IsListeningOnly: v.boolean(),
  HasJoinedVoice: v.boolean(),
  HasVideo: v.boolean(),
  ClientType: v.string(),
};
const breakoutEntries = { ParentMeetingID: v.string(), Sequence: count, FreeJoin: v.boolean() };
const scalarEntries = {
  MeetingName: v.string(),
  MeetingID: v.string(),
  InternalMeetingID: v.string(),
  CreateTime: count,
  CreateDate: v.string(),
  VoiceBridge: v.string(),
  DialNumber: v.string(),
  AttendeePW: v.string(),
  ModeratorPW: v.string(),
  Running: v.boolean(),
  Duration: count,
  Recording: v.boolean(),
  HasBeenForciblyEnded: v.boolean(),
  StartTime: count,
  EndTime: count,
  ParticipantCount: count,
  ListenerCount: count,
  VoiceParticipantCount: count,
  VideoCount: count,
  MaxUsers: count,
  ModeratorCount: count,
  IsBreakout: v.boolean(),
};

export const MeetingDocument = v.object({
  ...scalarEntries,
  Metadata: v.nullable(v.record(v.string(), v.string())),
  Attendees: v.nullable(v.array(v.object(attendeeEntries))),
  BreakoutRooms: v.nullable(v.array(v.string())),
  Breakout: v.nullable(v.object(breakoutEntries)),
});

/** The row's `internal_id` follows it; ours begins with `pending:` while no node has built the meeting. */
const InternalIDInput = v.pipe(
  Text,
  v.nonEmpty("should not be empty"),
  v.maxLength(255, "is longer than 255 characters"),
  v.check((id) => !id.startsWith("pending:"), "should not begin with pending:"),
);

const nullish = <Entries extends v.ObjectEntries>(entries: Entries) =>
  Object.fromEntries(Object.entries(entries).map(([name, schema]) => [name, v.nullish(schema)])) as {
    [name in keyof Entries]: v.NullishSchema<Entries[name], undefined>;
  };

export const AttendeeInput = v.object(nullish(attendeeEntries));
export type AttendeeInput = v.InferOutput<typeof AttendeeInput>;

export const MeetingInput = v.object({
  meeting: v.nullish(v.object({
    ...nullish({ ...scalarEntries, InternalMeetingID: InternalIDInput }),
    Metadata: v.nullish(v.record(Text, v.nullable(v.string()))),
    Attendees: v.nullish(v.array(AttendeeInput)),
    BreakoutRooms: v.nullish(v.array(v.string())),
    Breakout: v.nullish(v.object(nullish(breakoutEntries))),
  })),
});
export type MeetingPatch = NonNullable<v.InferOutput<typeof MeetingInput>["meeting"]>;
export type MeetingInput = v.InferOutput<typeof MeetingInput>;

export const MeetingJson = v.object({
  id: v.string(),
  internal_id: v.string(),
  meeting: MeetingDocument,
  frontend_id: v.nullable(v.string()),
  backend_id: v.nullable(v.string()),
  created_at: TimeJson,
  updated_at: TimeJson,
  synced_at: TimeJson,
  frontend_key: v.nullable(v.string()),
  backend_host: v.nullable(v.string()),
});
export type MeetingJson = v.InferOutput<typeof MeetingJson>;

const ID = "by its id, or `internal:` and BBB's own id";

export const meetingEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/meetings",
    summary: "List the meetings of a backend, a frontend, or both, oldest first",
    scopes: ["b3scale:admin"],
    query: v.object({
      backend_id: v.optional(Text),
      backend_host: v.optional(Text),
      frontend_id: v.optional(Text),
      frontend_key: v.optional(Text),
    }),
    response: v.array(MeetingJson),
    errors: [400, 404],
  }),
  show: endpoint({
    method: "GET",
    path: "/v1/meetings/:id",
    summary: `Show a meeting ${ID}`,
    scopes: ["b3scale:admin", "b3scale:node"],
    response: MeetingJson,
    errors: [404],
  }),
  update: endpoint({
    method: "PATCH",
    path: "/v1/meetings/:id",
    summary: `Change what is known of a meeting ${ID}`,
    scopes: ["b3scale:admin", "b3scale:node"],
    body: MeetingInput,
    response: MeetingJson,
    errors: [400, 404, 409, 413, 415],
  }),
  delete: endpoint({
    method: "DELETE",
    path: "/v1/meetings/:id",
    summary: `Forget a meeting ${ID}; its node is not asked`,
    scopes: ["b3scale:admin", "b3scale:node"],
    response: MeetingJson,
    errors: [404],
  }),
};
