// Merges what a request sends into a stored meeting (control-plane contract §6, §7.4). Pure.
import type { Meeting } from "../bbb/meeting.ts";
import type { MeetingPatch } from "../contract/meeting.ts";
import { encodeStoredMeeting, readStoredMeeting } from "../store/stored_meeting.ts";

/**
 * Scalars and lists replace, `Metadata` and `Breakout` merge per key. Null is no change for a scalar, removes a name of
 * the metadata, empties it when it stands for all of it, and clears a list or the breakout.
 */
export function patchMeeting(stored: Meeting, patch: MeetingPatch): Meeting {
  const { Metadata, Attendees, BreakoutRooms, Breakout, ...scalars } = patch;
  const document = encodeStoredMeeting(stored);
  return readStoredMeeting({
    ...document,
    ...withoutNull(scalars),
    ...given({
      Metadata: Metadata && withoutNull({ ...stored.metadata, ...Metadata }),
      Attendees, // what an entry does not name reads as zero
      BreakoutRooms,
      Breakout: Breakout && { ...document["Breakout"] as object | null, ...withoutNull(Breakout) },
    }),
    ...(Metadata === null ? { Metadata: {} } : {}),
  });
}

const given = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

const withoutNull = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));
