// Follows the events of the node's BBB into the cluster. Run by main.ts for as long as the agent lives.
import { createEventFlow } from "./event_flow.ts";
import { followRedis } from "./redis.ts";
import type { AgentDeps, RedisSettings, Registration } from "./types.ts";

/** Never rejects before the signal aborts, and ends promptly when it does. */
export async function followEvents(
  deps: AgentDeps & { readonly redis: RedisSettings; readonly registration: Registration },
  signal: AbortSignal,
): Promise<void> {
  const flow = createEventFlow(deps, signal);
  let isFirst = true;
  const onSubscribed = () => {
    flow.missed(isFirst ? "events are followed" : "redis was away");
    isFirst = false;
  };
  await Promise.all([followRedis(deps, { onSubscribed, onMessage: flow.take }, signal), flow.run()]);
}
