// What a node's agent says: that it lives, and what happens in the meetings of its node.
import * as v from "valibot";
import { BackendJson } from "./backend.ts";
import { endpoint, TimeJson } from "./endpoint.ts";
import { AttendeeInput } from "./meeting.ts";

/** `payload` is base64 of the action's params in JSON, as 1.x's agent sends it, or the object itself. */
export const RpcInput = v.object({ action: v.nullish(v.string()), payload: v.optional(v.unknown()) });
export const RpcJson = v.object({ status: v.picklist(["ok", "error"]), result: v.nullable(v.string()) });
export type RpcJson = v.InferOutput<typeof RpcJson>;

const internal_meeting_id = v.pipe(v.string(), v.minLength(1));
const internal_user_id = v.string();

/** Params of each action. */
export const rpcParams = {
  meeting_set_running: v.object({ internal_meeting_id, running: v.boolean() }),
  meeting_state_reset: v.object({ internal_meeting_id }),
  meeting_add_attendee: v.object({ internal_meeting_id, attendee: AttendeeInput }),
  meeting_remove_attendee: v.object({ internal_meeting_id, internal_user_id }),
  /** Not in 1.x: announced by `features` in the status. */
  meeting_update_attendee: v.object({
    internal_meeting_id,
    internal_user_id,
    attendee: v.pick(AttendeeInput, ["Role", "IsPresenter", "IsListeningOnly", "HasJoinedVoice", "HasVideo"]),
  }),
};
export type RpcAction = keyof typeof rpcParams;
export type RpcParams = { [action in RpcAction]: v.InferOutput<(typeof rpcParams)[action]> };

export const agentEndpoints = {
  backend: endpoint({
    method: "GET",
    path: "/v1/agent/backend",
    summary: "The backend that the token's agent belongs to",
    scopes: ["b3scale:node"],
    response: BackendJson,
    errors: [404],
  }),
  heartbeat: endpoint({
    method: "POST",
    path: "/v1/agent/heartbeat",
    summary: "The agent lives",
    scopes: ["b3scale:node"],
    response: v.object({ backend_id: v.string(), heartbeat: TimeJson }),
    errors: [404],
    audited: false,
  }),
  rpc: endpoint({
    method: "POST",
    path: "/v1/agent/rpc",
    summary: "Something happened in a meeting",
    scopes: ["b3scale:node"],
    body: RpcInput,
    response: RpcJson,
    errors: [400, 413, 415],
    audited: false,
  }),
};
