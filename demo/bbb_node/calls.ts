// The API resources of the node: which methods and bodies each takes, whether it is signed, and its answer.
import {
  container,
  element,
  failed,
  isRunning,
  meetingInfoAnswer,
  meetingsAnswer,
  messages,
  page,
  type Reply,
  success,
  type Violation,
} from "./answers.ts";
import { create, meetingIdViolation } from "./create.ts";
import { join, joinFailure } from "./join.ts";
import type { Meetings } from "./meetings.ts";
import type { Random } from "./random.ts";
import { type ApiRequest, formTypes, xmlTypes } from "./request.ts";

export interface Call {
  request: ApiRequest;
  meetings: Meetings;
  random: Random;
  clock: () => number;
  /** `http://HOST:PORT` of this node. */
  origin: string;
}

interface Resource {
  methods: readonly string[];
  answer(call: Call): Reply;
  /** Content types of a body; forms unless said. */
  bodies?: readonly string[];
  /** Only the root call is not. */
  signed?: false;
  /** BBB forgets `Cache-Control: no-cache` on some. */
  cached?: true;
  fail?(call: Call, violation: Violation): Reply;
}

const getOrPost = ["GET", "POST"];
const notFound: Violation = { key: "notFound", message: "A meeting with that ID does not exist" };
const noRecordings: Violation = { key: "notFound", message: "We could not find recordings" };

function root({ request, origin }: Call): Reply {
  const fields = {
    version: "2.0",
    apiVersion: "2.0",
    bbbVersion: "",
    graphqlWebsocketUrl: `${origin.replace("http:", "ws:")}/graphql`,
    graphqlApiUrl: `${origin}/api/rest`,
  };
  if (request.contentType !== "application/json") {
    return success(...Object.entries(fields).map(([name, value]) => element(name, value)));
  }
  const body = JSON.stringify({ response: { returncode: "SUCCESS", ...fields } });
  return { status: 200, headers: { "content-type": "application/json" }, body };
}

function end({ request: { params }, meetings }: Call): Reply {
  const violation = meetingIdViolation(params);
  if (violation !== undefined) return failed(violation);
  const meeting = meetings.find(params.get("meetingID") ?? "");
  if (meeting === undefined || meeting.hasBeenForciblyEnded) return failed(notFound);
  if (["", meeting.moderatorPW].includes(params.get("password") ?? "") === false) {
    const message = "The provided password is neither a moderator or attendee password";
    return failed({ key: "invalidPassword", message });
  }
  meetings.end(meeting);
  const message = "A request to end the meeting was sent.  Please wait a few seconds, and then use the " +
    "getMeetingInfo or isMeetingRunning API calls to verify that it was ended.";
  return success(...messages("sentEndMeetingRequest", message));
}

function isMeetingRunning({ request: { params }, meetings }: Call): Reply {
  const violation = meetingIdViolation(params);
  if (violation !== undefined) return failed(violation);
  const meeting = meetings.find(params.get("meetingID") ?? "");
  return success(element("running", meeting !== undefined && isRunning(meeting)));
}

function getMeetingInfo({ request: { params }, meetings }: Call): Reply {
  const violation = meetingIdViolation(params);
  if (violation !== undefined) return failed(violation);
  const meeting = meetings.find(params.get("meetingID") ?? "");
  return meeting === undefined ? failed(notFound) : meetingInfoAnswer(meeting);
}

function getSessions({ meetings }: Call): Reply {
  const sessions = meetings.sessions();
  if (sessions.length === 0) {
    return success(container("sessions", []), ...messages("noSessions", "no sessions were found on this server"));
  }
  return success(container(
    "sessions",
    sessions.map(({ internalMeetingID, attendee }) =>
      container("meeting", [
        element("meetingID", internalMeetingID),
        element("meetingName", meetings.findInternal(internalMeetingID)?.name ?? ""),
        element("userName", attendee.fullName),
      ])
    ),
  ));
}

