// The conversation with the server at the start: is it there, and which backend is this node? Used by main.ts.
import { ApiError } from "../src/contract/client.ts";
import { agentEndpoints } from "../src/contract/agent.ts";
import { backendEndpoints } from "../src/contract/backend.ts";
import { statusEndpoints } from "../src/contract/status.ts";
import { errorText } from "../src/errors.ts";
import type { BbbNode } from "./bbb_web_properties.ts";
import { FatalError } from "./settings.ts";
import type { AgentDeps } from "./types.ts";

type Deps = Pick<AgentDeps, "api" | "log">;

/** @returns what the server can beyond 1.x. @throws FatalError */
export async function connect({ api, log }: Deps, signal: AbortSignal): Promise<readonly string[]> {
  const status = await orFatal("api initialization failed", api.call(statusEndpoints.root, { signal }));
  const { account_ref: agent, api: api_version, build, version } = status;
  log.info("connected to b3scaled", { agent, api_version, build, version });
  return status.features ?? [];
}

/**
 * Tells the server the node's address, secret and load factor, or makes a backend of it where `mayRegister`.
 * @returns the backend's id. @throws FatalError
 */
export async function register(
  { api, log }: Deps,
  { node, loadFactor, mayRegister }: { node: BbbNode; loadFactor: number; mayRegister: boolean },
  signal: AbortSignal,
): Promise<string> {
  const bbb = { host: node.host, secret: node.secret };
  const create = async () => {
    const body = newBackend(bbb, loadFactor);
    const created = await orFatal("failed to register backend", api.call(backendEndpoints.create, { body, signal }));
    log.info("registered backend", { id: created.id });
    return created;
  };
  const update = (id: string) => {
    const body = { bbb, load_factor: loadFactor };
    const call = api.call(backendEndpoints.update, { params: { id }, body, signal });
    return orFatal("failed to update backend", call);
  };
  const known = await orFatal("failed to get backend", orMissing(api.call(agentEndpoints.backend, { signal })));
  if (known === undefined && !mayRegister) {
    throw new FatalError("the backend was not found, consider using the autoregister option  -register (or -a)");
  }
  const backend = known === undefined ? await create() : await update(known.id);
  log.info("agent configured for backend", { host: backend.bbb.host, id: backend.id });
  return backend.id;
}

const ZERO_TIME = "0001-01-01T00:00:00Z";

/** The whole object, as 1.x's agent sends it; `init`: it takes meetings once an operator has enabled it. */
const newBackend = (bbb: BbbNode, load_factor: number) => ({
  id: "",
  node_state: "init",
  admin_state: "init",
  agent_heartbeat: ZERO_TIME,
  agent_ref: null,
  last_error: null,
  latency: 0,
  meetings_count: 0,
  attendees_count: 0,
  load_factor,
  bbb,
  settings: { tags: null },
  created_at: ZERO_TIME,
  updated_at: ZERO_TIME,
  synced_at: ZERO_TIME,
});

/** Undefined for a 404. */
export async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function orFatal<T>(message: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new FatalError(message, { error: errorText(error), hint: hintFor(error) });
  }
}

/** What to do about an error of the API; undefined when its own text must do. */
export function hintFor(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  switch (error.status) {
    case undefined:
    case 404:
      return "check B3SCALE_API_URL, and that b3scaled runs there";
    case 401:
    case 403:
      return "create a token with: b3scalectl auth authorize_node_agent, and set it as B3SCALE_API_ACCESS_TOKEN";
    case 409:
      return "the node is there as a backend of another agent or with another secret: look at it with b3scalectl show " +
        "backends, then delete it or set its secret";
  }
  return undefined;
}
