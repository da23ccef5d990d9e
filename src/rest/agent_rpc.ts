// The body of an rpc call → an event of a meeting, or the text that 1.x answers instead.
import * as v from "valibot";
import type { Attendee } from "../bbb/meeting.ts";
import { type RpcInput, type RpcParams, rpcParams } from "../contract/agent.ts";
import type { AttendeeChanges, MeetingEvent } from "./agent_events_apply.ts";

export interface RpcCall {
  readonly internalMeetingID: string;
  readonly event: MeetingEvent;
}

/** A call that cannot be carried out; its message is meant for the agent. */
export class RpcError extends Error {}

/** @throws RpcError */
export function readRpc({ action, payload }: v.InferOutput<typeof RpcInput>): RpcCall {
  const read = <Params extends { internal_meeting_id: string }>(
    schema: v.GenericSchema<unknown, Params>,
    eventOf: (params: Params) => MeetingEvent,
  ): RpcCall => {
    const params = readParams(schema, typeof payload === "string" ? decode(payload) : payload);
    return { internalMeetingID: storable(params.internal_meeting_id), event: eventOf(params) };
  };
  switch (action) {
    case "meeting_set_running":
      return read(rpcParams[action], ({ running }) => ({ kind: "running", running }));
    case "meeting_state_reset":
      return read(rpcParams[action], () => ({ kind: "reset" }));
    case "meeting_add_attendee":
      return read(rpcParams[action], ({ attendee }) => ({ kind: "joined", attendee: readAttendee(attendee) }));
    case "meeting_remove_attendee":
      return read(rpcParams[action], (params) => ({ kind: "left", internalUserID: storable(params.internal_user_id) }));
    case "meeting_update_attendee":
      return read(rpcParams[action], ({ internal_user_id, attendee }) => ({
        kind: "updated",
        internalUserID: storable(internal_user_id),
        changes: readChanges(attendee),
      }));
    default:
      throw new RpcError("the requsted RPC action is unknown"); // as 1.x spells it
  }
}

function decode(payload: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(payload));
  } catch {
    throw new RpcError("the payload is not base64 of a text");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new RpcError("the payload is not valid JSON");
  }
}

function readParams<Params>(schema: v.GenericSchema<unknown, Params>, given: unknown): Params {
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? "payload";
  if (field === "attendee" && (issue.input ?? null) === null) throw new RpcError("attendee is required");
  throw new RpcError(`field "${field}" should be ${issue.expected ?? "something else"}`);
}

/** What the agent leaves out is empty: a row has no nulls. */
const readAttendee = (from: RpcParams["meeting_add_attendee"]["attendee"]): Attendee => ({
  userID: storable(from.UserID ?? ""),
  internalUserID: storable(from.InternalUserID ?? ""),
  fullName: storable(from.FullName ?? ""),
  role: storable(from.Role ?? ""),
  isPresenter: from.IsPresenter ?? false,
  isListeningOnly: from.IsListeningOnly ?? false,
  hasJoinedVoice: from.HasJoinedVoice ?? false,
  hasVideo: from.HasVideo ?? false,
  clientType: storable(from.ClientType ?? ""),
});

const readChanges = (from: RpcParams["meeting_update_attendee"]["attendee"]): AttendeeChanges => ({
  ...(typeof from.Role === "string" ? { role: storable(from.Role) } : {}),
  ...(typeof from.IsPresenter === "boolean" ? { isPresenter: from.IsPresenter } : {}),
  ...(typeof from.IsListeningOnly === "boolean" ? { isListeningOnly: from.IsListeningOnly } : {}),
  ...(typeof from.HasJoinedVoice === "boolean" ? { hasJoinedVoice: from.HasJoinedVoice } : {}),
  ...(typeof from.HasVideo === "boolean" ? { hasVideo: from.HasVideo } : {}),
});

/** What a database text refuses is cut here already, so that the view holds what the row holds. */
const storable = (text: string): string => text.replaceAll("\0", "").toWellFormed();
