// What getRecordings looks for: filters over b3scale_recording_index, which a trigger of migration extension 4 keeps.
import type { Db } from "../deps.ts";
import { columns, type RawRow, read, type RecordingRow } from "./recordings.ts";

export interface MetadataFilter {
  /** In lower case. */
  readonly name: string;
  readonly text: string;
  readonly match: "equals" | "contains" | "begins" | "ends";
}

/** All of them must hold; one that is undefined lets everything through. */
export interface RecordingFilter {
  /** Beginnings of record ids. */
  readonly recordIDs?: readonly string[];
  readonly meetingIDs?: readonly string[];
  readonly states?: readonly string[];
  readonly metadata: readonly MetadataFilter[];
}

export interface Page {
  readonly offset: number;
  /** undefined = all */
  readonly limit?: number;
}

/** The frontend's recordings, newest first; equally old ones by their id. */
export async function listFrontendRecordings(
  db: Db,
  frontendID: string,
  filter: RecordingFilter,
  page?: Page,
): Promise<RecordingRow[]> {
  return (await listQuery(db, frontendID, filter, page)).map(read);
}

export async function countFrontendRecordings(db: Db, frontendID: string, filter: RecordingFilter): Promise<number> {
  return (await countQuery(db, frontendID, filter))[0]?.count ?? 0;
}

/**
 * `offset 0` keeps a part of a query as it stands: each row of the page is looked up by its key, whatever number of them
 * the planner expects, and they stay in order. A test explains it.
 */
export const listQuery = (
  db: Db,
  frontendID: string,
  filter: RecordingFilter,
  { offset, limit }: Page = { offset: 0 },
) =>
  db<RawRow[]>`
    select ${columns(db)}
    from (
      select i.record_id, i.start_time from ${matching(db, frontendID, filter)}
      order by i.start_time desc, i.record_id offset ${offset} ${limit === undefined ? db`` : db`limit ${limit}`}
    ) as page
    cross join lateral (select ${columns(db)} from recordings r where r.record_id = page.record_id offset 0) as r
    order by page.start_time desc, page.record_id`;

export const countQuery = (db: Db, frontendID: string, filter: RecordingFilter) =>
  db<{ count: number }[]>`select count(*)::int as count from ${matching(db, frontendID, filter)}`;

/** Greater than any text that begins so: no text has U+10FFFF. */
const AFTER = "\u{10ffff}";

/** From here on, with `i` as the index's row. */
function matching(db: Db, frontendID: string, { recordIDs, meetingIDs, states, metadata }: RecordingFilter) {
  const found = recordIDs === undefined
    ? db`b3scale_recording_index as i`
    : db`unnest(${disjoint(recordIDs)}::text[]) as beginning cross join lateral (
        select record_id, frontend_id, state, start_time, metadata from b3scale_recording_index
        where frontend_id = ${frontendID}
          and record_id ~>=~ beginning and record_id ~<~ (beginning || ${AFTER}) offset 0
      ) as i`;
  const inMeetings = meetingIDs === undefined ? db`` : db`
      join recordings m on m.record_id = i.record_id and m.meeting_id = any(${meetingIDs as string[]}::text[])`;
  return db`${found} ${inMeetings}
    where i.frontend_id = ${frontendID}
      ${states === undefined ? db`` : db`and i.state = any(${states as string[]}::text[])`}
      ${metadata.reduce((held, one) => db`${held} ${holds(db, one)}`, db``)}`;
}

function holds(db: Db, { name, text, match }: MetadataFilter) {
  switch (match) {
    case "equals":
      return db`and i.metadata @> ${db.json({ [name]: text })}`;
    case "contains":
      return db`and strpos(i.metadata ->> ${name}, ${text}) > 0`;
    case "begins":
      return db`and starts_with(i.metadata ->> ${name}, ${text})`;
    case "ends":
      return db`and right(i.metadata ->> ${name}, length(${text}::text)) = ${text}`;
  }
}

/** Beginnings that have none of the others as theirs, so that no recording is found twice. */
function disjoint(texts: readonly string[]): string[] {
  const kept: string[] = [];
  for (const text of [...new Set(texts)].sort()) {
    const last = kept.at(-1);
    if (last === undefined || !text.startsWith(last)) kept.push(text);
  }
  return kept;
}
