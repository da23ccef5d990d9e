// What passes along the router's chain.
import type { Backend } from "../store/backends.ts";
import type { Frontend } from "../store/frontends.ts";

export interface Candidate {
  readonly backend: Backend;
  readonly load: number;
}

/** What routing may look at; a gateway request satisfies it. */
export interface RoutingRequest {
  readonly frontend: Pick<Frontend, "key" | "settings">;
}

export type RouterMiddleware = (candidates: readonly Candidate[], req: RoutingRequest) => readonly Candidate[];
