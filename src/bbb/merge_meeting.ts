// How a node's list and what agents reported become one meeting (design §6). Pure; used by the poll and by getMeetingInfo.
import type { Attendee, Meeting } from "./meeting.ts";

/**
 * @param stored what the row holds
 * @param polled what the node said
 * @param changedSince whether the row changed after the node was asked: then people and counts stay, the next poll compares again
 */
export function mergeMeeting(stored: Meeting, polled: Meeting, changedSince: boolean): Meeting {
  // Another session of the same room: one that was stored after the node was asked is the newer one.
  if (stored.internalMeetingID !== polled.internalMeetingID) return changedSince ? stored : polled;
  if (!changedSince) return { ...polled, attendees: keepInternalIDs(stored.attendees, polled.attendees) };
  return {
    ...polled,
    running: stored.running,
    attendees: stored.attendees,
    participantCount: stored.participantCount,
    listenerCount: stored.listenerCount,
    voiceParticipantCount: stored.voiceParticipantCount,
    videoCount: stored.videoCount,
    moderatorCount: stored.moderatorCount,
  };
}

/** A node's list has no internal user ids; without them the next leave event finds nobody. Pairwise, in order. */
function keepInternalIDs(
  stored: readonly Attendee[] | null,
  polled: readonly Attendee[] | null,
): readonly Attendee[] | null {
  if (stored === null || polled === null || stored.length === 0) return polled;
  const known = new Map<string, string[]>();
  for (const { userID, internalUserID } of stored) {
    if (internalUserID === "") continue;
    const ids = known.get(userID);
    if (ids === undefined) known.set(userID, [internalUserID]);
    else ids.push(internalUserID);
  }
  return polled.map((attendee) => {
    if (attendee.internalUserID !== "") return attendee;
    const internalUserID = known.get(attendee.userID)?.shift();
    return internalUserID === undefined ? attendee : { ...attendee, internalUserID };
  });
}
