// Events of agents into the rows of their meetings: those of one meeting in the order in which they came, many in one
// write, different meetings side by side. Whoever reported one is answered when it is committed.
import { attendeesCount } from "../bbb/meeting.ts";
import type { Clock, Deps } from "../deps.ts";
import { AppError, errorText } from "../errors.ts";
import { requestPoll } from "../store/backend_health.ts";
import { lockMeetingByInternalID, updateReportedMeeting } from "../store/meeting_events.ts";
import type { MeetingRow } from "../store/meetings.ts";
import { type AppliedEvents, applyEvents, type MeetingEvent } from "./agent_events_apply.ts";
import { createMeetingLookup } from "./agent_events_lookup.ts";

export interface AgentEvents {
  /**
   * @returns false when the backend has no such meeting for 15 s
   * @throws unavailable when the event could not be stored
   */
  apply(backendID: string, internalMeetingID: string, event: MeetingEvent): Promise<boolean>;
}

interface Reported {
  readonly event: MeetingEvent;
  readonly deadline: number;
  readonly resolve: (stored: boolean) => void;
  readonly reject: (error: unknown) => void;
}

interface Queue {
  readonly backendID: string;
  readonly internalID: string;
  readonly reported: Reported[];
}

/** What comes within it is written together; while a write is under way, the next ones gather for the next. */
const GATHER_MS = 4;
const FIND_WITHIN_MS = 15_000;

export function createAgentEvents(deps: Pick<Deps, "db" | "view" | "clock" | "log">): AgentEvents {
  const { db, view, clock, log } = deps;
  const queues = new Map<string, Queue>();
  const lookup = createMeetingLookup(deps);
  const touches = createTouches(clock);

  async function work(key: string, queue: Queue): Promise<void> {
    while (queue.reported.length > 0) {
      try {
        await workOnce(queue);
      } catch (cause) {
        const error = new AppError("unavailable", "The events could not be stored", { cause });
        for (const { reject } of queue.reported.splice(0)) reject(error);
      }
    }
    queues.delete(key);
  }

  async function workOnce({ backendID, internalID, reported }: Queue): Promise<void> {
    const row = await lookup.find(backendID, internalID, reported[0]?.deadline ?? 0);
    if (row === undefined) {
      const left = reported.findIndex(({ deadline }) => deadline > clock.monotonic());
      for (const { resolve } of reported.splice(0, left < 0 ? reported.length : left)) resolve(false);
      return;
    }
    const batch = [...reported];
    const saved = await save(row, batch.map(({ event }) => event));
    if (saved === undefined) return view.forgetMeeting(row.id); // gone or moved: it is waited for again
    reported.splice(0, batch.length);
    for (const { resolve } of batch) resolve(true);
    if (saved.needsPoll) await pollSoon(backendID);
  }

  /** @returns undefined when the backend has the meeting no more */
  async function save(seen: MeetingRow, events: readonly MeetingEvent[]): Promise<AppliedEvents | undefined> {
    const applied = applyEvents(seen.meeting, events);
    // That nothing is to be changed is never said by what may be a moment behind.
    const written = applied.changed ? await write(deps.db, seen, applied) : undefined;
    if (written !== undefined) {
      view.applyMeeting(written);
      return applied;
    }
    const locked = await db.begin(async (tx) => {
      const row = await lockMeetingByInternalID(tx, seen.backend_id ?? "", seen.internal_id);
      if (row === undefined) return undefined;
      const applied = applyEvents(row.meeting, events);
      return { applied, row: applied.changed ? await write(tx, row, applied) : row };
    });
    if (locked?.row === undefined) return undefined;
    view.applyMeeting(locked.row);
    return locked.applied;
  }

  async function write(
    through: Parameters<typeof updateReportedMeeting>[0],
    row: MeetingRow,
    { meeting, peak }: AppliedEvents,
  ): Promise<MeetingRow | undefined> {
    const touchWithPeak = touches.due(row.id, peak, attendeesCount(meeting) === 0);
    const written = await updateReportedMeeting(through, { row, meeting, touchWithPeak });
    if (written !== undefined) touches.note(row.id, peak, touchWithPeak !== undefined);
    return written;
  }

  async function pollSoon(backendID: string): Promise<void> {
    try {
      await requestPoll(db, backendID);
    } catch (error) {
      log.warn("a node could not be made due", { backend_id: backendID, error: errorText(error) });
    }
  }

  return {
    apply: (backendID, internalID, event) =>
      new Promise((resolve, reject) => {
        const reported = { event, deadline: clock.monotonic() + FIND_WITHIN_MS, resolve, reject };
        const key = `${backendID}/${internalID}`;
        const waiting = queues.get(key);
        if (waiting !== undefined) return void waiting.reported.push(reported);
        const queue = { backendID, internalID, reported: [reported] };
        queues.set(key, queue);
        clock.after(GATHER_MS, () => void work(key, queue));
      }),
  };
}

const TOUCH_EVERY_MS = 5 * 60_000;
const REMEMBERED_MEETINGS = 20_000;

/** When the mapping and the peak of a meeting are written again: rarely, and once it has become empty. */
function createTouches(clock: Clock) {
  const touched = new Map<string, { at: number; peak: number }>();
  return {
    /** @returns the most people since the last time, when it is time again */
    due: (id: string, peak: number, isEmpty: boolean): number | undefined => {
      const last = touched.get(id);
      if (last === undefined) return peak;
      const most = Math.max(last.peak, peak);
      return clock.monotonic() - last.at > TOUCH_EVERY_MS || (isEmpty && most > 0) ? most : undefined;
    },
    note: (id: string, peak: number, written: boolean): void => {
      const last = touched.get(id);
      touched.delete(id);
      touched.set(
        id,
        written || last === undefined
          ? { at: clock.monotonic(), peak: 0 }
          : { at: last.at, peak: Math.max(last.peak, peak) },
      );
      const [oldest] = touched.keys();
      if (touched.size > REMEMBERED_MEETINGS && oldest !== undefined) touched.delete(oldest);
    },
  };
}
