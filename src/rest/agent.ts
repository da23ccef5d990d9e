// What a node's agent calls: which backend it belongs to, that it lives, and what happens in its meetings.
import { agentEndpoints, type RpcJson } from "../contract/agent.ts";
import { jsonTime } from "../contract/endpoint.ts";
import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { listBackendRecords } from "../store/backend_records.ts";
import type { Backend } from "../store/backends.ts";
import { readRpc, type RpcCall, RpcError } from "./agent_rpc.ts";
import type { Principal } from "./auth.ts";
import { backendJson } from "./backends_json.ts";
import { jsonResponse } from "./problem.ts";
import { route } from "./route.ts";

/** No row has such a reference, and PostgreSQL refuses to look for one with NUL. */
const namesNobody = ({ sub }: Principal): boolean => sub === "" || sub.includes("\0");

const backendOf = async ({ view }: Pick<Deps, "view">, principal: Principal): Promise<Backend | undefined> =>
  namesNobody(principal) ? undefined : await view.findBackendByAgent(principal.sub);

const notFound = (sub: string) => new AppError("not_found", `Agent "${sub}" has no backend`);

const failed = (result: string): RpcJson => ({ status: "error", result });

/** A body that cannot be read is answered in the shape of every other rpc error, as 1.x does. */
const renderUnreadable = (error: unknown): Response | undefined =>
  error instanceof AppError && error.code === "malformed_body" ? jsonResponse(failed(error.message), 400) : undefined;

export const agentRoutes = [
  route(agentEndpoints.backend, async ({ deps, principal }) => {
    const [row] = namesNobody(principal) ? [] : await listBackendRecords(deps.db, { agent_ref: principal.sub });
    if (row === undefined) throw notFound(principal.sub);
    return await backendJson(deps, row);
  }),

  route(agentEndpoints.heartbeat, async ({ deps, principal }) => {
    const backend = await backendOf(deps, principal);
    if (backend === undefined) throw notFound(principal.sub);
    deps.heartbeats.beat(backend.id);
    return { backend_id: backend.id, heartbeat: jsonTime(new Date(deps.clock.now())) };
  }),

  route(agentEndpoints.rpc, async ({ deps, principal, body }) => {
    const backend = await backendOf(deps, principal);
    if (backend === undefined) throw new AppError("forbidden", `Agent "${principal.sub}" has no backend`);
    let call: RpcCall;
    try {
      call = readRpc(body);
    } catch (error) {
      if (error instanceof RpcError) return failed(error.message);
      throw error;
    }
    const stored = await deps.events.apply(backend.id, call.internalMeetingID, call.event);
    return stored ? { status: "ok" as const, result: null } : failed("context deadline exceeded");
  }, renderUnreadable),
];
