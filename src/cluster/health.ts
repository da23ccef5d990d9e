// How a node is, from what polls, calls and heartbeats left in the database (design §6). Pure.
import { OFFLINE_AFTER_FAILED_POLLS } from "../store/backend_health.ts";
import type { Backend } from "../store/backends.ts";

export type Health = "available" | "unstable" | "offline";

/** An agent that has been silent for longer counts as lost. */
export const HEARTBEAT_SECONDS = 5;

/** `agent_heartbeat` of a node that never had an agent is the year 2000. */
const NEVER_SECONDS = 20 * 365 * 86400;

export type ObservedBackend = Pick<Backend, "node_state" | "admin_state" | "failed_polls" | "ages">;

export const hasLiveAgent = ({ ages }: Pick<Backend, "ages">): boolean => ages.heartbeat <= HEARTBEAT_SECONDS;

export function healthOf(backend: ObservedBackend): Health {
  const { ages } = backend;
  // A poll by a 1.x worker leaves no record of ours, but moves synced_at of a ready node.
  const good = Math.min(ages.good ?? Infinity, backend.node_state === "ready" ? ages.synced : Infinity);
  const failed = ages.failed ?? Infinity;
  if (failed <= good && failed < Infinity) {
    return backend.failed_polls >= OFFLINE_AFTER_FAILED_POLLS ? "offline" : "unstable";
  }
  if (good === Infinity) return "unstable";
  if (backend.admin_state === "ready" && backend.node_state === "error") return "unstable";
  const hadAgent = ages.heartbeat < NEVER_SECONDS;
  const lost = ages.heartbeat - HEARTBEAT_SECONDS;
  if (hadAgent && lost > 0 && good >= lost) return "unstable"; // not polled well since
  return "available";
}

/** Whether the node takes new meetings. */
export const isEligible = (backend: ObservedBackend): boolean =>
  backend.admin_state === "ready" && healthOf(backend) === "available";

/** Whether the operator wants the node empty: no new meetings, those it has are served. */
export const isDraining = ({ admin_state }: Pick<Backend, "admin_state">): boolean => admin_state !== "ready";
