// Rows of `recordings`: what a gateway vector gives, and what it expects afterwards.
import type { Pool } from "../../../src/deps.ts";
import { compareJson } from "./jwt.ts";
import type { GivenRecording, Json, JsonObject, StateAfter } from "./vector.ts";

export async function insertRecording(db: Pool, recording: GivenRecording, frontendID: string): Promise<void> {
  const { record_id, meeting_id, state, text_track_states = [] } = recording;
  await db`
    insert into recordings (record_id, frontend_id, meeting_id, internal_meeting_id, state, text_track_states)
    values (${record_id}, ${frontendID}, ${meeting_id}, ${`DEPRECATED:${meeting_id}`}, ${db.json(state)},
      ${db.json(text_track_states)})`;
}

/** @returns what differs, one line each */
export async function compareRecordings(
  db: Pool,
  expected: NonNullable<StateAfter["recordings"]>,
): Promise<string[]> {
  const rows = await db<JsonObject[]>`
    select record_id, frontends.key as frontend, meeting_id, state, text_track_states
    from recordings join frontends on frontends.id = frontend_id order by record_id collate "C"`;
  if (rows.length !== expected.length) {
    return [`recordings: expected ${expected.length} rows, got ${rows.length}: ${JSON.stringify(rows)}`];
  }
  const wanted = expected.toSorted((a, b) => a.record_id < b.record_id ? -1 : 1);
  return wanted.flatMap((row, index) =>
    Object.entries(row).flatMap(([column, value]) => {
      const found = rows[index]?.[column];
      return compareJson(
        `recordings[${row.record_id}].${column}`,
        column === "state" && found !== undefined ? withoutSizes(found) : found,
        value as Json,
      );
    })
  );
}

/** Members of ours in a stored document. */
function withoutSizes(state: Json): Json {
  const { RawSize: _, ...document } = state as JsonObject;
  const formats = document["Formats"];
  if (!Array.isArray(formats)) return document;
  return { ...document, Formats: formats.map(({ Size: _, ...format }: JsonObject) => format) };
}
