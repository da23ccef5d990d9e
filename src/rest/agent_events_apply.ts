// What one event of an agent makes of a meeting. Pure: agent_events.ts reads and writes the rows.
import { type Attendee, attendeesCount, type Meeting } from "../bbb/meeting.ts";

/** What an agent may say of a person later than at the join; absent = no change. */
export type AttendeeChanges = Partial<
  Pick<Attendee, "role" | "isPresenter" | "isListeningOnly" | "hasJoinedVoice" | "hasVideo">
>;

export type MeetingEvent =
  | { readonly kind: "running"; readonly running: boolean }
  | { readonly kind: "reset" }
  | { readonly kind: "joined"; readonly attendee: Attendee }
  | { readonly kind: "left"; readonly internalUserID: string }
  | { readonly kind: "updated"; readonly internalUserID: string; readonly changes: AttendeeChanges };

export interface AppliedEvents {
  readonly meeting: Meeting;
  /** False when no event found what it is about: then there is nothing to write. */
  readonly changed: boolean;
  /** Somebody left whom the list may hold without an internal id: only the node can tell who it is. */
  readonly needsPoll: boolean;
  /** The most people at any moment, the beginning included. */
  readonly peak: number;
}

/** All of them, in the order in which they happened. */
export function applyEvents(meeting: Meeting, events: readonly MeetingEvent[]): AppliedEvents {
  let applied: AppliedEvents = { meeting, changed: false, needsPoll: false, peak: attendeesCount(meeting) };
  for (const event of events) {
    const next = applyEvent(applied.meeting, event);
    applied = {
      meeting: next.meeting,
      changed: applied.changed || next.changed,
      needsPoll: applied.needsPoll || next.needsPoll,
      peak: Math.max(applied.peak, attendeesCount(next.meeting)),
    };
  }
  return applied;
}

export function applyEvent(
  meeting: Meeting,
  event: MeetingEvent,
): { meeting: Meeting; changed: boolean; needsPoll: boolean } {
  const people = meeting.attendees ?? [];
  switch (event.kind) {
    case "running":
      return changedTo({ ...meeting, running: event.running });
    case "reset":
      return changedTo(withAttendees({ ...meeting, running: false }, []));
    case "joined": {
      const index = placeOf(people, event.attendee);
      return changedTo(withAttendees(meeting, people.toSpliced(index, 1, event.attendee)));
    }
    case "left": {
      const left = people.filter((one) => !isUser(one, event.internalUserID));
      if (left.length < people.length) return changedTo(withAttendees(meeting, left));
      return { meeting, changed: false, needsPoll: people.some((one) => one.internalUserID === "") };
    }
    case "updated": {
      if (!people.some((one) => isUser(one, event.internalUserID))) {
        return { meeting, changed: false, needsPoll: false };
      }
      const updated = people.map((one) => isUser(one, event.internalUserID) ? { ...one, ...event.changes } : one);
      return changedTo(withAttendees(meeting, updated));
    }
  }
}

/** Where somebody who joins belongs: a repeated join and an entry that a poll was faster with are the same person. */
function placeOf(people: readonly Attendee[], { internalUserID, userID }: Attendee): number {
  const known = people.findIndex((one) => isUser(one, internalUserID));
  if (known >= 0) return known;
  const polled = people.findIndex((one) => one.internalUserID === "" && one.userID === userID);
  return polled >= 0 ? polled : people.length;
}

/** No id is nobody's: entries of a poll have none. */
const isUser = (attendee: Attendee, internalUserID: string): boolean =>
  internalUserID !== "" && attendee.internalUserID === internalUserID;

/** The list and its counts never contradict each other; a node's answer puts right what the list did not know. */
const withAttendees = (meeting: Meeting, attendees: readonly Attendee[]): Meeting => ({
  ...meeting,
  attendees,
  participantCount: attendees.length,
  moderatorCount: attendees.filter(({ role }) => role === "MODERATOR").length,
});

const changedTo = (meeting: Meeting) => ({ meeting, changed: true, needsPoll: false });
