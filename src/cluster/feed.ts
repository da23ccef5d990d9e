// Keeps the memory true to the database: notifications, re-reads, pulses, a reconcile; and says when it can be trusted.
import type { Clock, Db, Pool } from "../deps.ts";
import { errorText } from "../errors.ts";
import { every } from "../lib/every.ts";
import type { Logger } from "../log.ts";
import { listBackendPulses, listBackends, listBackendsByID, updateBackendCounters } from "../store/backends.ts";
import { listFrontends, listFrontendsByID } from "../store/frontends.ts";
import { listMeetings, listMeetingsByID, listMeetingVersions, type MeetingRow } from "../store/meetings.ts";
import { attendeesCount } from "../bbb/meeting.ts";
import { createClusterMemory } from "./memory.ts";
import { createFollower, type Follower } from "./follower.ts";
import type { ViewSource } from "./view.ts";

export interface ClusterFeed extends ViewSource {
  /** Follows the database until the signal aborts; comes back from every loss of it. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the view is trusted for the first time. */
  readonly ready: Promise<void>;
  /** Seconds since memory was last known to hold everything; undefined = not yet. */
  ageSeconds(): number | undefined;
}

export interface FeedDeps {
  readonly db: Db;
  /** A pool of its own for the listening connection, because only closing the pool closes a dead one. */
  readonly openListener: () => Pool;
  readonly clock: Clock;
  readonly log: Logger;
}

const CHANNEL = "b3scale_changes";
const PULSE_MS = 1000;
/** A ping of ours that is not heard for so long means that notifications may be lost. */
const SILENCE_MS = 3000;
/** And then the connection is given up and opened anew. */
const GIVE_UP_MS = 8000;
const RECONCILE_MS = 30_000;
/** After a load, until its counters are written: polls and creates of the moment have found their way by then. */
const SETTLE_MS = 5000;

