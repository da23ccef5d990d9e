// What a node's REST object means to an operator; of a 1.x server's it is worked out here. Pure, used by status_screen.ts.
import type { BackendJson } from "../src/contract/backend.ts";
import type { Answer } from "../src/contract/client.ts";
import { withoutUrls } from "./phrases.ts";

/** Best first. */
export const HEALTHS = ["available", "unstable", "offline"] as const;
export type Health = typeof HEALTHS[number];

export interface NodeStatus {
  readonly backend: Answer<BackendJson>;
  readonly health: Health;
  /** New meetings; a 1.x server does not say. */
  readonly takesNew: "yes" | "no" | "1.x";
  /** Why it does not; empty as well when health and wanted state say it all. */
  readonly reason: string;
  readonly load: number;
  readonly agent: "alive" | "lost" | "none";
  /** Since the last heartbeat. */
  readonly silentSeconds: number;
}

/** As servers count: an agent that has been silent for longer is lost. */
const ALIVE_SECONDS = 5;
/** A node that never had an agent has a heartbeat of the year 2000. */
const FIRST_HEARTBEAT = Date.UTC(2001);

/** @param now milliseconds since 1970 */
export function readNode(backend: Answer<BackendJson>, now: number): NodeStatus {
  const { eligible, admin_state, reasons = [] } = backend;
  const beatAt = Date.parse(backend.agent_heartbeat);
  const silentSeconds = (now - beatAt) / 1000;
  const agent = beatAt < FIRST_HEARTBEAT ? "none" : silentSeconds <= ALIVE_SECONDS ? "alive" : "lost";
  const health = backend.health ?? healthOn1x(backend, agent);
  const node = { backend, health, load: backend.load ?? stress(backend), agent, silentSeconds } as const;
  if (eligible === undefined) {
    return { ...node, takesNew: "1.x", reason: health === "offline" ? withoutUrls(backend.last_error ?? "") : "" };
  }
  const isPlain = eligible || (health === "available" && admin_state !== "ready");
  return { ...node, takesNew: eligible ? "yes" : "no", reason: isPlain ? "" : reasons.join("; ") };
}

/** Its router passes over nodes whose agent is silent. */
function healthOn1x({ node_state }: Answer<BackendJson>, agent: NodeStatus["agent"]): Health {
  if (node_state === "error") return "offline";
  return node_state === "ready" && agent === "alive" ? "available" : "unstable";
}

/** The formula of 1.x's router. */
const stress = ({ load_factor, meetings_count, attendees_count }: Answer<BackendJson>): number =>
  load_factor * Math.max(15 * meetings_count, attendees_count);