function insertDocument({ request, meetings }: Call): Reply {
  const violation = meetingIdViolation(request.params);
  if (violation !== undefined) return failed(violation);
  const meetingID = request.params.get("meetingID") ?? "";
  const meeting = meetings.find(meetingID);
  if (meeting === undefined) return failed({ key: "", message: `Meeting with id [${meetingID}] not found.` });
  if (meeting.disabledFeatures.includes("presentation")) {
    return failed({ key: "", message: "Presentation feature is disabled, ignoring." });
  }
  meeting.documents.push(request.body);
  return success(...messages("", "Presentation is being uploaded"));
}

function sendChatMessage({ request: { params }, meetings }: Call): Reply {
  const violation = meetingIdViolation(params);
  if (violation !== undefined) return failed(violation);
  const message = params.get("message") ?? "";
  const userName = params.get("userName") || "System";
  if (message === "") return failed({ key: "missingParamMessage", message: "You must provide a message" });
  if (message.length > 500) {
    return failed({ key: "sizeError", message: "Message must be between 1 and 500 characters" });
  }
  if (userName.length > 255) {
    return failed({ key: "sizeError", message: "User name must be between 1 and 255 characters" });
  }
  const meeting = meetings.find(params.get("meetingID") ?? "");
  if (meeting === undefined) return failed({ key: "meetingNotFound", message: "Meeting not found" });
  meeting.chat.push({ userName, message });
  return success(...messages("", "Message sent"));
}

/** The simulation records nothing: no node here ever has a recording. */
const getRecordings = (): Reply =>
  success(
    container("recordings", []),
    ...messages("noRecordings", "There are no recordings for the meeting(s)."),
  );

const resources: ReadonlyMap<string, Resource> = new Map(Object.entries<Resource>({
  "": { methods: getOrPost, answer: root, signed: false, bodies: [...formTypes, ...xmlTypes, "application/json"] },
  create: {
    methods: getOrPost,
    bodies: [...formTypes, ...xmlTypes],
    answer: ({ request, meetings, clock }) => create(request, meetings, clock),
  },
  join: {
    methods: ["GET"],
    answer: ({ request, meetings, random, origin }) => join(request, meetings, random, origin),
    fail: ({ request, origin }, violation) => joinFailure(request, violation, origin),
  },
  isMeetingRunning: { methods: getOrPost, answer: isMeetingRunning },
  end: { methods: getOrPost, answer: end },
  getMeetingInfo: { methods: getOrPost, answer: getMeetingInfo, cached: true },
  getMeetings: { methods: getOrPost, answer: ({ meetings }) => meetingsAnswer(meetings.list()) },
  getSessions: { methods: getOrPost, answer: getSessions },
  insertDocument: { methods: ["POST"], bodies: xmlTypes, answer: insertDocument, cached: true },
  sendChatMessage: { methods: ["GET"], answer: sendChatMessage, cached: true },
  getRecordings: { methods: getOrPost, answer: getRecordings, cached: true },
  publishRecordings: { methods: ["GET"], answer: () => failed(noRecordings) },
  deleteRecordings: { methods: ["GET"], answer: () => failed(noRecordings) },
  updateRecordings: { methods: getOrPost, answer: () => failed(noRecordings) },
}));

/** Method, then body type, then checksum, then the call: a wrong secret never learns whether a meeting exists. */
export function answerCall(call: Call, checksumValid: boolean): Reply {
  const { request } = call;
  const resource = resources.get(request.resource);
  if (resource === undefined) return page(404, "Not Found");
  if (resource.methods.includes(request.method) === false) {
    const reply = page(405, "Method Not Allowed");
    return { ...reply, headers: { ...reply.headers, allow: resource.methods.join(", ") } };
  }
  const fail = (violation: Violation) => resource.fail?.(call, violation) ?? failed(violation);
  const reply = request.hasBody && (resource.bodies ?? formTypes).includes(request.contentType) === false
    ? fail({ key: "unsupportedContentType", message: "POST request Content-Type is missing or unsupported" })
    : resource.signed !== false && checksumValid === false
    ? fail({ key: "checksumError", message: "Checksums do not match" })
    : resource.answer(call);
  return resource.cached ? reply : { ...reply, headers: { ...reply.headers, "cache-control": "no-cache" } };
}
