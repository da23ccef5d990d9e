// Places that creates have taken on backends before the node was called (design §4).
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db } from "../deps.ts";

export interface Reservation {
  readonly meeting_id: ClusterMeetingID;
  readonly backend_id: string;
  readonly expected: number;
  /** By the database's clock. */
  readonly ageSeconds: number;
}

/** One number among all advisory locks of one database. */
const PLACEMENT_LOCK = 0x62337363;

/** Until the transaction ends. A statement of its own: a statement that locks and reads keeps the snapshot from before its wait. */
export async function lockPlacement(tx: Db): Promise<void> {
  await tx`select pg_advisory_xact_lock(${PLACEMENT_LOCK})`;
}

/** Between taking a place and committing it. */
const MARGIN_SECONDS = 1;

/**
 * @param seenUntil seconds since 1970, by the database's clock: only what a view may lack that holds everything up to
 * then; undefined = every reservation, for a reader without a view
 */
export async function listReservations(tx: Db, seenUntil: number | undefined): Promise<Reservation[]> {
  const rows = await tx<(Omit<Reservation, "ageSeconds"> & { age_seconds: number })[]>`
    select meeting_id, backend_id, expected, extract(epoch from localtimestamp - created_at)::float8 as age_seconds
    from b3scale_reservations
    ${
    seenUntil === undefined
      ? tx``
      : tx`where created_at > to_timestamp(${seenUntil - MARGIN_SECONDS}::float8) at time zone 'utc'`
  }`;
  return rows.map(({ age_seconds, ...row }) => ({ ...row, ageSeconds: age_seconds }));
}

/** Sets or moves places of meetings. The time is that of the write, not of a transaction that waited for the lock. */
export async function upsertReservations(
  tx: Db,
  rows: readonly { meeting_id: ClusterMeetingID; backend_id: string; expected: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx`
    insert into b3scale_reservations (meeting_id, backend_id, expected, created_at)
    select meeting_id, backend_id, expected, clock_timestamp()
    from unnest(${rows.map(({ meeting_id }) => meeting_id)}::text[], ${
    rows.map(({ backend_id }) => backend_id)
  }::uuid[],
      ${rows.map(({ expected }) => expected)}::int[]) as t(meeting_id, backend_id, expected)
    on conflict (meeting_id) do update set backend_id = excluded.backend_id, expected = excluded.expected,
      created_at = excluded.created_at, confirmed_at = null`;
}
