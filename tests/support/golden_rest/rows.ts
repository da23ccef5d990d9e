// Rows of the database: what a vector gives, and what it expects afterwards.
import type { Pool } from "../../../src/deps.ts";
import type { JsonObject } from "../golden/vector.ts";
import { compareWith } from "./compare.ts";
import type { Rows } from "./vector.ts";

/** In the order in which they may be filled; emptied backwards. */
const TABLES = [
  "frontends",
  "backends",
  "meetings",
  "frontend_meetings",
  "recordings",
  "commands",
  "b3scale_callbacks",
  "b3scale_recording_imports",
] as const;
const OURS = [
  "b3scale_recording_moves",
  "b3scale_audit",
  "b3scale_room_peaks",
  "b3scale_backend_health",
  "b3scale_reservations",
] as const;

/** Deleted, not truncated: servers are notified of deleted rows only. */
export async function setRows(db: Pool, given: Rows = {}): Promise<void> {
  const unknown = Object.keys(given).find((table) => !(TABLES as readonly string[]).includes(table));
  if (unknown !== undefined) throw new Error(`Rows of "${unknown}" cannot be given`);
  await db.begin(async (tx) => {
    for (const table of [...OURS, ...TABLES.toReversed()]) await tx`delete from ${tx(table)}`;
    for (const table of TABLES) {
      for (const row of given[table] ?? []) {
        const columns = tx(Object.keys(row));
        await tx`
          insert into ${tx(table)} (${columns})
          select ${columns} from jsonb_populate_record(null::${tx(table)}, ${tx.json(row)})`;
      }
    }
  });
}

/** What makes out a row, since answers and recording may differ in the order. */
const KEYS: Readonly<Record<string, (row: JsonObject) => unknown>> = {
  frontends: (row) => row["key"],
  backends: (row) => row["host"],
  meetings: (row) => row["id"],
  frontend_meetings: (row) => row["meeting_id"],
  recordings: (row) => row["record_id"],
  commands: (row) => row["action"],
};

/** @returns what differs, one line each */
export async function compareTable(db: Pool, table: string, expected: readonly JsonObject[]): Promise<string[]> {
  const keyOf = KEYS[table];
  if (keyOf === undefined) throw new Error(`Rows of "${table}" cannot be compared`);
  const sorted = (rows: readonly JsonObject[]) => rows.toSorted((a, b) => String(keyOf(a)) < String(keyOf(b)) ? -1 : 1);
  const found = await db<{ row: JsonObject }[]>`select to_jsonb(t) as row from ${db(table)} t`;
  const rows = sorted(found.map(({ row }) => row));
  if (rows.length !== expected.length) {
    return [`${table}: expected ${expected.length} rows, got ${rows.length}: ${JSON.stringify(rows)}`];
  }
  return sorted(expected).flatMap((wanted, index) =>
    Object.entries(wanted).flatMap(([column, value]) =>
      compareWith(`${table}[${String(keyOf(wanted))}].${column}`, rows[index]?.[column], value)
    )
  );
}
