// The join call and the page its redirect leads to. Failures redirect a browser too, as BBB does.
import { element, failed, messages, page, type Reply, success, type Violation } from "./answers.ts";
import { meetingIdViolation } from "./create.ts";
import type { Meetings } from "./meetings.ts";
import type { Session, SimAttendee, SimMeeting } from "./model.ts";
import { lowerAlphanumerics, type Random } from "./random.ts";
import type { ApiRequest, Params } from "./request.ts";

const redirect = (location: string, headers: Record<string, string> = {}): Reply => ({
  status: 302,
  headers: { location, ...headers },
  body: "",
});

/** Where a failed join sends the browser, with BBB's reason as JSON in the query. `redirect=false` does not count here. */
export function joinFailure(request: ApiRequest, violation: Violation, origin: string): Reply {
  const { params } = request;
  const target = params.get("errorRedirectUrl") || params.get("logoutURL") || `${origin}/`;
  const errors = encodeURIComponent(JSON.stringify([violation]));
  return redirect(`${target}${target.includes("?") ? "&" : "?"}errors=${errors}`);
}

const fullNameOf = (params: Params): string =>
  params.get("fullName") || [params.get("firstName"), params.get("lastName")].filter(Boolean).join(" ");

const roleNames: Readonly<Record<string, SimAttendee["role"]>> = { MODERATOR: "MODERATOR", VIEWER: "VIEWER" };

function parameterViolation(params: Params): Violation | undefined {
  const meetingIdWrong = meetingIdViolation(params);
  if (meetingIdWrong !== undefined) return meetingIdWrong;
  if (fullNameOf(params) === "") return { key: "missingParamFullName", message: "You must provide your name" };
  const role = params.get("role") ?? "";
  if (role !== "") {
    const message = "You must provide a valid role: MODERATOR or VIEWER";
    return roleNames[role.toUpperCase()] === undefined ? { key: "Params required", message } : undefined;
  }
  if ((params.get("password") ?? "") === "") {
    return { key: "Params required", message: "You must provide either a role or a password" };
  }
  return undefined;
}

const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === "true";

type GuestStatus = Session["guestStatus"] | "DENY";

function guestStatusOf(meeting: SimMeeting, params: Params): GuestStatus {
  if (isTrue(params.get("guest")) === false || meeting.guestPolicy === "ALWAYS_ACCEPT") return "ALLOW";
  if (meeting.guestPolicy === "ALWAYS_DENY") return "DENY";
  return meeting.guestPolicy === "ALWAYS_ACCEPT_AUTH" && isTrue(params.get("auth")) ? "ALLOW" : "WAIT";
}

/** `role` wins over a password; undefined when the password is neither of the meeting's two. */
function roleOf(meeting: SimMeeting, params: Params): SimAttendee["role"] | undefined {
  const role = roleNames[params.get("role")?.toUpperCase() ?? ""];
  if (role !== undefined) return role;
  if (params.get("password") === meeting.moderatorPW) return "MODERATOR";
  return params.get("password") === meeting.attendeePW ? "VIEWER" : undefined;
}

type Admission = { meeting: SimMeeting; role: SimAttendee["role"]; guestStatus: Session["guestStatus"] };

function admit(params: Params, meetings: Meetings): Admission | Violation {
  const meeting = meetings.find(params.get("meetingID") ?? "");
  if (meeting === undefined) {
    return { key: "invalidMeetingIdentifier", message: "A meeting with that ID does not exist" };
  }
  if (meeting.hasBeenForciblyEnded) {
    const message = "You can not join a meeting that has already been forcibly ended";
    return { key: "meetingForciblyEnded", message };
  }
  const createTime = params.get("createTime") ?? "";
  if (createTime !== "" && createTime !== String(meeting.createTime)) {
    const message = "The createTime parameter submitted mismatches with the current meeting.";
    return { key: "mismatchCreateTimeParam", message };
  }
  const role = roleOf(meeting, params);
  if (role === undefined) {
    const message = "The provided password is neither a moderator or attendee password";
    return { key: "invalidPassword", message };
  }
  if (meeting.maxUsers > 0 && meetings.places(meeting) >= meeting.maxUsers) {
    const message = "The number of participants allowed for this meeting has been reached.";
    return { key: "maxParticipantsReached", message };
  }
  const guestStatus = guestStatusOf(meeting, params);
  if (guestStatus === "DENY") {
    const message = "You have been denied access to this meeting based on the meeting's guest policy";
    return { key: "guestDeniedAccess", message };
  }
  return { meeting, role, guestStatus };
}

const customdataOf = (params: Params): Record<string, string> =>
  Object.fromEntries(
    Array.from(params).filter(([name]) => name.startsWith("userdata-"))
      .map(([name, value]) => [name.slice("userdata-".length), value]),
  );

export function join(request: ApiRequest, meetings: Meetings, random: Random, origin: string): Reply {
  const { params } = request;
  const violation = parameterViolation(params);
  if (violation !== undefined) return joinFailure(request, violation, origin);
  const wantsXml = params.get("redirect")?.toLowerCase() === "false";
  const admission = admit(params, meetings);
  if ("key" in admission) return wantsXml ? failed(admission) : joinFailure(request, admission, origin);

  const { meeting, role, guestStatus } = admission;
  const userID = params.get("userID") ?? "";
  const session = meetings.register(meeting, {
    ...userID === "" ? {} : { userID },
    fullName: fullNameOf(params),
    role,
    customdata: customdataOf(params),
  }, guestStatus);
  const url = `${origin}/html5client/?sessionToken=${session.sessionToken}`;
  const cookie = `JSESSIONID=${random.text(32, "0123456789ABCDEF")}; Path=/bigbluebutton; HttpOnly`;
  if (wantsXml === false) return redirect(url, { "set-cookie": cookie });
  const answer = success(
    ...messages("successfullyJoined", "You have joined successfully."),
    element("meeting_id", meeting.internalMeetingID),
    element("user_id", session.attendee.internalUserID),
    element("auth_token", random.text(12, lowerAlphanumerics)),
    element("session_token", session.sessionToken),
    element("guestStatus", guestStatus),
    element("url", url),
  );
  return { ...answer, headers: { ...answer.headers, "set-cookie": cookie } };
}

/** What the redirect leads to: opening it brings the user into the meeting, as the real client's connection does. */
export function clientPage(rawQuery: string, meetings: Meetings): Reply {
  const session = meetings.findSession(new URLSearchParams(rawQuery).get("sessionToken") ?? "");
  const meeting = session === undefined ? undefined : meetings.open(session);
  if (session === undefined || meeting === undefined) {
    return page(404, "No such session", "The session token is unknown here, or its meeting has ended.");
  }
  const { fullName, role } = session.attendee;
  return session.guestStatus === "WAIT"
    ? page(200, meeting.name, `${fullName} waits for a moderator of "${meeting.name}" (${meeting.meetingID}).`)
    : page(200, meeting.name, `${fullName} joined "${meeting.name}" (${meeting.meetingID}) as ${role}.`);
}
