// The spelling of `meetings.state`: 1.x reads and writes the same documents, so names, nulls and types are fixed.
import { type Attendee, type Breakout, type Meeting, NO_MEETING } from "../bbb/meeting.ts";

/** Property of Meeting → key of the document, in the document's order. */
const MEETING_KEYS = {
  meetingName: "MeetingName",
  meetingID: "MeetingID",
  internalMeetingID: "InternalMeetingID",
  createTime: "CreateTime",
  createDate: "CreateDate",
  voiceBridge: "VoiceBridge",
  dialNumber: "DialNumber",
  attendeePW: "AttendeePW",
  moderatorPW: "ModeratorPW",
  running: "Running",
  duration: "Duration",
  recording: "Recording",
  hasBeenForciblyEnded: "HasBeenForciblyEnded",
  startTime: "StartTime",
  endTime: "EndTime",
  participantCount: "ParticipantCount",
  listenerCount: "ListenerCount",
  voiceParticipantCount: "VoiceParticipantCount",
  videoCount: "VideoCount",
  maxUsers: "MaxUsers",
  moderatorCount: "ModeratorCount",
  isBreakout: "IsBreakout",
} as const;

const ATTENDEE_KEYS = {
  userID: "UserID",
  internalUserID: "InternalUserID",
  fullName: "FullName",
  role: "Role",
  isPresenter: "IsPresenter",
  isListeningOnly: "IsListeningOnly",
  hasJoinedVoice: "HasJoinedVoice",
  hasVideo: "HasVideo",
  clientType: "ClientType",
} as const;

const NO_ATTENDEE: Attendee = {
  userID: "",
  internalUserID: "",
  fullName: "",
  role: "",
  isPresenter: false,
  isListeningOnly: false,
  hasJoinedVoice: false,
  hasVideo: false,
  clientType: "",
};
const NO_BREAKOUT: Breakout = { parentMeetingID: "", sequence: 0, freeJoin: false };
const BREAKOUT_KEYS = { parentMeetingID: "ParentMeetingID", sequence: "Sequence", freeJoin: "FreeJoin" } as const;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type StoredDocument = { readonly [key: string]: Json };

export function encodeStoredMeeting(meeting: Meeting): StoredDocument {
  return {
    ...encodeFields(meeting, MEETING_KEYS),
    Metadata: meeting.metadata === null
      ? null
      : Object.fromEntries(Object.entries(meeting.metadata).map(([name, text]) => [name, storable(text)])),
    Attendees: meeting.attendees?.map((attendee) => encodeFields(attendee, ATTENDEE_KEYS)) ?? null,
    BreakoutRooms: meeting.breakoutRooms?.map(storable) ?? null,
    Breakout: meeting.breakout === null ? null : encodeFields(meeting.breakout, BREAKOUT_KEYS),
  };
}

/** Missing, null and wrongly typed members read as zero; keys of another case count when the exact one is missing. */
export function readStoredMeeting(document: unknown): Meeting {
  const from = recordOf(document);
  const metadata = member(from, "Metadata");
  const attendees = member(from, "Attendees");
  const rooms = member(from, "BreakoutRooms");
  const breakout = member(from, "Breakout");
  return {
    ...readFields(from, MEETING_KEYS, NO_MEETING),
    metadata: isRecord(metadata) ? textValues(metadata) : null,
    attendees: Array.isArray(attendees)
      ? attendees.filter(isRecord).map((attendee) => readFields(attendee, ATTENDEE_KEYS, NO_ATTENDEE))
      : null,
    breakoutRooms: Array.isArray(rooms) ? rooms.filter((room) => typeof room === "string") : null,
    breakout: isRecord(breakout) ? readFields(breakout, BREAKOUT_KEYS, NO_BREAKOUT) : null,
  };
}

/** What a jsonb value refuses, in a text that any tenant may have chosen, would fail a whole poll. */
const storable = (value: Json): Json => typeof value === "string" ? value.replaceAll("\0", "").toWellFormed() : value;

type Keys<T> = { readonly [name in keyof T]?: string };

function encodeFields<T extends object>(value: T, keys: Keys<T>): Record<string, Json> {
  const names = Object.keys(keys) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [keys[name] ?? "", storable(value[name] as Json)]));
}

function readFields<T extends object>(from: Record<string, unknown>, keys: Keys<T>, zero: T): T {
  const read = { ...zero };
  for (const name of Object.keys(keys) as (keyof T)[]) {
    const value = member(from, keys[name] ?? "");
    if (typeof value !== typeof zero[name]) continue;
    if (typeof value === "number" && !(Number.isSafeInteger(value) && value >= 0)) continue; // 1.x reads integers only
    read[name] = value as T[keyof T];
  }
  return read;
}

function member(from: Record<string, unknown>, key: string): unknown {
  if (key in from) return from[key];
  const lower = key.toLowerCase();
  const other = Object.keys(from).find((candidate) => candidate.toLowerCase() === lower);
  return other === undefined ? undefined : from[other];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const recordOf = (value: unknown): Record<string, unknown> => isRecord(value) ? value : {};

const textValues = (record: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && typeof value !== "object")
      .map(([key, value]) => [key, String(value)]),
  );
