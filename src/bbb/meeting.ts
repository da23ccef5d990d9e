// A meeting as BBB describes it: node's XML → Meeting, Meeting → the XML we answer (gateway contract §6.9).
import {
  childElements,
  childText,
  findChild,
  metadataXml,
  textElement,
  textOf,
  wrapElement,
  type XmlElement,
} from "./xml.ts";

export interface Attendee {
  readonly userID: string;
  /** BBB's own id of the session, known from agent events only; "" else. */
  readonly internalUserID: string;
  readonly fullName: string;
  readonly role: string;
  readonly isPresenter: boolean;
  readonly isListeningOnly: boolean;
  readonly hasJoinedVoice: boolean;
  readonly hasVideo: boolean;
  readonly clientType: string;
}

export interface Breakout {
  readonly parentMeetingID: string;
  readonly sequence: number;
  readonly freeJoin: boolean;
}

/** Times in ms; `metadata`, `attendees` and `breakoutRooms` are null where no answer ever named them (a fresh create). */
export interface Meeting {
  readonly meetingName: string;
  readonly meetingID: string;
  readonly internalMeetingID: string;
  readonly createTime: number;
  readonly createDate: string;
  readonly voiceBridge: string;
  readonly dialNumber: string;
  readonly attendeePW: string;
  readonly moderatorPW: string;
  readonly running: boolean;
  readonly duration: number;
  readonly recording: boolean;
  readonly hasBeenForciblyEnded: boolean;
  readonly startTime: number;
  readonly endTime: number;
  readonly participantCount: number;
  readonly listenerCount: number;
  readonly voiceParticipantCount: number;
  readonly videoCount: number;
  readonly maxUsers: number;
  readonly moderatorCount: number;
  readonly isBreakout: boolean;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly attendees: readonly Attendee[] | null;
  readonly breakoutRooms: readonly string[] | null;
  readonly breakout: Breakout | null;
}

export const NO_MEETING: Meeting = {
  meetingName: "",
  meetingID: "",
  internalMeetingID: "",
  createTime: 0,
  createDate: "",
  voiceBridge: "",
  dialNumber: "",
  attendeePW: "",
  moderatorPW: "",
  running: false,
  duration: 0,
  recording: false,
  hasBeenForciblyEnded: false,
  startTime: 0,
  endTime: 0,
  participantCount: 0,
  listenerCount: 0,
  voiceParticipantCount: 0,
  videoCount: 0,
  maxUsers: 0,
  moderatorCount: 0,
  isBreakout: false,
  metadata: null,
  attendees: null,
  breakoutRooms: null,
  breakout: null,
};

/** People in the room: agent events change the list at once, the count follows with the next poll. */
export const attendeesCount = (meeting: Meeting): number =>
  Math.max(meeting.participantCount, meeting.attendees?.length ?? 0);

/** Reads `<meeting>`, or the `<response>` of create and getMeetingInfo; elements that are missing read as zero. */
export function readMeeting(from: XmlElement): Meeting {
  const isBreakout = readBoolean(from, "isBreakout");
  const attendees = findChild(from, "attendees");
  const metadata = findChild(from, "metadata");
  const rooms = findChild(from, "breakoutRooms");
  return {
    meetingName: childText(from, "meetingName"),
    meetingID: childText(from, "meetingID"),
    internalMeetingID: childText(from, "internalMeetingID"),
    createTime: readCount(from, "createTime"),
    createDate: childText(from, "createDate"),
    voiceBridge: childText(from, "voiceBridge"),
    dialNumber: childText(from, "dialNumber"),
    attendeePW: childText(from, "attendeePW"),
    moderatorPW: childText(from, "moderatorPW"),
    running: readBoolean(from, "running"),
    duration: readCount(from, "duration"),
    recording: readBoolean(from, "recording"),
    hasBeenForciblyEnded: readBoolean(from, "hasBeenForciblyEnded"),
    startTime: readCount(from, "startTime"),
    endTime: readCount(from, "endTime"),
    participantCount: readCount(from, "participantCount"),
    listenerCount: readCount(from, "listenerCount"),
    voiceParticipantCount: readCount(from, "voiceParticipantCount"),
    videoCount: readCount(from, "videoCount"),
    maxUsers: readCount(from, "maxUsers"),
    moderatorCount: readCount(from, "moderatorCount"),
    isBreakout,
    metadata: metadata === undefined ? null : readMetadata(metadata),
    attendees: attendees === undefined ? null : childElements(attendees).map(readAttendee),
    breakoutRooms: rooms === undefined ? null : childElements(rooms).map(textOf),
    breakout: isBreakout ? readBreakout(from) : null,
  };
}

