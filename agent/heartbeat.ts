// Tells the server each second that the node lives. Started by main.ts; only a lost registration ends it by itself.
import { agentEndpoints } from "../src/contract/agent.ts";
import { ApiError } from "../src/contract/client.ts";
import { errorText } from "../src/errors.ts";
import { withDeadline } from "./deadline.ts";
import { FatalError } from "./settings.ts";
import { createSparseLog } from "./sparse_log.ts";
import type { AgentDeps, Registration } from "./types.ts";

const PAUSE_MS = 1000;
/** The server counts an agent as lost after 5 s: a later answer is of no use. */
const ANSWER_MS = 5000;
/** In a row: a proxy that lacks its server for a moment answers 404 too. */
const MOST_UNKNOWN = 30;

/**
 * Until the signal aborts, whatever fails.
 * @throws FatalError when the backend of the registration is not this agent's any more: it was removed, or there is another
 * one with another id, and events are still reported under the old one. The process is to end and be started again, because
 * there is one way only to get a backend, the start's, and it does no more than the operator's flags allow.
 */
export async function sendHeartbeats(
  { api, clock, log }: Pick<AgentDeps, "api" | "clock" | "log">,
  { backendID }: Registration,
  signal: AbortSignal,
): Promise<void> {
  const lines = createSparseLog({ clock, log });
  let unknown = 0;
  while (!signal.aborted) {
    try {
      const { backend_id } = await withDeadline(
        clock,
        ANSWER_MS,
        signal,
        (signal) => api.call(agentEndpoints.heartbeat, { signal }),
      );
      if (backend_id !== backendID) throw outdated("the agent has another backend now", backend_id);
      unknown = 0;
      lines.over("failed", "heartbeats arrive again");
      lines.over("unknown", "the server has a backend of this agent again");
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof FatalError) throw error;
      if (error instanceof ApiError && error.status === 404) {
        if (++unknown === MOST_UNKNOWN) throw outdated("the server has no backend of this agent any more", backendID);
        lines.warn(
          "heartbeat refused, the server has no backend of this agent",
          { error: errorText(error) },
          "unknown",
        );
      } else {
        unknown = 0;
        lines.warn("heartbeat failed, trying on", { error: errorText(error) }, "failed");
      }
    }
    await clock.sleep(PAUSE_MS, signal).catch(() => {}); // aborted: the loop's condition ends it
  }
}

const outdated = (message: string, backend_id: string): FatalError =>
  new FatalError(message, { backend_id, hint: "the next start looks for it, and registers the node if -a is given" });
