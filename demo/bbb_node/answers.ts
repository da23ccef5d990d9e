// What the node answers, element for element in the order of BBB 3.0's templates, and the few HTML pages.
import type { SimAttendee, SimMeeting } from "./model.ts";

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Why a call failed: BBB's messageKey and message. */
export interface Violation {
  key: string;
  message: string;
}

export const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;");

/** Names are written as they are: a real node too makes broken XML of `userdata-1 odd name`. */
export const element = (name: string, value: string | number | boolean): string =>
  `<${name}>${escapeXml(String(value))}</${name}>`;

/** Line breaks between the children as BBB's templates leave them; an empty list is an empty container. */
export const container = (name: string, children: readonly string[]): string =>
  children.length === 0 ? `<${name}></${name}>` : `<${name}>\n${children.join("\n")}\n</${name}>`;

export const xmlReply = (children: readonly string[]): Reply => ({
  status: 200,
  headers: { "content-type": "text/xml;charset=utf-8" },
  body: container("response", children),
});

export const success = (...children: string[]): Reply => xmlReply([element("returncode", "SUCCESS"), ...children]);

export const messages = (key = "", message = ""): string[] => [
  element("messageKey", key),
  element("message", message),
];

export const failed = ({ key, message }: Violation): Reply =>
  xmlReply([element("returncode", "FAILED"), ...messages(key, message)]);

/** The list form that a few places of BBB still use. */
export const failedList = ({ key, message }: Violation): Reply =>
  xmlReply([
    element("returncode", "FAILED"),
    container("errors", [container("error", [element("key", key), element("message", message)])]),
  ]);

export const page = (status: number, title: string, text = title): Reply => ({
  status,
  headers: { "content-type": "text/html;charset=utf-8" },
  body: `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${escapeXml(title)}</title></head>` +
    `<body><h1>${escapeXml(title)}</h1><p>${escapeXml(text)}</p></body></html>\n`,
});

/** Java's `Date.toString()` on a server in UTC: `Thu May 09 13:35:28 UTC 2024`. */
export function javaDate(timeMs: number): string {
  const [weekday, day, month, year, time] = new Date(timeMs).toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

export const createAnswer = (meeting: SimMeeting, duplicate: boolean): Reply =>
  success(
    element("meetingID", meeting.meetingID),
    element("internalMeetingID", meeting.internalMeetingID),
    element("parentMeetingID", meeting.parentMeetingID),
    ...meeting.attendeePW === "" ? [] : [element("attendeePW", meeting.attendeePW)],
    ...meeting.moderatorPW === "" ? [] : [element("moderatorPW", meeting.moderatorPW)],
    element("createTime", meeting.createTime),
    element("voiceBridge", meeting.voiceBridge),
    element("dialNumber", meeting.dialNumber),
    element("createDate", javaDate(meeting.createTime)),
    element("hasUserJoined", meeting.hasUserJoined),
    element("duration", meeting.duration),
    element("hasBeenForciblyEnded", meeting.hasBeenForciblyEnded),
    ...duplicate
      ? messages("duplicateWarning", "This conference was already in existence and may currently be in progress.")
      : messages(),
  );

export const isRunning = (meeting: SimMeeting): boolean =>
  meeting.hasUserJoined && meeting.hasBeenForciblyEnded === false;

const attendeeXml = (attendee: SimAttendee): string =>
  container("attendee", [
    element("userID", attendee.userID),
    element("fullName", attendee.fullName),
    element("role", attendee.role),
    element("isPresenter", attendee.isPresenter),
    element("isListeningOnly", attendee.isListeningOnly),
    element("hasJoinedVoice", attendee.hasJoinedVoice),
    element("hasVideo", attendee.hasVideo),
    element("clientType", attendee.clientType),
    container("customdata", Object.entries(attendee.customdata).map(([name, value]) => element(name, value))),
  ]);

type NumberFormat = (value: number) => string;

/** @param number how the template prints counters; times are never formatted */
function meetingFields(meeting: SimMeeting, number: NumberFormat): { main: string[]; breakout: string[] } {
  const { attendees } = meeting;
  const count = (is: (attendee: SimAttendee) => boolean) => number(attendees.filter(is).length);
  return {
    main: [
      element("meetingName", meeting.name),
      element("meetingID", meeting.meetingID),
      element("internalMeetingID", meeting.internalMeetingID),
      element("createTime", meeting.createTime),
      element("createDate", javaDate(meeting.createTime)),
      element("voiceBridge", meeting.voiceBridge),
      element("dialNumber", meeting.dialNumber),
      element("attendeePW", meeting.attendeePW),
      element("moderatorPW", meeting.moderatorPW),
      element("running", isRunning(meeting)),
      element("duration", number(meeting.duration)),
      element("hasUserJoined", meeting.hasUserJoined),
      element("recording", meeting.recording),
      element("hasBeenForciblyEnded", meeting.hasBeenForciblyEnded),
      element("startTime", meeting.startTime),
      element("endTime", meeting.endTime),
      element("participantCount", number(attendees.length)),
      element("listenerCount", count((attendee) => attendee.isListeningOnly)),
      element("voiceParticipantCount", count((attendee) => attendee.hasJoinedVoice)),
      element("videoCount", number(attendees.reduce((sum, attendee) => sum + attendee.videoStreams, 0))),
      element("maxUsers", number(meeting.maxUsers)),
      element("moderatorCount", count((attendee) => attendee.role === "MODERATOR")),
      container("attendees", attendees.map(attendeeXml)),
      container("metadata", Object.entries(meeting.metadata).map(([name, value]) => element(name, value))),
    ],
    breakout: [
      element("isBreakout", meeting.isBreakout),
      ...meeting.isBreakout
        ? [
          element("parentMeetingID", meeting.parentMeetingID),
          element("sequence", number(meeting.sequence)),
          element("freeJoin", meeting.freeJoin),
        ]
        : [],
      ...meeting.breakoutRooms.length === 0
        ? []
        : [container("breakoutRooms", meeting.breakoutRooms.map((id) => element("breakout", id)))],
    ],
  };
}

export function meetingInfoAnswer(meeting: SimMeeting): Reply {
  const { main, breakout } = meetingFields(meeting, String);
  return success(...main, ...messages(), ...breakout);
}

/** The template of this call alone prints counters in the JVM's locale: `1,024`. */
const localeNumber: NumberFormat = (value) => value.toLocaleString("en-US");

export function meetingsAnswer(meetings: readonly SimMeeting[]): Reply {
  if (meetings.length === 0) {
    return success(container("meetings", []), ...messages("noMeetings", "no meetings were found on this server"));
  }
  return success(container(
    "meetings",
    meetings.map((meeting) => {
      const { main, breakout } = meetingFields(meeting, localeNumber);
      return container("meeting", [...main, ...breakout]);
    }),
  ));
}
