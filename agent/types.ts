// What the parts of the agent hand each other.
import type { ApiClient } from "../src/contract/client.ts";
import type { Clock } from "../src/deps.ts";
import type { Logger } from "../src/log.ts";

export interface AgentDeps {
  readonly api: ApiClient;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** Where the node's BBB publishes its events. */
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  /** "" = none */
  readonly password: string;
}

/** This node as the cluster knows it. */
export interface Registration {
  readonly backendID: string;
  /** What the server can beyond 1.x. */
  readonly features: readonly string[];
}
