// Rows of `recordings`: what a frontend finds, and the changes of gateway, REST and import. `recordings.state` is read and
// written by stored_recording.ts alone.
import type postgres from "postgres";
import type { Recording } from "../bbb/recording.ts";
import type { Db } from "../deps.ts";
import { encodeStoredRecording, readStoredRecording } from "./stored_recording.ts";

/** As BBB lists it; `lang` is ours, 1.x never wrote one. */
export interface TextTrack {
  readonly href: string;
  readonly kind: string;
  readonly label: string;
  readonly lang: string;
  readonly source: string;
}

export interface RecordingRow {
  readonly recording: Recording;
  readonly frontend_id: string;
  readonly meeting_id: string;
  readonly internal_meeting_id: string;
  readonly text_tracks: readonly TextTrack[];
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly synced_at: Date;
}

export type RawRow = Omit<RecordingRow, "recording" | "text_tracks"> & {
  readonly record_id: string;
  readonly state: unknown;
  readonly text_track_states: unknown;
};

/** The columns decide where the document says something else. */
export const read = ({ record_id, state, text_track_states, ...row }: RawRow): RecordingRow => ({
  ...row,
  recording: {
    ...readStoredRecording(state),
    recordID: record_id,
    meetingID: row.meeting_id,
    internalMeetingID: row.internal_meeting_id,
  },
  text_tracks: readTextTracks(text_track_states),
});

/** Columns that a row is read from, of `recordings` as `r`. */
export const columns = (db: Db) =>
  db`r.record_id, r.state, r.text_track_states, r.frontend_id, r.meeting_id, r.internal_meeting_id,
     r.created_at, r.updated_at, r.synced_at`;

/** Whoever's it is: for operators, nodes and playback. */
export async function findRecording(db: Db, recordID: string): Promise<RecordingRow | undefined> {
  return (await db<RawRow[]>`select ${columns(db)} from recordings r where r.record_id = ${recordID}`).map(read)[0];
}

/** Those of the ids that are the frontend's. */
export async function findFrontendRecordings(
  db: Db,
  frontendID: string,
  recordIDs: readonly string[],
): Promise<RecordingRow[]> {
  return (await db<RawRow[]>`
    select ${columns(db)} from recordings r
    where r.frontend_id = ${frontendID} and r.record_id = any(${recordIDs as string[]}::text[]) order by r.record_id`)
    .map(read);
}

/**
 * Changes the frontend's recordings among these ids together; others are none of its business.
 * @param tx a transaction, which keeps the rows locked
 * @returns the changed rows
 */
export async function updateFrontendRecordings(
  tx: Db,
  frontendID: string,
  recordIDs: readonly string[],
  change: (recording: Recording) => Recording,
): Promise<RecordingRow[]> {
  return await update(
    tx,
    tx`r.frontend_id = ${frontendID} and r.record_id = any(${recordIDs as string[]}::text[])`,
    change,
  );
}

/** Whoever's it is. @returns undefined for an unknown id */
export async function updateRecording(
  tx: Db,
  recordID: string,
  change: (recording: Recording) => Recording,
): Promise<RecordingRow | undefined> {
  return (await update(tx, tx`r.record_id = ${recordID}`, change))[0];
}

async function update(
  tx: Db,
  which: postgres.PendingQuery<postgres.Row[]>,
  change: (recording: Recording) => Recording,
): Promise<RecordingRow[]> {
  const rows = await tx<RawRow[]>`select ${
    columns(tx)
  } from recordings r where ${which} order by r.record_id for update`;
  const states = rows.map((row) => [row.record_id, encodeStoredRecording(change(read(row).recording), row.state)]);
  return (await tx<RawRow[]>`
    update recordings r set state = changed.value, updated_at = localtimestamp
    from jsonb_each(${tx.json(Object.fromEntries(states))}) as changed
    where r.record_id = changed.key returning ${columns(tx)}`).map(read);
}

/** What an import writes; an existing row keeps its frontend, its text tracks and what we do not know of. */
export type RecordingValues = Pick<RecordingRow, "recording" | "frontend_id"> & {
  readonly text_tracks?: readonly TextTrack[];
};

/** @param tx a transaction: the row that is there is read first */
export async function upsertRecording(tx: Db, { recording, frontend_id, text_tracks }: RecordingValues) {
  const [stored] = await tx<{ state: unknown }[]>`
    select state from recordings where record_id = ${recording.recordID} for update`;
  const state = tx.json(encodeStoredRecording(recording, stored?.state));
  const [saved] = await tx<RawRow[]>`
    insert into recordings as r (record_id, frontend_id, meeting_id, internal_meeting_id, state, text_track_states)
    values (${recording.recordID}, ${frontend_id}, ${recording.meetingID}, ${recording.internalMeetingID}, ${state},
      ${json(tx, text_tracks ?? [])})
    on conflict (record_id) do update set meeting_id = excluded.meeting_id,
      internal_meeting_id = excluded.internal_meeting_id, state = excluded.state, updated_at = localtimestamp,
      synced_at = localtimestamp
      ${text_tracks === undefined ? tx`` : tx`, text_track_states = excluded.text_track_states`}
    returning ${columns(tx)}`;
  if (saved === undefined) throw new Error("the recording was not saved");
  return read(saved);
}

/** @returns the ids that were the frontend's and are gone */
export async function deleteFrontendRecordings(
  tx: Db,
  frontendID: string,
  recordIDs: readonly string[],
): Promise<string[]> {
  const deleted = await tx<{ record_id: string }[]>`
    delete from recordings where frontend_id = ${frontendID} and record_id = any(${recordIDs as string[]}::text[])
    returning record_id`;
  return deleted.map(({ record_id }) => record_id);
}

/** One per language: a new one replaces the one that is there. @returns false when it is not the frontend's */
export async function putTextTrack(db: Db, frontendID: string, recordID: string, track: TextTrack): Promise<boolean> {
  const put = await db`
    update recordings set updated_at = localtimestamp, text_track_states = (
      select coalesce(jsonb_agg(t), '[]')
      from jsonb_array_elements(case when jsonb_typeof(text_track_states) = 'array' then text_track_states else '[]' end) t
      where t ->> 'lang' is distinct from ${track.lang}
    ) || ${json(db, [track])}
    where frontend_id = ${frontendID} and record_id = ${recordID}`;
  return put.count > 0;
}

const json = (db: Db, tracks: readonly TextTrack[]) => db.json(tracks as unknown as postgres.JSONValue);

const readTextTracks = (json: unknown): TextTrack[] =>
  (Array.isArray(json) ? json : []).filter((track) => typeof track === "object" && track !== null)
    .map((track: Record<string, unknown>) => ({
      href: textOf(track["href"]),
      kind: textOf(track["kind"]),
      label: textOf(track["label"]),
      lang: textOf(track["lang"]),
      source: textOf(track["source"]),
    }));

const textOf = (value: unknown): string => typeof value === "string" ? value : "";
