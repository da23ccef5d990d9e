// The spelling of `meetings.state`: 1.x reads and writes the same documents, so names, nulls and types are fixed.
import { type Attendee, type Breakout, type Meeting, NO_MEETING } from "../bbb/meeting.ts";
import {
  encodeFields,
  isRecord,
  type JsonObject,
  member,
  readFields,
  recordOf,
  storableText,
  textValues,
} from "./stored_fields.ts";

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

export function encodeStoredMeeting(meeting: Meeting): JsonObject {
  return {
    ...encodeFields(meeting, MEETING_KEYS),
    Metadata: meeting.metadata === null
      ? null
      : Object.fromEntries(Object.entries(meeting.metadata).map(([name, text]) => [name, storableText(text)])),
    Attendees: meeting.attendees?.map((attendee) => encodeFields(attendee, ATTENDEE_KEYS)) ?? null,
    BreakoutRooms: meeting.breakoutRooms?.map(storableText) ?? null,
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
