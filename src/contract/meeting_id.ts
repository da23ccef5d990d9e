// The three kinds of meeting id, and b3scale's codec between the frontend's and the cluster's.
// Its exact bytes are the primary key of `meetings` and the id on the node, so 1.x and we must agree on each of them.
import { Buffer } from "node:buffer";

declare const brand: unique symbol;
type Brand<Name> = string & { readonly [brand]: Name };
/** What the frontend sent. */
export type FrontendMeetingID = Brand<"FrontendMeetingID">;
/** `meetings.id`, and what nodes see. */
export type ClusterMeetingID = Brand<"ClusterMeetingID">;
/** BBB's own, made by the node. */
export type InternalMeetingID = Brand<"InternalMeetingID">;

const MARKER = "b3scl";
/** Width of the columns that hold it. */
export const MAX_CLUSTER_MEETING_ID = 255;

/** base64url with padding of the JSON array [key, id, "b3scl"], with the escapes of 1.x's JSON writer. */
export function encodeMeetingID(frontendKey: string, id: FrontendMeetingID): ClusterMeetingID {
  const json = JSON.stringify([frontendKey.toWellFormed(), id.toWellFormed(), MARKER]).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const base64 = Buffer.from(json).toString("base64url");
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, "=") as ClusterMeetingID;
}

/** @returns the parts of an encoded id, undefined for anything else */
export function readMeetingID(id: string): { frontendKey: string; meetingID: FrontendMeetingID } | undefined {
  if (id.length % 4 !== 0 || !/^[A-Za-z0-9_-]+={0,2}$/.test(id)) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(id, "base64url").toString());
    if (!Array.isArray(parts) || parts.length !== 3 || !parts.every((part) => typeof part === "string")) {
      return undefined;
    }
    const [frontendKey, meetingID, marker] = parts as [string, string, string];
    return marker === MARKER ? { frontendKey, meetingID: meetingID as FrontendMeetingID } : undefined;
  } catch {
    return undefined;
  }
}

/** The id as this frontend knows it; an id of another frontend, or one never encoded, stays as it is. */
export function decodeMeetingID(frontendKey: string, id: string): FrontendMeetingID {
  const parts = readMeetingID(id);
  return (parts?.frontendKey === frontendKey ? parts.meetingID : id) as FrontendMeetingID;
}
