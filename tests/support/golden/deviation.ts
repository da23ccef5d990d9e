// What a vector that deviates is to do instead of the recorded answer: the shape of the tables deviations_*.ts, and the
// answers that many of them share. Texts are those of the BBB API.
import type { ExpectedResponse } from "./compare_response.ts";
import type { SentCallback } from "./receiver.ts";
import type { Forwarded, MeetingAfter, Pair, StateAfter, VectorRequest } from "./vector.ts";

/** What is absent holds as recorded. */
export interface Deviation {
  readonly response?: ExpectedResponse;
  readonly forwarded?: readonly Forwarded[];
  /** Members that replace those of the record. */
  readonly stateAfter?: StateAfter;
  /** Recordings and their files are as given. */
  readonly unchanged?: boolean;
  /** The recorded list is compared in its order instead of as a set. */
  readonly listInOrder?: boolean;
  /** What else the text of `deviate` says, asked of the same server afterwards, in this order. */
  readonly also?: readonly FollowUp[];
  /** What reaches the frontend's receiver of callbacks, and how long it is left alone between the tries. */
  readonly callbacks?: readonly SentCallback[];
  readonly minGapsMs?: readonly number[];
}

export interface FollowUp {
  /** Members that replace those of the vector's request. */
  readonly request: Partial<VectorRequest>;
  /** The Accept header; absent: none. */
  readonly accept?: string;
  readonly response: ExpectedResponse;
  /** Absent: not compared, because answers of a node may be shared for a second. */
  readonly forwarded?: readonly Forwarded[];
}

export type Deviations = Readonly<Record<string, Deviation>>;

export const HTML = "text/html";
export const OWN_XML = { "content-type": "application/xml" };
export const NODE_XML = { "content-type": "text/xml;charset=utf-8" };

export const failed = (messageKey: string, message?: string): ExpectedResponse => ({
  status: 200,
  headers: OWN_XML,
  body: { kind: "failed", messageKey, message },
});

/** What the node says reaches the client as it is, ids aside. */
export const NODE_ANSWER: ExpectedResponse = { status: 200, headers: NODE_XML, body: { kind: "node" } };

export const CHECKSUM_ERROR = failed("checksumError", "Checksums do not match");
export const MISSING_MEETING_ID = failed("missingParamMeetingID", "You must provide a meeting ID");
export const UNSUPPORTED = failed("unsupportedRequest", "This request is not supported.");
export const UNKNOWN_MEETING = failed("notFound", "A meeting with that ID does not exist");
export const UNKNOWN_MEETING_ON_JOIN = failed("invalidMeetingIdentifier", "A meeting with that ID does not exist");
export const INTERNAL_ERROR = failed("internalError");
export const NO_BACKEND = failed("noBackendAvailable");

/** An answer of our own, whatever a node said. */
export const ownXml = (xml: string): ExpectedResponse => ({
  status: 200,
  headers: OWN_XML,
  body: { kind: "xml", xml, isOwn: true },
});

export const INDEX = ownXml("<response><returncode>SUCCESS</returncode><version>2.0</version></response>");
export const NO_MEETINGS = ownXml("<response><returncode>SUCCESS</returncode><meetings></meetings></response>");

/** `m-1` of `fe1` as the cluster calls it. */
export const M1 = "WyJmZTEiLCJtLTEiLCJiM3NjbCJd";
/** The internal id that a node gives it. */
export const M1_INTERNAL = "3c76f04a9145e8edf166004f03bf1354ae94fee0-1700000000000";

/** A request that is to reach a node, signed as every one is. */
export const forwarded = (
  resource: string,
  params: readonly Pair[],
  more: Partial<Forwarded> = {},
): Forwarded => ({
  to: "node1",
  method: "GET",
  resource,
  params,
  checksum_valid: true,
  checksum_alg: "sha256",
  content_type: null,
  body: "",
  ...more,
});

/** The create that most vectors send. */
export const CREATE = forwarded("create", [
  ["attendeePW", "ap"],
  ["meetingID", M1],
  ["meta_b3s-frontend", "fe1"],
  ["moderatorPW", "mp"],
  ["name", "Demo Room"],
], { content_type: "application/xml" });

/** What a create leaves when the meeting is new: the node's answer and zeros. */
export const createdOn = (backend: string): MeetingAfter => ({
  id: M1,
  internal_id: M1_INTERNAL,
  frontend: "fe1",
  backend,
  state: {
    MeetingName: "",
    MeetingID: M1,
    InternalMeetingID: M1_INTERNAL,
    CreateTime: 1700000000000,
    CreateDate: "Tue Nov 14 22:13:20 UTC 2023",
    VoiceBridge: "70757",
    DialNumber: "613-555-1234",
    AttendeePW: "ap",
    ModeratorPW: "mp",
    Running: false,
    Duration: 0,
    Recording: false,
    HasBeenForciblyEnded: false,
    StartTime: 0,
    EndTime: 0,
    ParticipantCount: 0,
    ListenerCount: 0,
    VoiceParticipantCount: 0,
    VideoCount: 0,
    MaxUsers: 0,
    ModeratorCount: 0,
    IsBreakout: false,
    Metadata: null,
    Attendees: null,
    BreakoutRooms: null,
    Breakout: null,
  },
});

export const M1_MAPPING = { frontend: "fe1", meeting_id: M1 };
/** Nothing was stored. */
export const NOTHING: StateAfter = { meetings: [], frontend_meetings: [] };
