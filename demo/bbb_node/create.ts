// The create call: BBB's validation in its order, then a new meeting or the duplicate of one that is going on.
import { createAnswer, failed, failedList, type Reply, type Violation } from "./answers.ts";
import { hashHex } from "./checksum.ts";
import type { Meetings } from "./meetings.ts";
import type { NewMeeting, SimMeeting } from "./model.ts";
import { type ApiRequest, type Params, xmlTypes } from "./request.ts";

/** What is wrong with the meetingID, the same for every call that has one. */
export function meetingIdViolation(params: Params): Violation | undefined {
  const meetingID = params.get("meetingID") ?? "";
  if (meetingID === "") return { key: "missingParamMeetingID", message: "You must provide a meeting ID" };
  if (meetingID.length < 2 || meetingID.length > 256) {
    return { key: "sizeError", message: "Meeting ID must be between 2 and 256 characters" };
  }
  if (meetingID.includes(",")) return { key: "validationError", message: "Meeting ID cannot contain ','" };
  return undefined;
}

const booleans: Readonly<Record<string, string>> = { record: "Record", isBreakout: "Breakout" };

function violationOf(params: Params): Violation | undefined {
  const meetingIdWrong = meetingIdViolation(params);
  if (meetingIdWrong !== undefined) return meetingIdWrong;
  const name = params.get("name") ?? "";
  if (name === "") return { key: "validationError", message: "You must provide a meeting name" };
  if (name.length < 2 || name.length > 256) {
    return { key: "sizeError", message: "Meeting name must be between 2 and 256 characters" };
  }
  for (const password of [params.get("attendeePW") ?? "", params.get("moderatorPW") ?? ""]) {
    if (password !== "" && (password.length < 2 || password.length > 64)) {
      return { key: "invalidPassword", message: "Invalid password" };
    }
  }
  if (/^-?\d*$/.test(params.get("voiceBridge") ?? "") === false) {
    return { key: "validationError", message: "Voice bridge must be an integral value" };
  }
  for (const [param, label] of Object.entries(booleans)) {
    if (["", "true", "false"].includes(params.get(param)?.toLowerCase() ?? "") === false) {
      return { key: "validationError", message: `${label} must be a boolean value (true or false)` };
    }
  }
  return undefined;
}

const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === "true";

/** A whole number ≥ 0; BBB takes anything else as its default, and so does this. */
const integer = (value: string | undefined): number => Math.max(0, Number(/^-?\d+$/.exec(value ?? "")?.[0] ?? 0));

/** `meta_` names are lower-cased; one that does not fit the pattern, an underscore is enough, is dropped silently. */
export function metadataOf(params: Params): Record<string, string> {
  return Object.fromEntries(
    Array.from(params).flatMap(([name, value]): [string, string][] => {
      const key = /^meta_([A-Za-z][A-Za-z0-9-]*)$/.exec(name)?.[1];
      return key === undefined ? [] : [[key.toLowerCase(), value]];
    }),
  );
}

const withoutMarkup = (name: string): string =>
  Array.from(name.replace(/<[^>]*>/g, "")).filter((char) => char >= " " && char !== "\x7f").join("");

/** Given passwords must be the running meeting's own; a missing one fits any. */
const passwordsFit = (meeting: SimMeeting, params: Params): boolean =>
  ["", meeting.attendeePW].includes(params.get("attendeePW") ?? "") &&
  ["", meeting.moderatorPW].includes(params.get("moderatorPW") ?? "");

/** A breakout room asks for its internal id; its external one is derived from parent, time and sequence. */
function breakoutFields(params: Params, parent: SimMeeting, now: number): NewMeeting {
  const sequence = integer(params.get("sequence"));
  return {
    meetingID: `${hashHex("sha1", `${parent.internalMeetingID}-${now}-${sequence}`)}-${now}`,
    internalMeetingID: params.get("meetingID") ?? "",
    createTime: now,
    parentMeetingID: parent.internalMeetingID,
    isBreakout: true,
    sequence,
    freeJoin: isTrue(params.get("freeJoin")),
  };
}

export function create(request: ApiRequest, meetings: Meetings, clock: () => number): Reply {
  const { params } = request;
  const violation = violationOf(params);
  if (violation !== undefined) return failed(violation);
  const meetingID = params.get("meetingID") ?? "";
  const isBreakout = isTrue(params.get("isBreakout"));

  const existing = isBreakout ? meetings.findInternal(meetingID) : meetings.find(meetingID);
  if (existing?.hasBeenForciblyEnded === false) {
    if (passwordsFit(existing, params)) return createAnswer(existing, true);
    return failed({
      key: "idNotUnique",
      message: "A meeting already exists with that meeting ID.  Please use a different meeting ID.",
    });
  }

  let identity: NewMeeting = { meetingID };
  if (isBreakout) {
    const parentID = params.get("parentMeetingID") ?? "";
    if (parentID === "") {
      const message = "No parent meeting ID was provided for the breakout room";
      return failed({ key: "parentMeetingIDMissing", message });
    }
    const parent = meetings.findInternal(parentID);
    if (parent === undefined) {
      return failed({ key: "parentMeetingDoesNotExist", message: "No parent meeting exists for the breakout room" });
    }
    identity = breakoutFields(params, parent, clock());
  }

  const voiceBridge = params.get("voiceBridge") ?? "";
  if (voiceBridge !== "" && meetings.list().some((meeting) => meeting.voiceBridge === voiceBridge)) {
    return failedList({ key: "nonUniqueVoiceBridge", message: "The selected voice bridge is already in use." });
  }

  const given = (param: "attendeePW" | "moderatorPW" | "dialNumber" | "voiceBridge" | "guestPolicy") => {
    const value = params.get(param) ?? "";
    return value === "" ? {} : { [param]: value };
  };
  const meeting = meetings.add({
    ...identity,
    ...given("attendeePW"),
    ...given("moderatorPW"),
    ...given("dialNumber"),
    ...given("voiceBridge"),
    ...given("guestPolicy"),
    name: withoutMarkup(params.get("name") ?? ""),
    duration: integer(params.get("duration")),
    maxUsers: integer(params.get("maxParticipants")),
    recording: isTrue(params.get("record")),
    disabledFeatures: (params.get("disabledFeatures") ?? "").split(",").map((name) => name.trim()).filter(Boolean),
    metadata: metadataOf(params),
    documents: request.hasBody && xmlTypes.includes(request.contentType) ? [request.body] : [],
    params: Object.fromEntries(params),
  });
  return createAnswer(meeting, false);
}