function readAttendee(from: XmlElement): Attendee {
  return {
    userID: childText(from, "userID"),
    internalUserID: childText(from, "internalUserID"),
    fullName: childText(from, "fullName"),
    role: childText(from, "role"),
    isPresenter: readBoolean(from, "isPresenter"),
    isListeningOnly: readBoolean(from, "isListeningOnly"),
    hasJoinedVoice: readBoolean(from, "hasJoinedVoice"),
    hasVideo: readBoolean(from, "hasVideo"),
    clientType: childText(from, "clientType"),
  };
}

/** Flat in code, below `<breakout>` in some documents (bbb-api §3.5): both are read. */
function readBreakout(from: XmlElement): Breakout {
  const nested = findChild(from, "breakout") ?? from;
  return {
    parentMeetingID: childText(nested, "parentMeetingID"),
    sequence: readCount(nested, "sequence"),
    freeJoin: readBoolean(nested, "freeJoin"),
  };
}

const readMetadata = (from: XmlElement): Record<string, string> =>
  Object.fromEntries(childElements(from).map((child) => [child.name, textOf(child)]));

const readBoolean = (from: XmlElement, name: string): boolean => childText(from, name).trim().toLowerCase() === "true";

/** getMeetings prints numbers with the JVM's separators (`1,024`, Swiss `1’024`): they are stripped (bbb-api §3.5). */
function readCount(from: XmlElement, name: string): number {
  const digits = childText(from, name).replace(/[.,'\u2019\s]/g, ""); // \s has the no-break spaces
  const count = /^\d+$/.test(digits) ? Number(digits) : 0;
  return Number.isSafeInteger(count) ? count : 0;
}

/** The children of `<meeting>` in 1.x's order, plus `hasUserJoined`; ids are written as they stand. */
export function meetingXml(meeting: Meeting): string {
  return textElement("meetingName", meeting.meetingName) +
    textElement("meetingID", meeting.meetingID) +
    textElement("internalMeetingID", meeting.internalMeetingID) +
    textElement("createTime", meeting.createTime) +
    textElement("createDate", meeting.createDate) +
    textElement("voiceBridge", meeting.voiceBridge) +
    textElement("dialNumber", meeting.dialNumber) +
    textElement("attendeePW", meeting.attendeePW) +
    textElement("moderatorPW", meeting.moderatorPW) +
    textElement("running", meeting.running) +
    textElement("duration", meeting.duration) +
    textElement("hasUserJoined", meeting.running || attendeesCount(meeting) > 0) +
    textElement("recording", meeting.recording) +
    textElement("hasBeenForciblyEnded", meeting.hasBeenForciblyEnded) +
    textElement("startTime", meeting.startTime) +
    textElement("endTime", meeting.endTime) +
    textElement("participantCount", meeting.participantCount) +
    textElement("listenerCount", meeting.listenerCount) +
    textElement("voiceParticipantCount", meeting.voiceParticipantCount) +
    textElement("videoCount", meeting.videoCount) +
    textElement("maxUsers", meeting.maxUsers) +
    textElement("moderatorCount", meeting.moderatorCount) +
    textElement("isBreakout", meeting.isBreakout) +
    metadataXml(meeting.metadata ?? {}) +
    wrapElement("attendees", (meeting.attendees ?? []).map(attendeeXml).join("")) +
    wrapElement("breakoutRooms", (meeting.breakoutRooms ?? []).map((room) => textElement("breakout", room)).join("")) +
    (meeting.breakout === null ? "" : breakoutXml(meeting.breakout));
}

const attendeeXml = (attendee: Attendee): string =>
  wrapElement(
    "attendee",
    textElement("userID", attendee.userID) +
      textElement("internalUserID", attendee.internalUserID) +
      textElement("fullName", attendee.fullName) +
      textElement("role", attendee.role) +
      textElement("isPresenter", attendee.isPresenter) +
      textElement("isListeningOnly", attendee.isListeningOnly) +
      textElement("hasJoinedVoice", attendee.hasJoinedVoice) +
      textElement("hasVideo", attendee.hasVideo) +
      textElement("clientType", attendee.clientType),
  );

const breakoutXml = (breakout: Breakout): string =>
  wrapElement(
    "breakout",
    textElement("parentMeetingID", breakout.parentMeetingID) +
      textElement("sequence", breakout.sequence) +
      textElement("freeJoin", breakout.freeJoin),
  );
