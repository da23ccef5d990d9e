// What the OpenAPI document is made of: every endpoint, and the schemas that have a name of their own.
import type * as v from "valibot";
import { agentEndpoints, RpcInput, RpcJson } from "./agent.ts";
import { ADMIN_STATES, backendEndpoints, BackendInput, BackendJson } from "./backend.ts";
import { CallbackCheckJson, callbackEndpoints, CallbackJson } from "./callback.ts";
import { commandEndpoints, CommandJson } from "./command.ts";
import type { Endpoint } from "./endpoint.ts";
import { frontendEndpoints, FrontendInput, FrontendJson, VISIBILITIES } from "./frontend.ts";
import { AttendeeInput, MeetingDocument, meetingEndpoints, MeetingInput, MeetingJson } from "./meeting.ts";
import {
  ExpiringRecordingJson,
  RecordingDocument,
  recordingEndpoints,
  recordingImportEndpoints,
  RecordingImportJson,
  RecordingJson,
  VisibilityInput,
} from "./recording.ts";
import { AuditJson, DatabaseJson, statusEndpoints, StatusJson } from "./status.ts";
import { Problem } from "./openapi_texts.ts";

/** Every endpoint by its operation's id. */
export const ENDPOINTS: Readonly<Record<string, Endpoint>> = Object.fromEntries(
  Object.entries({
    status: statusEndpoints,
    frontends: frontendEndpoints,
    backends: backendEndpoints,
    meetings: meetingEndpoints,
    recordings: recordingEndpoints,
    imports: recordingImportEndpoints,
    commands: commandEndpoints,
    callbacks: callbackEndpoints,
    agent: agentEndpoints,
  }).flatMap(([group, endpoints]) =>
    Object.entries(endpoints as Record<string, Endpoint>).map(([name, endpoint]) => [`${group}.${name}`, endpoint])
  ),
);

/** By the name that the document gives them. */
export const DEFINITIONS: Readonly<Record<string, v.GenericSchema>> = {
  Status: StatusJson,
  Database: DatabaseJson,
  Change: AuditJson,
  Frontend: FrontendJson,
  FrontendInput,
  Backend: BackendJson,
  BackendInput,
  Meeting: MeetingJson,
  MeetingDocument,
  MeetingInput,
  AttendeeInput,
  Recording: RecordingJson,
  ExpiringRecording: ExpiringRecordingJson,
  RecordingDocument,
  VisibilityInput,
  Import: RecordingImportJson,
  Command: CommandJson,
  Callback: CallbackJson,
  CallbackCheck: CallbackCheckJson,
  RpcInput,
  RpcResult: RpcJson,
  Problem,
};

/**
 * Values that the schemas leave open, because stored rows may hold older ones or because a wrong one is answered in
 * words of ours: dotted path within the definition → values.
 */
export const VALUES: Readonly<Record<string, readonly string[]>> = {
  "Backend.node_state": ["init", "ready", "error", "stopped", "decommissioned"],
  "Backend.admin_state": [...ADMIN_STATES, "error", "destroyed"],
  "BackendInput.admin_state": ADMIN_STATES,
  "FrontendInput.settings.recordings.visibility_override": VISIBILITIES,
  "VisibilityInput.visibility": VISIBILITIES,
  "Command.action": [
    "update_node_state",
    "update_meeting_state",
    "end_all_meetings",
    "decommission_backend",
    "collect_garbage",
  ],
};
