// What a BBB 2.7 answers, as far as the vectors need it: for requests whose answer is not recorded. Written apart from
// src/bbb, so that a misreading there does not agree with itself here.
import { createHash } from "node:crypto";

/** A meeting that a fake node runs: one moderator and one viewer, as in the recording. */
export interface NodeMeeting {
  readonly id: string;
  readonly internalId: string;
  readonly name: string;
  readonly isBreakout: boolean;
  readonly meta: Readonly<Record<string, string>>;
  /** XML after `isBreakout`. */
  readonly extra: string;
}

/** BBB makes the internal id of the id and the time; time stands still here. */
export const internalIdOf = (id: string): string => `${createHash("sha1").update(id).digest("hex")}-1700000000000`;

export const CHECKSUM_ERROR = failed("checksumError", "Checksums do not match");
export const UNKNOWN_MEETING = failed("notFound", "A meeting with that ID does not exist");

export function failed(messageKey: string, message: string): string {
  return answer("FAILED", note(messageKey, message));
}

export function created(id: string, isNew: boolean): string {
  const warning = isNew
    ? note("", "")
    : note("duplicateWarning", "This conference was already in existence and may currently be in progress.");
  return answer(
    "SUCCESS",
    `<meetingID>${escapeXml(id)}</meetingID><internalMeetingID>${internalIdOf(id)}</internalMeetingID>`,
    "<parentMeetingID>bbb-none</parentMeetingID><attendeePW>ap</attendeePW><moderatorPW>mp</moderatorPW>",
    "<createTime>1700000000000</createTime><voiceBridge>70757</voiceBridge><dialNumber>613-555-1234</dialNumber>",
    "<createDate>Tue Nov 14 22:13:20 UTC 2023</createDate><hasUserJoined>false</hasUserJoined><duration>0</duration>",
    `<hasBeenForciblyEnded>false</hasBeenForciblyEnded>${warning}`,
  );
}

export const running = (isRunning: boolean): string => answer("SUCCESS", `<running>${isRunning}</running>`);

export const ended = (): string =>
  answer(
    "SUCCESS",
    note(
      "sentEndMeetingRequest",
      "A request to end the meeting was sent.  Please wait a few seconds, and then use the getMeetingInfo or " +
        "isMeetingRunning API calls to verify that it was ended",
    ),
  );

export const joined = (internalId: string): string =>
  answer(
    "SUCCESS",
    note("successfullyJoined", "You have joined successfully."),
    `<meeting_id>${internalId}</meeting_id><user_id>w_abc</user_id><auth_token>tok</auth_token>`,
    "<session_token>stok1</session_token><guestStatus>ALLOW</guestStatus>",
    "<url>https://node1.example.com/html5client/?sessionToken=stok1</url>",
  );

export const meetingInfo = (meeting: NodeMeeting): string => answer("SUCCESS", meetingElements(meeting));

export function meetingList(meetings: readonly NodeMeeting[]): string {
  const list = meetings.map((meeting) => `<meeting>${meetingElements(meeting)}</meeting>`).join("");
  const none = meetings.length === 0 ? note("noMeetings", "no meetings were found on this server") : "";
  return answer("SUCCESS", `<meetings>${list}</meetings>${none}`);
}

/** insertDocument and sendChatMessage say no more than that. */
export const accepted = (message: string): string => answer("SUCCESS", note("", message));

function answer(returncode: string, ...parts: string[]): string {
  return `<response><returncode>${returncode}</returncode>${parts.join("")}</response>`;
}

function note(messageKey: string, message: string): string {
  return `<messageKey>${messageKey}</messageKey><message>${escapeXml(message)}</message>`;
}

function meetingElements(meeting: NodeMeeting): string {
  const meta = Object.entries(meeting.meta).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join("");
  return [
    `<meetingName>${escapeXml(meeting.name)}</meetingName><meetingID>${escapeXml(meeting.id)}</meetingID>`,
    `<internalMeetingID>${meeting.internalId}</internalMeetingID><createTime>1700000000000</createTime>`,
    "<createDate>Tue Nov 14 22:13:20 UTC 2023</createDate><voiceBridge>70757</voiceBridge>",
    "<dialNumber>613-555-1234</dialNumber><attendeePW>ap</attendeePW><moderatorPW>mp</moderatorPW>",
    "<running>true</running><duration>0</duration><hasUserJoined>true</hasUserJoined><recording>false</recording>",
    "<hasBeenForciblyEnded>false</hasBeenForciblyEnded><startTime>1700000000123</startTime><endTime>0</endTime>",
    "<participantCount>2</participantCount><listenerCount>1</listenerCount>",
    "<voiceParticipantCount>1</voiceParticipantCount><videoCount>1</videoCount><maxUsers>0</maxUsers>",
    "<moderatorCount>1</moderatorCount><attendees>",
    attendee("u-mod", "Ada Mod", true, "<customdata><bbb_auto_join_audio>true</bbb_auto_join_audio></customdata>"),
    attendee("u-view", "Bob View", false, ""),
    `</attendees><metadata>${meta}</metadata><isBreakout>${meeting.isBreakout}</isBreakout>${meeting.extra}`,
  ].join("");
}

function attendee(id: string, name: string, isModerator: boolean, extra: string): string {
  return [
    `<attendee><userID>${id}</userID><fullName>${name}</fullName><role>${isModerator ? "MODERATOR" : "VIEWER"}</role>`,
    `<isPresenter>${isModerator}</isPresenter><isListeningOnly>${!isModerator}</isListeningOnly>`,
    `<hasJoinedVoice>${isModerator}</hasJoinedVoice><hasVideo>${isModerator}</hasVideo><clientType>HTML5</clientType>`,
    `${extra}</attendee>`,
  ].join("");
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.codePointAt(0)};`);
}
