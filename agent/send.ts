// One call of the server about an event, tried again while the server is away. Used by event_flow.ts.
import { agentEndpoints } from "../src/contract/agent.ts";
import { ApiError } from "../src/contract/client.ts";
import { meetingEndpoints } from "../src/contract/meeting.ts";
import { errorText } from "../src/errors.ts";
import { withDeadline } from "./deadline.ts";
import type { Call } from "./report.ts";
import type { SparseLog } from "./sparse_log.ts";
import type { AgentDeps } from "./types.ts";

/**
 * `done`: the server has answered, and asking again would change nothing. `unknown_meeting`: it did not get to know the
 * meeting in the time that it waits for one. `unknown_action`: it is older than we thought. `away`: it did not answer for
 * some seconds, or this event is one that it cannot store.
 */
export type Outcome = "done" | "unknown_meeting" | "unknown_action" | "away";

/** The server itself may wait 15 s for a meeting. */
const RPC_MS = 20_000;
const DELETE_MS = 10_000;
const AWAY_AFTER_MS = 5000;
const FIRST_BACKOFF_MS = 100;

type SendDeps = Pick<AgentDeps, "api" | "clock" | "random" | "log"> & { readonly lines: SparseLog };

/** @throws the signal's reason when that aborts, nothing else */
export async function send(deps: SendDeps, call: Call, signal: AbortSignal): Promise<Outcome> {
  const { clock, random, lines } = deps;
  const begunAt = clock.monotonic();
  for (let attempt = 0;; attempt++) {
    try {
      const outcome = await sendOnce(deps, call, signal);
      lines.over("server", "the server is back");
      return outcome;
    } catch (error) {
      signal.throwIfAborted();
      const fields = { action: call.action, error: errorText(error) };
      if (error instanceof ApiError && isRefusal(error)) {
        lines.over("server", "the server is back");
        lines.warn("the server refused an event, it is skipped", fields, `refused ${error.status}`);
        return "done";
      }
      lines.warn("an event could not be reported, trying on", fields, "server");
      if (clock.monotonic() - begunAt >= AWAY_AFTER_MS) return "away";
      // 0.1, 0.2, 0.4 … s, each half of it at least, so that the meetings of all nodes do not come back together.
      await clock.sleep(FIRST_BACKOFF_MS * 2 ** attempt * (0.5 + random() / 2), signal);
    }
  }
}

const isRefusal = ({ status = 0 }: ApiError): boolean => status >= 400 && status < 500;

async function sendOnce(
  { api, clock, log, lines }: SendDeps,
  call: Call,
  signal: AbortSignal,
): Promise<Outcome> {
  if (call.action === "delete_meeting") {
    const params = { id: `internal:${call.internalMeetingID}` };
    try {
      await withDeadline(
        clock,
        DELETE_MS,
        signal,
        (signal) => api.call(meetingEndpoints.delete, { params, signal }),
      );
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error; // else somebody was faster
    }
    return "done";
  }
  const { action, params } = call;
  const payload = new TextEncoder().encode(JSON.stringify(params)).toBase64();
  const answer = await withDeadline(
    clock,
    RPC_MS,
    signal,
    (signal) => api.call(agentEndpoints.rpc, { body: { action, payload }, signal }),
  );
  if (answer.status === "ok") return "done";
  const result = answer.result ?? "";
  // A meeting that its frontend has ended, too: people leave it, and nobody knows it any more.
  if (result === "context deadline exceeded") {
    log.info("the server does not know a meeting of this node", { internal_meeting_id: params.internal_meeting_id });
    return "unknown_meeting";
  }
  lines.warn("the server could not apply an event, it is skipped", { action, error: result });
  return /action is unknown/.test(result) ? "unknown_action" : "done";
}
