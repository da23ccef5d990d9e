// Background work: timers put commands into the queue, the worker takes them out. Every process does the same; the
// database decides who does what.
import type { Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import { every } from "../lib/every.ts";
import { NODES_ARE_DUE } from "../store/backend_health.ts";
import { reapCommands, scheduleCommands } from "../store/commands.ts";
import { emptyRecordingsTrash } from "./empty_trash.ts";
import { expireRecordings } from "./expire_recordings.ts";
import { finishRecordingMoves } from "./finish_recording_moves.ts";
import { importRecordings, sweepRecordingUploads } from "./import_recordings.ts";
import { resolvePendingMeetings } from "./resolve_pending_meetings.ts";
import { sendCallbacks } from "./send_callbacks.ts";
import type { CommandDeps } from "./types.ts";
import { AGENT_SECONDS, AGENTLESS_SECONDS } from "./update_node_state.ts";
import { createWorker } from "./worker.ts";

const ROUND_MS = 1000;
const SWEEP_MS = 5000;
const REAP_MS = 10_000;
const MOVES_MS = 5000;
const IMPORTS_MS = 2000;
const HOUR_MS = 60 * 60 * 1000;
/** Finished commands vanish after three minutes: what is to come less often than that cannot be seen in the queue. */
const INTERVALS = { agentlessSeconds: AGENTLESS_SECONDS, agentSeconds: AGENT_SECONDS, garbageSeconds: 150 };

export interface Controller {
  /** Works until the signal aborts, then finishes what runs. */
  run(signal: AbortSignal): Promise<void>;
}

export function createController(deps: CommandDeps & Pick<Deps, "db">): Controller {
  const { db, clock, log } = deps;
  const worker = createWorker(deps);
  let wake: () => void = () => {};
  /** A round is due at its turn, or when somebody says that a node is. */
  let roundAt = 0;
  worker.onFree(() => wake());

  /** Resolves when something asks for attention, at the latest after `ms`. */
  const attention = (ms: number) =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  async function work(): Promise<void> {
    if (clock.monotonic() >= roundAt) {
      roundAt = clock.monotonic() + ROUND_MS;
      await db.begin((tx) => scheduleCommands(tx, INTERVALS));
    }
    while (await worker.claim());
  }

  function onNotification(payload: string): void {
    if (payload === NODES_ARE_DUE) roundAt = 0;
    wake();
  }

  return {
    run: async (signal) => {
      signal.addEventListener("abort", () => wake(), { once: true });
      // A lost connection costs nothing but the wake-up: the queue is looked at each second anyway.
      const listening = db.listen("commands_queue", onNotification).catch((error) => {
        log.debug("listening for commands failed", { error: errorText(error) });
        return undefined;
      });
      const scheduling = async () => {
        const next = attention(Math.max(0, Math.min(ROUND_MS, roundAt - clock.monotonic())));
        try {
          await work();
        } finally {
          await next;
        }
      };
      const resolving = () => resolvePendingMeetings(deps);
      await Promise.all([
        every(deps, { ms: 0, what: "scheduling commands", isQuick: true, run: scheduling }, signal),
        every(deps, { ms: SWEEP_MS, what: "resolving pending meetings", isQuick: true, run: resolving }, signal),
        every(deps, { ms: REAP_MS, what: "taking back commands", isQuick: true, run: () => reapCommands(db) }, signal),
        every(
          deps,
          { ms: MOVES_MS, what: "moving recordings' files", run: () => finishRecordingMoves(deps, signal) },
          signal,
        ),
        every(
          deps,
          { ms: IMPORTS_MS, what: "importing recordings", run: () => importRecordings(deps, signal) },
          signal,
        ),
        every(deps, { ms: HOUR_MS, what: "sweeping up uploads", run: () => sweepRecordingUploads(deps) }, signal),
        every(deps, { ms: HOUR_MS, what: "expiring recordings", run: () => expireRecordings(deps, signal) }, signal),
        every(deps, { ms: HOUR_MS, what: "emptying the trash", run: () => emptyRecordingsTrash(deps, signal) }, signal),
        sendCallbacks(deps, signal),
      ]);
      await worker.idle();
      await (await listening)?.unlisten();
    },
  };
}
