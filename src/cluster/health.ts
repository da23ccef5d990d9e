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

export const hadAgent = ({ ages }: Pick<Backend, "ages">): boolean => ages.heartbeat < NEVER_SECONDS;

/**
 * Seconds since the last good poll, Infinity before the first. A poll by a 1.x worker leaves no record of ours, but moves
 * synced_at of a ready node.
 */
export const goodPollAge = ({ ages, node_state }: Pick<Backend, "ages" | "node_state">): number =>
  Math.min(ages.good ?? Infinity, node_state === "ready" ? ages.synced : Infinity);

type Trouble = "failed" | "never polled" | "error" | "heartbeat lost";

function troubleOf(backend: ObservedBackend): Trouble | undefined {
  const { ages } = backend;
  const good = goodPollAge(backend);
  const failed = ages.failed ?? Infinity;
  if (failed <= good && failed < Infinity) return "failed";
  if (good === Infinity) return backend.node_state === "error" ? "error" : "never polled";
  if (backend.admin_state === "ready" && backend.node_state === "error") return "error";
  const lost = ages.heartbeat - HEARTBEAT_SECONDS;
  if (hadAgent(backend) && lost > 0 && good >= lost) return "heartbeat lost"; // not polled well since
  return undefined;
}

export function healthOf(backend: ObservedBackend): Health {
  const trouble = troubleOf(backend);
  if (trouble === undefined) return "available";
  return trouble === "failed" && backend.failed_polls >= OFFLINE_AFTER_FAILED_POLLS ? "offline" : "unstable";
}

/** Whether the node takes new meetings. */
export const isEligible = (backend: ObservedBackend): boolean =>
  backend.admin_state === "ready" && healthOf(backend) === "available";

/** Whether the operator wants the node empty: no new meetings, those it has are served. */
export const isDraining = ({ admin_state }: Pick<Backend, "admin_state">): boolean => admin_state !== "ready";

/** Why the node takes no new meetings, for people; empty exactly when it is eligible. */
export function healthReasons(backend: ObservedBackend & Pick<Backend, "last_error">): string[] {
  const { admin_state, ages } = backend;
  const reasons = admin_state === "ready" ? [] : [`admin_state is ${admin_state}`];
  const because = backend.last_error ? `: ${backend.last_error}` : "";
  switch (troubleOf(backend)) {
    case "failed": {
      const polls = `${backend.failed_polls} failed poll${backend.failed_polls === 1 ? "" : "s"}`;
      const what = backend.failed_polls > 0 ? polls : `last call failed ${ago(ages.failed ?? 0)}`;
      return [...reasons, what + because];
    }
    case "never polled":
      return [...reasons, "not polled yet"];
    case "error":
      return [...reasons, `node_state is error${because}`];
    case "heartbeat lost":
      return [...reasons, `heartbeat lost ${ago(ages.heartbeat)} and not polled well since`];
    case undefined:
      return reasons;
  }
}

function ago(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} days ago`;
}
