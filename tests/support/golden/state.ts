// Rows: what a vector gives before the server starts, and what it says about them afterwards.
import type { Pool } from "../../../src/deps.ts";
import { compareJson } from "./jwt.ts";
import { compareRecordings, insertRecording } from "./recording_rows.ts";
import type { GivenBackend, GivenMeeting, Json, JsonObject, StateAfter, Vector } from "./vector.ts";

/** The recording's ids: fe1 … is 00000000-0000-4000-8000-0000000000f1, node1 … is …b1. */
const idOf = (name: string): string =>
  `00000000-0000-4000-8000-0000000000${name.startsWith("fe") ? "f" : "b"}${name.at(-1)}`;

/** @param syncedAgeSeconds since the last good poll of every backend */
export async function insertGiven(db: Pool, given: Vector["given"], syncedAgeSeconds: number): Promise<void> {
  for (const { key, secret, active, settings } of given.frontends) {
    await db`
      insert into frontends (id, key, secret, active, settings)
      values (${idOf(key)}, ${key}, ${secret}, ${active}, ${db.json(settings)})`;
  }
  for (const backend of given.backends) await insertBackend(db, backend, syncedAgeSeconds);
  const meetings = given.meetings ?? [];
  // Backwards: an answer in the order of the rows must not pass for one in the order of their age.
  for (const [index, meeting] of [...meetings.entries()].reverse()) {
    await insertMeeting(db, meeting, meetings.length - index);
  }
  for (const { frontend, id } of given.frontend_meetings ?? []) {
    await db`
      insert into frontend_meetings (frontend_id, meeting_id) values (${idOf(frontend)}, ${id})
      on conflict do nothing`;
  }
  for (const recording of given.recordings ?? []) await insertRecording(db, recording, idOf(recording.frontend));
}

async function insertBackend(db: Pool, backend: GivenBackend, syncedAgeSeconds: number): Promise<void> {
  await db`
    insert into backends (id, node_state, admin_state, agent_heartbeat, synced_at, load_factor, meetings_count,
      attendees_count, settings, host, secret)
    values (${idOf(backend.name)}, ${backend.node_state}, ${backend.admin_state},
      now() - make_interval(secs => ${backend.heartbeat_age_s}), now() - make_interval(secs => ${syncedAgeSeconds}),
      ${backend.load_factor}, ${backend.meetings_count}, ${backend.attendees_count}, ${db.json(backend.settings)},
      ${backend.host}, ${backend.secret})`;
}

/** Five minutes old and more: older than any poll. */
async function insertMeeting(db: Pool, meeting: GivenMeeting, order: number): Promise<void> {
  const [frontend, backend] = [meeting.frontend, meeting.backend].map((name) => name === null ? null : idOf(name));
  await db`
    insert into meetings (id, internal_id, state, frontend_id, backend_id, created_at, updated_at, synced_at)
    select ${meeting.id}, ${meeting.internal_id}, ${db.json(meeting.state)}, ${frontend ?? null}, ${backend ?? null},
      since, since, since
    from (select now() - make_interval(secs => ${300 + order}) as since)`;
  if (!frontend) return;
  await db`insert into frontend_meetings (frontend_id, meeting_id) values (${frontend}, ${meeting.id})`;
}

/** Backends whose agent is alive: their heartbeat is new when the server starts. */
export const namesWithAgent = (given: Vector["given"]): string[] =>
  given.backends.filter((backend) => backend.heartbeat_age_s === 0).map((backend) => backend.name);

/** What the agents of these backends do every second. */
export async function beat(db: Pool, names: readonly string[]): Promise<void> {
  await db`update backends set agent_heartbeat = now() where id = any(${names.map(idOf)}::uuid[])`;
}

/** Rows that the answer promises: there as soon as it is. @returns what differs, one line each */
export async function compareRows(db: Pool, expected: StateAfter): Promise<string[]> {
  const problems: string[] = [];
  if (expected.meetings !== undefined) {
    const rows = await readMeetings(db);
    const wanted = expected.meetings.toSorted((a, b) => a.id < b.id ? -1 : 1);
    problems.push(...compareLists("meetings", rows, wanted));
  }
  if (expected.frontend_meetings !== undefined) {
    const rows = await db<JsonObject[]>`
      select frontends.key as frontend, meeting_id from frontend_meetings
      join frontends on frontends.id = frontend_id order by meeting_id collate "C"`;
    problems.push(...compareLists("frontend_meetings", rows, expected.frontend_meetings));
  }
  if (expected.recordings !== undefined) problems.push(...await compareRecordings(db, expected.recordings));
  return problems;
}

/** Counters and states of the backends. @returns what differs, one line each */
export async function compareBackends(db: Pool, expected: StateAfter): Promise<string[]> {
  if (expected.backends === undefined) return [];
  const rows = await db<JsonObject[]>`
    select 'node' || right(id::text, 1) as name, node_state, admin_state, last_error, meetings_count, attendees_count
    from backends order by name`;
  return compareLists("backends", rows, expected.backends);
}

async function readMeetings(db: Pool): Promise<JsonObject[]> {
  return await db<JsonObject[]>`
    select meetings.id, internal_id, state, frontends.key as frontend,
      'node' || right(backend_id::text, 1) as backend,
      (state ->> 'ParticipantCount')::int as participants,
      case when jsonb_typeof(state -> 'Attendees') = 'array' then jsonb_array_length(state -> 'Attendees') else 0 end
        as attendees
    from meetings left join frontends on frontends.id = frontend_id
    order by meetings.id collate "C"`;
}

export async function countMeetings(db: Pool): Promise<number> {
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from meetings`;
  return row?.count ?? 0;
}

/** As many rows as expected, and each has the members that are expected of it. */
function compareLists(table: string, rows: readonly JsonObject[], expected: readonly object[]): string[] {
  if (rows.length !== expected.length) {
    return [`${table}: expected ${expected.length} rows, got ${rows.length}: ${JSON.stringify(rows)}`];
  }
  return expected.flatMap((wanted, index) =>
    Object.entries(wanted as JsonObject).flatMap(([column, value]) =>
      compareJson(`${table}[${index}].${column}`, rows[index]?.[column], value as Json)
    )
  );
}
