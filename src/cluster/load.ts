// What a meeting and a backend weigh (design §5). Pure; the placement reads it, the router orders by it.
import { attendeesCount, type Meeting } from "../bbb/meeting.ts";
import type { LoadModel } from "../config.ts";
import type { Reservation } from "../store/reservations.ts";

/** Of a room nothing is known about. */
export const DEFAULT_EXPECTED = 15;
/** A meeting that has not grown by then will not. */
const DECAY_SECONDS = 15 * 60;

export interface WeighedMeeting {
  readonly id: string;
  readonly backend_id: string | null;
  readonly meeting: Meeting;
  readonly expected: number | null;
  readonly ageSeconds: number;
}

export interface WeighedBackend {
  readonly id: string;
  readonly load_factor: number;
  readonly meetings_count: number;
  readonly attendees_count: number;
}

/** People to expect in a new meeting: the frontend's hint, else the room's peak, else 15; never more than may come in. */
export function expectedAttendees(
  known: { hint: string | undefined; peak: number | undefined; maxParticipants: string | undefined },
): number {
  const expected = wholeNumber(known.hint) ?? known.peak ?? DEFAULT_EXPECTED;
  const most = wholeNumber(known.maxParticipants) ?? 0;
  return most > 0 ? Math.min(expected, most) : expected;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text.trim()) ? Number(text) : undefined;
}

/** People there, or the part of those expected who may still come. */
export function meetingWeight(attendees: number, expected: number, ageSeconds: number): number {
  const decay = Math.min(1, Math.max(0, 1 - ageSeconds / DECAY_SECONDS));
  return Math.max(attendees, expected * decay);
}

/** Stress of each backend, which grows with each place that is taken. */
export interface Loads {
  of(backendID: string): number;
  /** A meeting that comes now, with so many people. */
  take(backendID: string, expected: number): void;
}

/**
 * Bound meetings, plus reservations of meetings that are not bound where they reserve.
 * @param meetings all that are known, pending ones included
 */
export function weighBackends(
  model: LoadModel,
  backends: readonly WeighedBackend[],
  meetings: Iterable<WeighedMeeting>,
  reservations: readonly Reservation[],
): Loads {
  const sums = new Map(
    backends.map((backend) => [backend.id, { backend, weight: 0, meetings: 0, attendees: 0 }]),
  );
  const places = new Map(reservations.map((reservation) => [reservation.meeting_id as string, reservation]));
  for (const row of meetings) {
    if (row.backend_id === null) continue;
    const place = places.get(row.id);
    if (place?.backend_id === row.backend_id) places.delete(row.id);
    const sum = sums.get(row.backend_id);
    if (sum === undefined) continue;
    const attendees = attendeesCount(row.meeting);
    const expected = row.meeting.isBreakout ? 0 : row.expected ?? DEFAULT_EXPECTED;
    sum.weight += meetingWeight(attendees, expected, row.ageSeconds);
    sum.meetings++;
    sum.attendees += attendees;
  }
  const add = (backendID: string, weight: number) => {
    const sum = sums.get(backendID);
    if (sum === undefined) return;
    sum.weight += weight;
    sum.meetings++;
  };
  for (const { backend_id, expected, ageSeconds } of places.values()) {
    add(backend_id, meetingWeight(0, expected, ageSeconds));
  }
  return {
    of: (backendID) => {
      const sum = sums.get(backendID);
      if (sum === undefined) return 0;
      const { backend } = sum;
      if (model === "expected") return backend.load_factor * sum.weight;
      // 1.x's formula; its counters may know of meetings that we do not
      const count = Math.max(sum.meetings, backend.meetings_count);
      return backend.load_factor * Math.max(15 * count, sum.attendees, backend.attendees_count);
    },
    take: (backendID, expected) => add(backendID, expected),
  };
}

/** The same once, for all backends. */
export function backendLoads(...known: Parameters<typeof weighBackends>): Map<string, number> {
  const loads = weighBackends(...known);
  return new Map(known[1].map(({ id }) => [id, loads.of(id)]));
}
