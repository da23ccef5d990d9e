// The cluster as requests read it: from memory while the feed vouches for it, else from the database by the same
// functions. It never writes; whoever wrote a row hands it over with applyMeeting().
import type { Clock, Db } from "../deps.ts";
import { AppError } from "../errors.ts";
import { createSingleFlight } from "../lib/single_flight.ts";
import { within } from "../lib/within.ts";
import { type Backend, findBackend, findBackendByAgent, listBackends } from "../store/backends.ts";
import { findFrontendByKey, type Frontend, listFrontends } from "../store/frontends.ts";
import { listMeetingsByInternalID } from "../store/meeting_events.ts";
import { findMeeting, isPending, listFrontendMeetings, listMeetings, type MeetingRow } from "../store/meetings.ts";
import { attendeesCount } from "../bbb/meeting.ts";
import type { WeighedMeeting } from "./load.ts";
import type { ClusterMemory, Held } from "./memory.ts";

/** All rows, ages as of now; pending meetings are among them. */
export interface Census {
  readonly frontends: readonly Frontend[];
  readonly backends: readonly Backend[];
  readonly meetings: readonly MeetingRow[];
}

/** Every read throws `unavailable` when neither the view nor the database can answer. */
export interface ClusterView {
  isTrusted(): boolean;
  findFrontend(key: string): Promise<Frontend | undefined>;
  /** A meeting of this frontend, bound or not; a pending one does not exist. */
  findMeeting(frontendID: string, id: string): Promise<MeetingRow | undefined>;
  /** Whatever row has the id, of any frontend or pending: for binding and create only. */
  findAnyMeeting(id: string): Promise<MeetingRow | undefined>;
  /** Meetings on a backend, oldest first. */
  listFrontendMeetings(frontendID: string): Promise<readonly MeetingRow[]>;
  /** Changes with every meeting of the frontend; undefined while reads go to the database. */
  revisionOf(frontendID: string): number | undefined;
  countAttendees(frontendID: string): Promise<number>;
  /** Ages are as of now. */
  findBackend(id: string): Promise<Backend | undefined>;
  findBackendByAgent(agentRef: string): Promise<Backend | undefined>;
  listBackends(): Promise<readonly Backend[]>;
  /** By BBB's own id; a meeting of another backend does not exist. */
  findMeetingByInternalID(backendID: string, internalID: string): Promise<MeetingRow | undefined>;
  /** The same from memory alone; undefined as well while it is not trusted. */
  heldMeetingByInternalID(backendID: string, internalID: string): MeetingRow | undefined;
  /** Seconds since 1970 by the database's clock up to which the view holds everything; undefined while it is not trusted. */
  seenUntil(): number | undefined;
  /** What every meeting weighs now, pending ones at the place they have reserved; read through `db` while the view is not trusted. */
  weighMeetings(db: Db): Promise<Iterable<WeighedMeeting>>;
  /** The meetings that memory holds of a backend; undefined while it is not trusted. */
  heldMeetings(backendID: string): ReadonlyMap<string, MeetingRow> | undefined;
  census(): Promise<Census>;
  /** A row this process has just written. */
  applyMeeting(row: MeetingRow): void;
  /** A row this process has just deleted. */
  forgetMeeting(id: string): void;
  /** Resolves when the meeting's row changes, at the latest after `ms`. */
  nextChange(id: string, ms: number): Promise<void>;
  /** The same by BBB's own id, for a meeting that may not be known yet. */
  nextInternalChange(internalID: string, ms: number): Promise<void>;
}

export interface ViewSource {
  readonly memory: ClusterMemory;
  isTrusted(): boolean;
  /** Seconds since 1970 by the database's clock: memory holds what was written before. */
  seenUntil(): number;
  /** A row read or written now; a later answer of an older read must not replace it. */
  applyMeeting(row: MeetingRow): void;
  forgetMeeting(id: string): void;
  onMeetingChange(listener: (id: string) => void): void;
}

/** A request is better refused than left hanging on a dead database link. */
const DATABASE_TIMEOUT_MS = 5000;

