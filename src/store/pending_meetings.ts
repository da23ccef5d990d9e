// Meetings from their reservation to the node's answer: the writes of create, many at a time, each answered on its own.
// A peer of 1.x neither lists nor deletes such a row: it has no backend.
import type { Meeting } from "../bbb/meeting.ts";
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";
import { columns, lockMeetings, type MeetingRow, PENDING, type RawRow, read, source } from "./meetings.ts";
import { encodeStoredMeeting } from "./stored_meeting.ts";

/** A row that has just become pending; with the most people its room ever had. */
export interface PendingMeeting {
  readonly peak: number | null;
}

type Taken = PendingMeeting & { readonly internal_id: string };

const peakOf = (tx: Db) =>
  tx`(select p.peak from b3scale_room_peaks p where p.frontend_id = meetings.frontend_id and p.meeting_id = meetings.id)`;

const byPendingID = (rows: readonly Taken[]): Map<string, PendingMeeting> =>
  new Map(rows.map(({ internal_id, peak }) => [internal_id.slice(PENDING.length), { peak }]));

/** Reserves the ids. @returns by the pendingID of those that had no row before */
export async function insertPendingMeetings(
  tx: Db,
  rows: readonly { id: ClusterMeetingID; pendingID: string; frontend_id: string; meeting: Meeting }[],
): Promise<Map<string, PendingMeeting>> {
  if (rows.length === 0) return new Map();
  // In one order everywhere: two processes that insert the same ids wait for each other, and must not do so in a circle.
  const inserted = await tx<Taken[]>`
    insert into meetings (id, internal_id, state, frontend_id)
    select id, internal_id, state::jsonb, frontend_id
    from unnest(${rows.map(({ id }) => id)}::text[], ${rows.map(({ pendingID }) => PENDING + pendingID)}::text[],
      ${rows.map(({ meeting }) => JSON.stringify(encodeStoredMeeting(meeting)))}::text[],
      ${rows.map(({ frontend_id }) => frontend_id)}::uuid[])
      with ordinality as t(id, internal_id, state, frontend_id, place)
    order by id, place
    on conflict do nothing returning internal_id, ${peakOf(tx)} as peak`;
  return byPendingID(inserted);
}

/** Makes meetings whose node is gone pending again, as young as new ones. @returns by the pendingID of those nobody else took */
export async function takeOverMeetings(
  tx: Db,
  rows: readonly { id: ClusterMeetingID; seenInternalID: string; seenBackendID: string | null; pendingID: string }[],
): Promise<Map<string, PendingMeeting>> {
  if (rows.length === 0) return new Map();
  const ids = rows.map(({ id }) => id);
  const taken = await tx<Taken[]>`
    with locked as (${lockMeetings(tx, tx`id = any(${ids}::text[])`)})
    update meetings set backend_id = null, internal_id = t.pending, created_at = localtimestamp,
      updated_at = localtimestamp
    from locked join unnest(${ids}::text[], ${rows.map(({ seenInternalID }) => seenInternalID)}::text[],
      ${rows.map(({ seenBackendID }) => seenBackendID)}::uuid[],
      ${rows.map(({ pendingID }) => PENDING + pendingID)}::text[]) as t(id, seen, seen_backend, pending) using (id)
    where meetings.id = t.id and meetings.backend_id is not distinct from t.seen_backend
      and coalesce(meetings.internal_id, '') = t.seen
    returning meetings.internal_id, ${peakOf(tx)} as peak`;
  return byPendingID(taken);
}

/**
 * Stores what nodes built, with the reservations and mappings that belong to it, in one statement.
 * @returns by the pendingID of those whose pending row was still there
 */
export async function confirmMeetings(
  db: Db,
  rows: readonly { id: ClusterMeetingID; pendingID: string; backendID: string; meeting: Meeting }[],
): Promise<Map<string, MeetingRow>> {
  const ids = rows.map(({ id }) => id);
  const stored = await db<(RawRow & { readonly pending: string })[]>`
    with locked as (${lockMeetings(db, db`id = any(${ids}::text[])`)}), given as (
      select t.* from locked join unnest(${ids}::text[],
        ${rows.map(({ pendingID }) => PENDING + pendingID)}::text[],
        ${rows.map(({ backendID }) => backendID)}::uuid[],
        ${rows.map(({ meeting }) => meeting.internalMeetingID)}::text[],
        ${rows.map(({ meeting }) => JSON.stringify(encodeStoredMeeting(meeting)))}::text[])
        as t(id, pending, backend_id, internal_id, state) using (id)
    ), m as (
      update meetings set backend_id = given.backend_id, internal_id = given.internal_id, state = given.state::jsonb,
        updated_at = localtimestamp, synced_at = localtimestamp
      from given where meetings.id = given.id and meetings.internal_id = given.pending
      returning given.pending, meetings.id, meetings.internal_id, meetings.state, meetings.frontend_id, meetings.backend_id,
        meetings.created_at, meetings.updated_at, meetings.synced_at, meetings.xmin
    ), r as (
      update b3scale_reservations set confirmed_at = localtimestamp where meeting_id in (select id from m)
      returning meeting_id, backend_id, expected, xmin
    ), mapping as (
      insert into frontend_meetings (frontend_id, meeting_id, seen_at)
      select frontend_id, id, localtimestamp from m where frontend_id is not null order by id
      on conflict (meeting_id) do update set seen_at = excluded.seen_at
    )
    select m.pending, ${columns(db)} from m left join r on r.meeting_id = m.id`;
  return new Map(stored.map(({ pending, ...row }) => [pending.slice(PENDING.length), read(row)]));
}

export async function deletePendingMeeting(db: Db, id: ClusterMeetingID, pendingID: string): Promise<void> {
  await db`delete from meetings where id = ${id} and internal_id = ${PENDING + pendingID}`;
}

/** Pending rows whose creator must be dead, with the node that may have built the meeting. */
export async function listStalePendingMeetings(db: Db, olderThanSeconds: number): Promise<MeetingRow[]> {
  return (await db<RawRow[]>`
    select ${columns(db)} from ${source(db)}
    where m.internal_id like ${PENDING + "%"} and m.backend_id is null
      and greatest(m.created_at, m.updated_at, r.created_at) < localtimestamp - make_interval(secs => ${olderThanSeconds})`)
    .map(read);
}

/** The uuid that a pending row was reserved with. */
export const pendingIDOf = (row: Pick<MeetingRow, "internal_id">): string => row.internal_id.slice(PENDING.length);
