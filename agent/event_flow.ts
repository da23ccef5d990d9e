// From a message of BBB to the calls of the server, and what to do when one of the two was away. Everything that
// follow_events.ts does but for Redis.
import { type BbbEvent, readEvent } from "../src/bbb/events.ts";
import { statusEndpoints } from "../src/contract/status.ts";
import { errorText } from "../src/errors.ts";
import { every } from "../src/lib/every.ts";
import { withDeadline } from "./deadline.ts";
import { createEventQueue } from "./event_queue.ts";
import { createReport } from "./report.ts";
import { createResync, requestPoll, type Why } from "./resync.ts";
import { send } from "./send.ts";
import { createSparseLog } from "./sparse_log.ts";
import type { AgentDeps, Registration } from "./types.ts";

const STATUS_MS = 10_000;
/** A server that was replaced by another version while nothing happened on this node. */
const READ_FEATURES_EVERY_MS = 60_000;
const RESYNC_PAUSE_MS = 100;

export interface EventFlow {
  /** A message from Redis. */
  take(text: string): void;
  /** Messages may have been missed: nothing is reported until the server has polled the node. */
  missed(why: Why): void;
  /** Until the signal aborts; nothing is reported before it runs. */
  run(): Promise<void>;
}

export function createEventFlow(
  { api, clock, random, log, registration }: AgentDeps & { readonly registration: Registration },
  signal: AbortSignal,
): EventFlow {
  const lines = createSparseLog({ clock, log });
  const report = createReport();
  const { backendID } = registration;
  let features: ReadonlySet<string> = new Set(registration.features);

  const readFeatures = async (signal: AbortSignal) => {
    const status = await withDeadline(
      clock,
      STATUS_MS,
      signal,
      (signal) => api.call(statusEndpoints.root, { signal }),
    );
    features = new Set(status.features);
  };

  const queue = createEventQueue<BbbEvent>({ clock, deliver }, signal);
  const resync = createResync({
    api,
    clock,
    random,
    log,
    backendID,
    lines,
    queue,
    forget: report.forget,
    prepare: readFeatures, // the server may be another one by now
  });

  async function deliver(event: BbbEvent, signal: AbortSignal): Promise<void> {
    try {
      const call = report.callOf(event, features);
      if (call === undefined) return;
      const outcome = await send({ api, clock, random, log, lines }, call, signal);
      if (outcome === "away") resync.request("the server was away");
      else if (outcome === "unknown_action") features = new Set(); // until they are read again
      else if (outcome === "unknown_meeting") await skip(event, signal);
    } catch (error) {
      if (!signal.aborted) log.error("an event was not reported", { kind: event.kind, error: errorText(error) });
    }
  }

  /** Each of the meeting's events would wait as long in vain. Should the node have it after all, a poll tells everything. */
  async function skip({ internalMeetingID }: BbbEvent, signal: AbortSignal): Promise<void> {
    queue.clear(internalMeetingID);
    report.forget(internalMeetingID);
    try {
      await requestPoll({ api, clock, backendID }, signal);
    } catch (error) {
      if (!signal.aborted) log.debug("this node is polled at its turn only", { error: errorText(error) });
    }
  }

  const readFeaturesInTurn = async () => {
    await clock.sleep(READ_FEATURES_EVERY_MS, signal);
    await readFeatures(signal);
  };

  return {
    take: (text) => {
      const reading = readEvent(text);
      if (reading === undefined) return;
      if ("unreadable" in reading) {
        lines.warn("a message of BBB cannot be read", { reason: reading.unreadable }, reading.unreadable);
      } else if (!queue.push(reading.event.internalMeetingID, reading.event)) {
        resync.request("too many events waited");
      }
    },
    missed: resync.request,
    run: async () => {
      const resyncing = { ms: RESYNC_PAUSE_MS, what: "asking for a poll", run: () => resync.next(signal) };
      await Promise.all([
        every({ clock, log }, resyncing, signal),
        every({ clock, log }, { ms: 0, what: "reading the server's features", run: readFeaturesInTurn }, signal),
      ]);
      await queue.hold(0); // what was under way has been called off
    },
  };
}