export function createClusterView({ db, clock, source }: { db: Db; clock: Clock; source: ViewSource }): ClusterView {
  const { memory } = source;
  const frontendFlights = createSingleFlight<Frontend | undefined>({ clock });
  const meetingFlights = createSingleFlight<MeetingRow | undefined>({ clock });
  const backendFlights = createSingleFlight<Backend | undefined>({ clock });
  const agentFlights = createSingleFlight<Backend | undefined>({ clock });
  const listFlights = createSingleFlight<MeetingRow[]>({ clock });
  const backendListFlights = createSingleFlight<Backend[]>({ clock });
  const censusFlights = createSingleFlight<Census>({ clock });
  const byID = createWaiters(clock);
  const byInternalID = createWaiters(clock);

  source.onMeetingChange((id) => {
    byID.wake(id);
    const internalID = memory.meetings.get(id)?.row.internal_id;
    if (internalID !== undefined) byInternalID.wake(internalID);
  });

  const ageOf = (held: Held<unknown>, now = clock.monotonic()) => (now - held.readAt) / 1000;
  const backendNow = (held: Held<Backend>): Backend => {
    const passed = ageOf(held);
    const { heartbeat, synced, failed, good } = held.row.ages;
    const later = (age: number | null) => age === null ? null : age + passed;
    return {
      ...held.row,
      ages: { heartbeat: heartbeat + passed, synced: synced + passed, failed: later(failed), good: later(good) },
    };
  };

  /** A miss is never an answer: the database is asked before "not found" is said. */
  async function findAnyMeeting(id: string): Promise<MeetingRow | undefined> {
    const held = source.isTrusted() ? memory.meetings.get(id) : undefined;
    return held?.row ?? await meetingFlights.run(id, () => ask(findMeeting(db, id)));
  }

  async function ask<T>(answer: Promise<T>): Promise<T> {
    try {
      return await within(clock, DATABASE_TIMEOUT_MS, answer, () => new Error("no answer in time"));
    } catch (cause) {
      throw new AppError("unavailable", "The database cannot be reached", { cause });
    }
  }

  function heldMeetingByInternalID(backendID: string, internalID: string): MeetingRow | undefined {
    return source.isTrusted() ? memory.findMeetingByInternalID(backendID, internalID)?.row : undefined;
  }

  function* weighHeld(): Generator<WeighedMeeting> {
    const now = clock.monotonic();
    for (const held of memory.meetings.values()) {
      const { id, meeting, expected, ageSeconds } = held.row;
      yield { id, backend_id: placeOf(held.row), meeting, expected, ageSeconds: ageSeconds + ageOf(held, now) };
    }
  }

  async function readCensus(): Promise<Census> {
    const [frontends, backends, meetings] = await ask(
      Promise.all([listFrontends(db), listBackends(db), listMeetings(db)]),
    );
    return { frontends, backends, meetings };
  }

  function heldCensus(): Census {
    const now = clock.monotonic();
    return {
      frontends: Array.from(memory.frontends.values()),
      backends: Array.from(memory.backends.values(), backendNow),
      meetings: Array.from(
        memory.meetings.values(),
        (held) => ({ ...held.row, ageSeconds: held.row.ageSeconds + ageOf(held, now) }),
      ),
    };
  }

  const ofFrontend = (frontendID: string) =>
    listFlights.run(frontendID, () => ask(listFrontendMeetings(db, frontendID)));

  return {
    isTrusted: source.isTrusted,
    findAnyMeeting,
    findFrontend: async (key) => {
      const held = source.isTrusted() ? memory.findFrontendByKey(key) : undefined;
      return held ?? await frontendFlights.run(key, () => ask(findFrontendByKey(db, key)));
    },
    findMeeting: async (frontendID, id) => {
      const row = await findAnyMeeting(id);
      return row === undefined || row.frontend_id !== frontendID || isPending(row) ? undefined : row;
    },
    listFrontendMeetings: async (frontendID) => {
      const rows = source.isTrusted()
        ? Array.from(memory.meetingsOfFrontend(frontendID), ({ row }) => row)
        : await ofFrontend(frontendID);
      return rows.filter((row) => row.backend_id !== null && !isPending(row)).sort(oldestFirst);
    },
    revisionOf: (frontendID) => source.isTrusted() ? memory.revisionOfFrontend(frontendID) : undefined,
    countAttendees: async (frontendID) => {
      if (source.isTrusted()) return memory.attendeesOfFrontend(frontendID);
      const rows = await ofFrontend(frontendID);
      return rows.filter((row) => !isPending(row)).reduce((sum, row) => sum + attendeesCount(row.meeting), 0);
    },
    findBackend: async (id) => {
      const held = source.isTrusted() ? memory.backends.get(id) : undefined;
      return held === undefined ? await backendFlights.run(id, () => ask(findBackend(db, id))) : backendNow(held);
    },
    findBackendByAgent: async (ref) => {
      const held = source.isTrusted() ? memory.findBackendByAgent(ref) : undefined;
      if (held !== undefined) return backendNow(held);
      return await agentFlights.run(ref, () => ask(findBackendByAgent(db, ref)));
    },
    findMeetingByInternalID: async (backendID, internalID) =>
      heldMeetingByInternalID(backendID, internalID) ??
        await meetingFlights.run(`internal:${backendID}/${internalID}`, async () => {
          const [row] = await ask(listMeetingsByInternalID(db, backendID, [internalID]));
          return row;
        }),
    heldMeetingByInternalID,
    listBackends: async () =>
      source.isTrusted()
        ? Array.from(memory.backends.values(), backendNow)
        : await backendListFlights.run("", () => ask(listBackends(db))),
    seenUntil: () => source.isTrusted() ? source.seenUntil() : undefined,
    weighMeetings: async (through) => source.isTrusted() ? weighHeld() : await ask(listMeetings(through)),
    heldMeetings: (backendID) =>
      source.isTrusted()
        ? new Map(Array.from(memory.meetingsOfBackend(backendID), ({ row }) => [row.id, row]))
        : undefined,
    census: async () => source.isTrusted() ? heldCensus() : await censusFlights.run("", readCensus),
    applyMeeting: source.applyMeeting,
    forgetMeeting: source.forgetMeeting,
    nextChange: byID.wait,
    nextInternalChange: byInternalID.wait,
  };
}

/** The backend that a meeting weighs on: a pending one where it has a place. */
export const placeOf = (row: MeetingRow): string | null =>
  row.backend_id ?? (isPending(row) ? row.reserved_backend_id : null);

/** Those who wait for a key, each at most for as long as it said. */
function createWaiters(clock: Clock) {
  const waiters = new Map<string, Set<() => void>>();
  return {
    wake: (key: string): void => {
      for (const wake of waiters.get(key) ?? []) wake();
    },
    wait: (key: string, ms: number): Promise<void> =>
      new Promise((resolve) => {
        const group = waiters.get(key) ?? new Set();
        waiters.set(key, group);
        const done = () => {
          cancel();
          group.delete(done);
          if (group.size === 0) waiters.delete(key);
          resolve();
        };
        const cancel = clock.after(ms, done);
        group.add(done);
      }),
  };
}

const oldestFirst = (a: MeetingRow, b: MeetingRow): number =>
  a.created_at.getTime() - b.created_at.getTime() || (a.id < b.id ? -1 : 1);
