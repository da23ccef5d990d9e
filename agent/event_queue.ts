// What waits to be reported: events of one meeting strictly one after the other, meetings side by side, so many of them
// and no more. Filled and emptied by event_flow.ts.
import type { Clock } from "../src/deps.ts";

export interface EventQueue<Event> {
  /** @returns false when it is full: the event is not taken */
  push(meetingID: string, event: Event): boolean;
  /** Forgets what waits, of one meeting or of all. */
  clear(meetingID?: string): void;
  /** Starts no delivery until `release()`; those under way get so long and are called off then. */
  hold(graceMs: number): Promise<void>;
  release(): void;
  readonly waiting: number;
}

export interface EventQueueOptions<Event> {
  readonly clock: Clock;
  /** Never rejects, and settles at once when its signal aborts. The next event of the meeting follows then. */
  readonly deliver: (event: Event, signal: AbortSignal) => Promise<void>;
  /** Default 10,000: some megabytes, and minutes of a busy node. */
  readonly mostWaiting?: number;
}

const MOST_WAITING = 10_000;
const AT_ONCE = 16;
/**
 * The server waits up to 15 s for a meeting that it does not know yet. Whoever takes longer than this gives the place to
 * another meeting: breakout rooms, which it meets only at its next poll, would hold all places otherwise.
 */
const SLOW_MS = 1000;
const MOST_SLOW = 240;

/** Held until it is released for the first time. Once the signal aborts it delivers nothing any more. */
export function createEventQueue<Event>(options: EventQueueOptions<Event>, signal: AbortSignal): EventQueue<Event> {
  const { clock, deliver, mostWaiting = MOST_WAITING } = options;
  const lines = new Map<string, Event[]>();
  /** Meetings whose turn it is: events wait, none is under way. In the order in which they got ready. */
  const ready = new Set<string>();
  const busy = new Map<string, Promise<void>>();
  let waiting = 0;
  let quick = 0;
  let slow = 0;
  let held = true;
  let round = new AbortController();
  signal.addEventListener("abort", () => round.abort(signal.reason), { once: true });

  function work(): void {
    for (const meetingID of ready) {
      if (held || signal.aborted || quick >= AT_ONCE) return;
      ready.delete(meetingID);
      const event = take(meetingID);
      if (event !== undefined) busy.set(meetingID, run(meetingID, event));
    }
  }

  function take(meetingID: string): Event | undefined {
    const line = lines.get(meetingID);
    const event = line?.shift();
    if (event !== undefined) waiting--;
    if (line?.length === 0) lines.delete(meetingID);
    return event;
  }

  async function run(meetingID: string, event: Event): Promise<void> {
    quick++;
    let isSlow = false;
    const cancel = clock.after(SLOW_MS, () => {
      if (slow >= MOST_SLOW) return;
      isSlow = true;
      slow++;
      quick--;
      work();
    });
    await deliver(event, round.signal);
    cancel();
    if (isSlow) slow--;
    else quick--;
    busy.delete(meetingID);
    if (lines.has(meetingID)) ready.add(meetingID);
    work();
  }

  return {
    push: (meetingID, event) => {
      if (waiting >= mostWaiting) return false;
      const line = lines.get(meetingID);
      if (line === undefined) lines.set(meetingID, [event]);
      else line.push(event);
      waiting++;
      if (!busy.has(meetingID)) ready.add(meetingID);
      work();
      return true;
    },
    clear: (meetingID) => {
      const cleared = meetingID === undefined ? [...lines.keys()] : [meetingID];
      for (const id of cleared) {
        waiting -= lines.get(id)?.length ?? 0;
        lines.delete(id);
        ready.delete(id);
      }
    },
    hold: async (graceMs) => {
      held = true;
      const cancel = clock.after(graceMs, () => round.abort());
      await Promise.all(busy.values());
      cancel();
      round = new AbortController();
    },
    release: () => {
      held = false;
      work();
    },
    get waiting() {
      return waiting;
    },
  };
}
