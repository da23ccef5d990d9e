// Meetings as operators and agents see and change them in REST: rows with the names of their frontend and backend.
import type { Meeting } from "../bbb/meeting.ts";
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";
import { columns, type MeetingRow, type RawRow, read, source } from "./meetings.ts";
import { encodeStoredMeeting } from "./stored_meeting.ts";

export interface MeetingRecord {
  readonly row: MeetingRow;
  readonly frontend_key: string | null;
  readonly backend_host: string | null;
}

/** All of them have to match. A pending meeting matches nothing. */
export interface MeetingFilter {
  readonly id?: string;
  readonly internal_id?: string;
  readonly backend_id?: string;
  readonly frontend_id?: string;
}

const recordColumns = (db: Db) => db`${columns(db)}, f.key as frontend_key, b.host as backend_host`;
const records = (db: Db) =>
  db`${source(db)} left join frontends f on f.id = m.frontend_id left join backends b on b.id = m.backend_id`;
const matching = (db: Db, filter: MeetingFilter) =>
  db`coalesce(m.internal_id, '') not like 'pending:%'
    ${filter.id === undefined ? db`` : db`and m.id = ${filter.id}`}
    ${filter.internal_id === undefined ? db`` : db`and m.internal_id = ${filter.internal_id}`}
    ${filter.backend_id === undefined ? db`` : db`and m.backend_id = ${filter.backend_id}`}
    ${filter.frontend_id === undefined ? db`` : db`and m.frontend_id = ${filter.frontend_id}`}`;

type RawRecord = RawRow & Omit<MeetingRecord, "row">;
const readRecord = ({ frontend_key, backend_host, ...row }: RawRecord): MeetingRecord => ({
  row: read(row),
  frontend_key,
  backend_host,
});

/** Oldest first. */
export async function listMeetingRecords(db: Db, filter: MeetingFilter): Promise<MeetingRecord[]> {
  return (await db<RawRecord[]>`
    select ${recordColumns(db)} from ${records(db)} where ${matching(db, filter)} order by m.created_at, m.id`)
    .map(readRecord);
}

/** For a change within the transaction. */
export async function lockMeetingRecord(tx: Db, filter: MeetingFilter): Promise<MeetingRecord | undefined> {
  return (await tx<RawRecord[]>`
    select ${recordColumns(tx)} from ${records(tx)} where ${matching(tx, filter)} for update of m`).map(readRecord)[0];
}

/** `internal_id` follows the document; a row of 1.x whose document has none keeps what it has. */
export async function updateMeetingRecord(tx: Db, id: ClusterMeetingID, meeting: Meeting): Promise<void> {
  await tx`
    update meetings set state = ${tx.json(encodeStoredMeeting(meeting))}, updated_at = localtimestamp,
      internal_id = coalesce(nullif(${meeting.internalMeetingID}, ''), internal_id)
    where id = ${id}`;
}

export async function deleteMeetingRecord(tx: Db, id: ClusterMeetingID): Promise<void> {
  await tx`delete from meetings where id = ${id}`;
}
