// What the parts of the server tell of their work, as events; src/metrics alone knows which families come of them.
import type { NodeErrorReason } from "../bbb/client.ts";

export interface HttpObservation {
  readonly status: number;
  /** As the Host header says. */
  readonly host: string;
  readonly method: string;
  /** Path and query as they arrived. */
  readonly target: string;
  readonly seconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface GatewayObservation {
  /** Key of a frontend that exists; undefined where the request was not admitted. */
  readonly frontend: string | undefined;
  readonly resource: string;
  /** BBB's own; "" where the answer has none. */
  readonly messageKey: string;
  readonly seconds: number;
}

export interface NodeCallObservation {
  /** API base of the backend. */
  readonly host: string;
  readonly resource: string;
  /** "status" for an answer other than 2xx, or a redirect of join; undefined for a good one. */
  readonly error: NodeErrorReason | undefined;
  readonly seconds: number;
}

/** Cheap and never failing: it stands in each request. */
export interface Recorder {
  httpRequest(observed: HttpObservation): void;
  gatewayRequest(observed: GatewayObservation): void;
  nodeCall(observed: NodeCallObservation): void;
  /** A request that was refused because nobody can vouch for it. */
  authFailure(kind: "checksum" | "token"): void;
  /** This process has just deleted the row of a meeting; `frontend` is its key, null for none. */
  meetingEnded(ended: { readonly frontend: string | null; readonly seconds: number }): void;
}
