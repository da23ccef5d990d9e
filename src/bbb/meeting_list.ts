// The answer of getMeetings, cut into its meetings: one tenant's odd metadata must not make a whole node unreadable.
import { type Meeting, readMeeting } from "./meeting.ts";
import { parseXml, type XmlElement, XmlError } from "./xml.ts";

export interface MeetingList {
  /** The answer without its meetings: return code, keys. */
  readonly envelope: XmlElement;
  /** `<meeting>…</meeting>`, unread. */
  readonly blocks: readonly string[];
}

/** CDATA is skipped: a tenant may write any tag into it. */
const TAG = /<!\[CDATA\[[\s\S]*?\]\]>|<meeting>|<\/meeting>/g;

/** @throws XmlError when not even the envelope can be read */
export function readMeetingList(text: string): MeetingList {
  const blocks: string[] = [];
  let envelope = "";
  let [cut, start, end, depth] = [0, 0, 0, 0];
  const takeBlock = () => {
    blocks.push(text.slice(start, end));
    envelope += text.slice(cut, start);
    cut = end;
  };
  for (const { 0: tag, index } of text.matchAll(TAG)) {
    if (tag === "<meeting>" && depth++ === 0) start = index;
    if (tag !== "</meeting>" || depth === 0) continue;
    end = index + tag.length;
    if (--depth === 0) takeBlock(); // else the end of a meta that is called `meeting`
  }
  if (depth > 0 && end > start) takeBlock(); // ends nowhere: what is left is one block that cannot be read
  return { envelope: parseXml(envelope + text.slice(cut)), blocks };
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
