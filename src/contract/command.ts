// Commands of the queue in REST: one can be given, all can be watched.
import * as v from "valibot";
import { endpoint, TimeJson } from "./endpoint.ts";

export const CommandJson = v.object({
  id: v.string(),
  seq: v.pipe(v.number(), v.integer()),
  state: v.picklist(["requested", "running", "success", "error"]),
  action: v.string(),
  params: v.unknown(),
  result: v.unknown(),
  deadline: TimeJson,
  started_at: v.nullable(TimeJson),
  stopped_at: v.nullable(TimeJson),
  created_at: TimeJson,
});
export type CommandJson = v.InferOutput<typeof CommandJson>;

/** The only one that may be given; the others are the controller's own. */
export const END_ALL_MEETINGS = "end_all_meetings";

export const commandEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/commands",
    summary: "List the queue in its order; commands vanish about three minutes after they were given",
    scopes: ["b3scale:admin"],
    response: v.array(CommandJson),
  }),
  create: endpoint({
    method: "POST",
    path: "/v1/commands",
    summary: "Give the command `end_all_meetings` with params {BackendID}",
    scopes: ["b3scale:admin"],
    body: v.object({ action: v.nullish(v.string()), params: v.optional(v.unknown()) }),
    response: CommandJson,
    status: 202,
    errors: [400, 413, 415],
  }),
  show: endpoint({
    method: "GET",
    path: "/v1/commands/:id",
    summary: "Show a command and its result",
    scopes: ["b3scale:admin"],
    response: CommandJson,
    errors: [404],
  }),
};
