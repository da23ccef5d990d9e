// What a node said about its meetings, written into their rows (design §6): by the poll for a whole list, by
// getMeetingInfo for one. Rows that agents or creates changed meanwhile keep what the node could not know yet.
import type { Meeting } from "../bbb/meeting.ts";
import { mergeMeeting } from "../bbb/merge_meeting.ts";
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";
import { type DeletedMeeting, deletedMeeting } from "./deleted_meetings.ts";
import { isPending, updateMeeting } from "./meetings.ts";
import { encodeStoredMeeting, readStoredMeeting } from "./stored_meeting.ts";

export interface PolledMeeting {
  readonly meeting: Meeting;
  /** Of the frontend that the id names, if there is one. */
  readonly frontend_id: string | null;
}

export interface SavedMeetings {
  /** Rows that are new or changed. */
  readonly saved: readonly ClusterMeetingID[];
  /** Meetings whose row is bound to another backend. */
  readonly elsewhere: readonly {
    readonly id: ClusterMeetingID;
    readonly backend_id: string;
    readonly reserved: string | null;
  }[];
}

/** Between measuring "asked so long ago" here and the database reading its clock. */
const MARGIN_MS = 100;
/** When the node was asked. `askedAgoMs` is of the transaction's beginning: the moment must not move while it works. */
const since = (db: Db, askedAgoMs: number) =>
  db`localtimestamp - make_interval(secs => ${(askedAgoMs + MARGIN_MS) / 1000})`;

/** Locks the rows for the length of the transaction. `mayTakeFrom` says which backends have lost their meetings. */
export async function savePolledMeetings(
  tx: Db,
  poll: {
    backendID: string;
    askedAgoMs: number;
    meetings: readonly PolledMeeting[];
    mayTakeFrom: (backendID: string) => boolean;
  },
): Promise<SavedMeetings> {
  const saved: ClusterMeetingID[] = [];
  const elsewhere: { id: ClusterMeetingID; backend_id: string; reserved: string | null }[] = [];
  const rows = await lockRows(tx, poll);
  for (const { meeting, frontend_id } of poll.meetings) {
    const id = meeting.meetingID as ClusterMeetingID;
    const row = rows.get(id);
    if (row === undefined) {
      if (!meeting.hasBeenForciblyEnded && await insertPolledMeeting(tx, poll.backendID, meeting, frontend_id)) {
        saved.push(id);
      }
    } else if (isPending(row)) {
      continue; // its creator, or the sweeper, knows where it belongs
    } else if (row.backend_id === poll.backendID || row.backend_id === null || poll.mayTakeFrom(row.backend_id)) {
      const merged = mergeMeeting(readStoredMeeting(row.state), meeting, row.changed_since);
      await updateMeeting(tx, { id, backendID: poll.backendID, meeting: merged, claimedBy: frontend_id });
      saved.push(id);
    } else {
      elsewhere.push({ id, backend_id: row.backend_id, reserved: row.reserved });
    }
  }
  return { saved, elsewhere };
}

interface LockedRow {
  readonly id: string;
  readonly internal_id: string;
  readonly state: unknown;
  readonly backend_id: string | null;
  readonly reserved: string | null;
  readonly changed_since: boolean;
}

async function lockRows(
  tx: Db,
  { meetings, askedAgoMs }: { meetings: readonly PolledMeeting[]; askedAgoMs: number },
): Promise<Map<string, LockedRow>> {
  const ids = meetings.map(({ meeting }) => meeting.meetingID);
  const rows = await tx<LockedRow[]>`
    select m.id, coalesce(m.internal_id, '') as internal_id, m.state, m.backend_id, r.backend_id as reserved,
      m.updated_at > ${since(tx, askedAgoMs)} as changed_since
    from meetings m left join b3scale_reservations r on r.meeting_id = m.id
    where m.id = any(${ids}::text[]) order by m.id for update of m`;
  return new Map(rows.map((row) => [row.id, row]));
}

async function insertPolledMeeting(
  tx: Db,
  backendID: string,
  meeting: Meeting,
  frontendID: string | null,
): Promise<boolean> {
  const inserted = await tx`
    insert into meetings (id, internal_id, state, frontend_id, backend_id)
    values (${meeting.meetingID}, ${meeting.internalMeetingID}, ${
    tx.json(encodeStoredMeeting(meeting))
  }, ${frontendID}, ${backendID})
    on conflict do nothing`;
  return inserted.count > 0;
}

/**
 * Rows of the backend that its list does not name. Never one that is younger than the question: a create may have
 * finished while the list was under way.
 */
export async function deleteMissingMeetings(
  tx: Db,
  poll: { backendID: string; askedAgoMs: number; internalIDs: readonly string[] },
): Promise<DeletedMeeting[]> {
  return await tx<DeletedMeeting[]>`
    delete from meetings
    where backend_id = ${poll.backendID} and coalesce(internal_id, '') <> all(${poll.internalIDs as string[]}::text[])
      and greatest(created_at, synced_at) < ${since(tx, poll.askedAgoMs)}
    returning ${deletedMeeting(tx)}`;
}