export function createClusterFeed({ db, openListener, clock, log }: FeedDeps): ClusterFeed {
  const memory = createClusterMemory();
  const processID = crypto.randomUUID();
  let trusted = false;
  /** How often something spoke against the view: a load that was begun before says nothing about what was lost since. */
  let doubts = 0;
  let loading: Promise<void> | undefined;
  /** When the counters of all backends are compared: a process may have died before it wrote them, or could not. */
  let recountAt = Infinity;
  let heardAt = clock.monotonic();
  let seenUntil = 0;
  /** Monotonic. */
  let wholeAt: number | undefined;
  let meetingListener: (id: string) => void = () => {};
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve) => becomeReady = resolve);

  const changed = (id: string) => meetingListener(id);
  const onFailure = (error: unknown) => distrust(errorText(error));
  const followers: Readonly<Record<string, Follower>> = {
    frontends: createFollower({
      clock,
      onFailure,
      readRows: (ids) => listFrontendsByID(db, ids),
      put: (row) => memory.putFrontend(row),
      remove: memory.deleteFrontend,
    }),
    backends: createFollower({
      clock,
      onFailure,
      readRows: (ids) => listBackendsByID(db, ids),
      put: (row) => memory.putBackend(row, clock.monotonic()),
      remove: memory.deleteBackend,
    }),
    meetings: createFollower({
      clock,
      onFailure,
      readRows: (ids) => listMeetingsByID(db, ids),
      put: putMeeting,
      remove: removeMeeting,
    }),
  };

  function putMeeting(row: MeetingRow): void {
    memory.putMeeting(row, clock.monotonic());
    changed(row.id);
  }

  function removeMeeting(id: string): void {
    memory.deleteMeeting(id);
    changed(id);
  }

  function distrust(reason: string): void {
    if (trusted) log.warn("cluster view is not trusted, reads go to the database", { error: reason });
    trusted = false;
    doubts++;
  }

  function onNotification(payload: string): void {
    if (payload.startsWith("ping:")) {
      if (!payload.startsWith(`ping:${processID}:`)) return;
      heardAt = clock.monotonic();
      const sentAt = Number(payload.slice(payload.lastIndexOf(":") + 1));
      // What was notified before the ping is held as soon as it has been read.
      void followers["meetings"]?.settled().then(() => {
        seenUntil = Math.max(seenUntil, sentAt);
        if (trusted) wholeAt = clock.monotonic();
      });
      if (!trusted) void load();
      return;
    }
    const split = payload.indexOf(":");
    const follower = followers[payload.slice(0, split)];
    try {
      follower?.notify(JSON.parse(payload.slice(split + 1)) as string[]);
    } catch (error) { // nobody but our triggers should write here
      log.warn("unreadable change notification", { error: errorText(error) });
    }
  }

  /** Everything anew. What is notified or written meanwhile is read again by the followers. */
  function load(): Promise<void> {
    loading ??= (async () => {
      const doubtsBefore = doubts;
      const reads = Object.values(followers).map((follower) => follower.beginLoad());
      try {
        const [frontends, backends, meetings] = await Promise.all([
          listFrontends(db),
          listBackends(db),
          listMeetings(db),
        ]);
        reads[0]?.(frontends, memory.frontends.keys());
        reads[1]?.(backends, memory.backends.keys());
        reads[2]?.(meetings, memory.meetings.keys());
        await Promise.all(Object.values(followers).map((follower) => follower.settled()));
        memory.takeChangedBackends();
        recountAt = clock.monotonic() + SETTLE_MS;
        // The link was lost or went silent meanwhile: the next ping begins anew.
        if (doubts > doubtsBefore || clock.monotonic() - heardAt > SILENCE_MS) return;
        if (!trusted) {
          log.info("cluster view is trusted", { meetings: memory.meetings.size, backends: memory.backends.size });
        }
        trusted = true;
        wholeAt = clock.monotonic();
        becomeReady();
      } catch (error) {
        distrust(errorText(error));
      } finally {
        loading = undefined;
      }
    })();
    return loading;
  }

  /** Rows whose version is another one, or that are gone, are read again: some writes notify nobody. */
  async function reconcile(): Promise<void> {
    const [frontends, backends, meetings] = await Promise.all([
      listFrontends(db),
      listBackends(db),
      listMeetingVersions(db),
    ]);
    followers["frontends"]?.compare(frontends, new Map(Array.from(memory.frontends, ([id, row]) => [id, row.version])));
    followers["backends"]?.compare(
      backends,
      new Map(Array.from(memory.backends, ([id, { row }]) => [id, row.version])),
    );
    followers["meetings"]?.compare(
      meetings,
      new Map(Array.from(memory.meetings, ([id, { row }]) => [id, row.version])),
    );
    recountAt = clock.monotonic();
  }

  async function pulse(): Promise<void> {
    const askedAt = clock.monotonic();
    const pulses = await listBackendPulses(db, `ping:${processID}`);
    const now = clock.monotonic();
    /** A row that was read meanwhile may tell of a failure that the pulses do not know. */
    const isOlder = (id: string) => (memory.backends.get(id)?.readAt ?? askedAt) > askedAt;
    const unknown = pulses.filter((one) => !isOlder(one.id) && !memory.putPulse(one, now)).map(({ id }) => id);
    if (unknown.length > 0) followers["backends"]?.notify(unknown);
    if (!trusted) return;
    const isRecount = clock.monotonic() >= recountAt;
    const changed = isRecount ? Array.from(memory.backends.keys()) : memory.takeChangedBackends();
    if (isRecount) recountAt = Infinity;
    try {
      await updateBackendCounters(db, changed.map(countersOf));
    } catch (error) {
      recountAt = clock.monotonic();
      throw error;
    }
  }

  function countersOf(backendID: string): { id: string; meetings: number; attendees: number } {
    const rows = Array.from(memory.meetingsOfBackend(backendID), ({ row }) => row.meeting);
    return { id: backendID, meetings: rows.length, attendees: rows.reduce((sum, row) => sum + attendeesCount(row), 0) };
  }

  /** One listening connection until it goes silent. */
  async function listen(signal: AbortSignal): Promise<void> {
    const pool = openListener();
    heardAt = clock.monotonic();
    try {
      // Rejects when the first attempt fails, and goes on trying all the same.
      pool.listen(CHANNEL, onNotification, () => {
        distrust("the listening connection was opened anew");
        heardAt = clock.monotonic();
        void load();
      }).catch((error) => log.debug("listening for changes failed, trying on", { error: errorText(error) }));
      while (clock.monotonic() - heardAt < GIVE_UP_MS) {
        await clock.sleep(PULSE_MS / 2, signal);
        if (clock.monotonic() - heardAt > SILENCE_MS) distrust("no notification came back");
      }
    } finally {
      await pool.end({ timeout: 0 }).catch(() => {}); // a dead link cannot be closed politely
    }
  }

  return {
    memory,
    ready,
    isTrusted: () => trusted,
    ageSeconds: () => wholeAt === undefined ? undefined : (clock.monotonic() - wholeAt) / 1000,
    seenUntil: () => seenUntil,
    applyMeeting: (row) => {
      followers["meetings"]?.touch(row.id);
      putMeeting(row);
    },
    forgetMeeting: (id) => {
      removeMeeting(id);
      followers["meetings"]?.notify([id]); // it may have got another backend instead of being deleted
    },
    onMeetingChange: (listener) => meetingListener = listener,
    run: async (signal) => {
      const comparing = () => trusted ? reconcile() : Promise.resolve();
      await Promise.all([
        every({ clock, log }, { ms: 0, what: "listening for changes", run: () => listen(signal) }, signal),
        every({ clock, log }, { ms: PULSE_MS, what: "reading heartbeats", isQuick: true, run: pulse }, signal),
        every({ clock, log }, { ms: RECONCILE_MS, what: "comparing the view", isQuick: true, run: comparing }, signal),
      ]);
    },
  };
}
