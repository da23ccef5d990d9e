// The answer of getMeetings, cut into its meetings: one tenant's odd metadata must not make a whole node unreadable.
import { type Meeting, readMeeting } from "./meeting.ts";
import { parseXml, type XmlElement, XmlError } from "./xml.ts";

export interface MeetingList {
  /** The answer without its meetings: return code, keys. */
  readonly envelope: XmlElement;
  /** `<meeting>…</meeting>`, unread. */
  readonly blocks: readonly string[];
}

const BLOCK = /<meeting>[\s\S]*?<\/meeting>/g;

/** @throws XmlError when not even the envelope can be read */
export function readMeetingList(text: string): MeetingList {
  return { envelope: parseXml(text.replace(BLOCK, "")), blocks: text.match(BLOCK) ?? [] };
}

/** @returns undefined for a block that is no XML or names no meeting */
export function readMeetingBlock(block: string): Meeting | undefined {
  try {
    const meeting = readMeeting(parseXml(block));
    return meeting.meetingID === "" ? undefined : meeting;
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}
