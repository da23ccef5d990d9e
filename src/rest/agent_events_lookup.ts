// Finds the meetings that events are about. An agent is often faster than the answer of the create: such a meeting is
// waited for, without holding a connection, and all waiting events of a backend share one statement.
import type { Deps } from "../deps.ts";
import { listMeetingsByInternalID } from "../store/meeting_events.ts";
import type { MeetingRow } from "../store/meetings.ts";

export interface MeetingLookup {
  /** @param deadline on the monotonic clock; undefined when the backend has no such meeting until then */
  find(backendID: string, internalID: string, deadline: number): Promise<MeetingRow | undefined>;
}

/** Between two looks into the database, per backend; the view tells sooner when the row comes. */
const LOOK_EVERY_MS = 150;

type Answer = Promise<ReadonlyMap<string, MeetingRow>>;

export function createMeetingLookup({ db, view, clock }: Pick<Deps, "db" | "view" | "clock">): MeetingLookup {
  /** Rounds that others may still join, by backend. */
  const gathering = new Map<string, { wanted: Set<string>; answer: Answer }>();
  const last = new Map<string, { askedAt: number; answer: Answer }>();

  async function ask(backendID: string, internalID: string): Promise<MeetingRow | undefined> {
    let round = gathering.get(backendID);
    if (round === undefined) {
      const wanted = new Set<string>();
      round = { wanted, answer: runRound(backendID, wanted) };
      gathering.set(backendID, round);
    }
    round.wanted.add(internalID);
    return (await round.answer).get(internalID);
  }

  async function runRound(backendID: string, wanted: ReadonlySet<string>): Answer {
    const before = last.get(backendID);
    const waitMs = before === undefined ? 0 : before.askedAt + LOOK_EVERY_MS - clock.monotonic();
    await Promise.all([clock.sleep(Math.max(waitMs, 0)), before?.answer.catch(() => {})]); // one statement at a time
    gathering.delete(backendID);
    const answer = read(backendID, [...wanted]);
    last.set(backendID, { askedAt: clock.monotonic(), answer });
    return await answer;
  }

  const read = async (backendID: string, wanted: readonly string[]): Answer =>
    new Map((await listMeetingsByInternalID(db, backendID, wanted)).map((row) => [row.internal_id, row]));

  return {
    find: async (backendID, internalID, deadline) => {
      let asked: Promise<MeetingRow | undefined> | undefined;
      while (true) {
        const held = view.heldMeetingByInternalID(backendID, internalID);
        if (held !== undefined) return held;
        const leftMs = deadline - clock.monotonic();
        if (leftMs <= 0) return undefined;
        asked ??= ask(backendID, internalID).finally(() => asked = undefined);
        const change = view.nextInternalChange(internalID, Math.min(leftMs, LOOK_EVERY_MS));
        const row = await Promise.race([asked, change.then(() => undefined)]);
        if (row !== undefined) return row;
      }
    },
  };
}
