// What is expected instead of a recorded defect, per vector: an entry for each `deviate`, and for texts that the contract
// leaves free. Everything an entry does not mention stays as recorded.
import type { Json, JsonObject } from "../golden/vector.ts";
import { PROTECTED_DEVIATIONS, PROTECTED_UNMARKED } from "./deviations_protected.ts";
import { CALLBACK_DEVIATIONS } from "./deviations_callbacks.ts";
import { RECORDING_DEVIATIONS } from "./deviations_recordings.ts";
import { IMPORT_DEVIATIONS } from "./deviations_import.ts";
import type { RestVector } from "./vector.ts";

export type Expectation = Pick<RestVector, "response" | "then">;
export type Deviation = (vector: RestVector) => Expectation;

const JSON_TYPE = { "content-type": "application/json" };

const answer = (status: number, json: Json): Deviation => ({ then }) => ({
  response: { status, headers: JSON_TYPE, json },
  then,
});

/** Members of the recorded answer that differ. */
const members = (changed: JsonObject): Deviation => ({ response, then }) => ({
  response: { ...response, json: { ...response.json as JsonObject, ...changed } },
  then,
});

const STORED_TIME = members({ updated_at: "{{timestamp}}" });
const FREE_MESSAGE = members({ message: "{{text}}" });
const FREE_RESULT = members({ result: "{{text}}" });
const AS_RECORDED: Deviation = ({ response, then }) => ({ response, then });

const conflict = (field: string): Deviation =>
  answer(409, {
    error: "conflict",
    fields: { [field]: ["already in use"] },
    message: "conflict with an existing resource",
  });

const INVALID_ADMIN_STATE = answer(400, {
  error: "validation_error",
  fields: { admin_state: ["invalid value"] },
  message: "validation failed with input",
});

/** The given row as its document. */
function givenBackend({ given }: RestVector, id: string): JsonObject {
  const { host, secret, settings, ...row } = find(given?.["backends"], id);
  const tags = (settings as JsonObject)["tags"] ?? null;
  return { ...row, ...times(row), bbb: { host: host ?? null, secret: secret ?? null }, settings: { tags } };
}

function givenMeeting({ given }: RestVector, id: string): JsonObject {
  const { state, ...row } = find(given?.["meetings"], id);
  return { ...row, ...times(row), internal_id: row["internal_id"] ?? "", meeting: state ?? null };
}

function find(rows: readonly JsonObject[] = [], id: string): JsonObject {
  const row = rows.find((candidate) => candidate["id"] === id);
  if (row === undefined) throw new Error(`No row "${id}" is given`);
  return row;
}

const times = (row: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(row).filter(([name]) => /_at$|_heartbeat$/.test(name)).map(([name, at]) => [name, `${at}Z`]),
  );

const shows = (meetingID: string, changed: JsonObject = {}): Deviation => (vector) =>
  answer(200, { ...givenMeeting(vector, meetingID), ...changed })(vector);

/** The counters of the document follow its list, and those of the backend follow the document's. */
const COUNTED: Deviation = ({ response, then }) => ({
  response,
  then: {
    ...then,
    meetings: (then?.["meetings"] as JsonObject[]).map((row) => row["id"] === "m1" ? counted(row) : row),
  },
});

function counted(row: JsonObject): JsonObject {
  const state = row["state"] as JsonObject;
  const attendees = state["Attendees"] as JsonObject[];
  const moderators = attendees.filter(({ Role }) => Role === "MODERATOR");
  return {
    ...row,
    state: { ...state, ParticipantCount: attendees.length, ModeratorCount: moderators.length },
  };
}

/** The second entry of a user is the recorded defect. */
const REPLACED: Deviation = (vector) => {
  const meetings = (vector.then?.["meetings"] as JsonObject[]).map((row) => {
    const state = row["state"] as JsonObject;
    const attendees = state["Attendees"] as JsonObject[] | null;
    const last = new Map(attendees?.map((attendee) => [attendee["InternalUserID"], attendee]));
    return { ...row, state: { ...state, Attendees: attendees && [...last.values()] } };
  });
  return COUNTED({ ...vector, then: { ...vector.then, meetings } });
};

const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  ...CALLBACK_DEVIATIONS,
  ...IMPORT_DEVIATIONS,
  "agent.heartbeat": ({ given, response, request }) => ({
    response,
    then: {
      backends: (given?.["backends"] ?? []).map(({ host = null, agent_ref = null, agent_heartbeat = null }) => ({
        host,
        agent_heartbeat: agent_ref === request.token?.sub ? "{{now}}" : agent_heartbeat,
      })),
    },
  }),

  "backends.show-admin-plus-node-is-restricted": (vector) =>
    answer(200, givenBackend(vector, "00000000-0000-4000-8000-0000000000b2"))(vector),
  "backends.create-duplicate-host": conflict("bbb.host"),
  "backends.create-agent-already-bound": conflict("agent_ref"),
  "backends.create-node-on-unbound-existing-host": (vector) =>
    answer(200, {
      ...givenBackend(vector, "00000000-0000-4000-8000-0000000000b2"),
      agent_ref: vector.request.token?.sub ?? "",
      updated_at: "{{timestamp}}",
    })(vector),
  "backends.create-invalid-admin-state": INVALID_ADMIN_STATE,
  "backends.patch-agent-style-update-ignored": AS_RECORDED, // what deviates is our agent
  "backends.patch-invalid-admin-state": INVALID_ADMIN_STATE,
  "backends.patch-admin-state-error": INVALID_ADMIN_STATE,

  "commands.create-end-all": members({ seq: "{{number}}", state: "requested", deadline: "{{timestamp}}" }),
  "commands.show-missing": answer(404, { message: "Not Found" }),

  "frontends.list-key-like-wildcard": answer(200, []),
  "frontends.create-minimal": STORED_TIME,
  "frontends.create-full": STORED_TIME,
  "frontends.create-unknown-settings-dropped": STORED_TIME,
  "frontends.create-inactive": (vector) => {
    const { response, then } = members({ active: false, updated_at: "{{timestamp}}" })(vector);
    const rows = then?.["frontends"] as JsonObject[];
    return { response, then: { ...then, frontends: rows.map((row) => ({ ...row, active: false })) } };
  },
  "frontends.create-caller-id-ignored": STORED_TIME,
  "frontends.create-duplicate-key": conflict("bbb.key"),
  "frontends.create-malformed-json": FREE_MESSAGE,
  "frontends.create-wrong-type": FREE_MESSAGE,
  "frontends.patch-duplicate-key": conflict("bbb.key"),
  "frontends.patch-malformed": FREE_MESSAGE,
  "frontends.delete-with-recordings": AS_RECORDED, // files come with the recordings

  "meetings.show-internal-encoded-colon": shows("m1"),
  "meetings.show-null-internal-id": shows("m3"),
  "meetings.show-percent-encoded-id": shows("a/b c"),
  "meetings.patch-meeting-null": shows("m1", { updated_at: "{{timestamp}}" }),

  "misc.retry-join-bad": ({ then }) => ({
    response: {
      status: 400,
      headers: { "content-type": "text/html; charset=utf-8" },
      text: "{{text}}<!DOCTYPE html>{{text}}",
    },
    then,
  }),
  "misc.bbb-unknown-frontend": ({ then }) => ({
    response: {
      status: 200,
      headers: { "content-type": "application/xml" },
      text:
        "<response><returncode>FAILED</returncode><message>Checksums do not match</message><messageKey>checksumError</messageKey></response>",
    },
    then,
  }),

  "rpc.set-running-raw-object": answer(200, { status: "ok", result: null }),
  "rpc.state-reset": COUNTED,
  "rpc.add-attendee": COUNTED,
  "rpc.add-attendee-duplicate": REPLACED,
  "rpc.add-attendee-null": answer(200, { status: "error", result: "attendee is required" }),
  "rpc.remove-attendee": COUNTED,
  "rpc.bad-payload-json": FREE_RESULT,
  "rpc.no-payload": FREE_RESULT,
  "rpc.malformed-body": FREE_RESULT,
  "rpc.foreign-meeting-times-out": AS_RECORDED, // no connection is held: tests/db/rest

  ...PROTECTED_DEVIATIONS,
  ...RECORDING_DEVIATIONS,
};

/** Not marked in the recording: texts of 1.x's parser, and what follows the answer within a second. */
const UNMARKED = [
  "agent.heartbeat",
  "frontends.create-malformed-json",
  "frontends.patch-malformed",
  "rpc.malformed-body",
  ...PROTECTED_UNMARKED,
];

export const expectationOf = (vector: RestVector): Expectation => (DEVIATIONS[vector.name] ?? AS_RECORDED)(vector);

/** @returns entries without a marked vector and marked vectors without an entry */
export function restMisfits(vectors: readonly RestVector[]): string[] {
  const marked = new Set(vectors.filter(({ deviate }) => deviate !== undefined).map(({ name }) => name));
  const driven = new Set(vectors.map(({ name }) => name));
  const wanted = new Set([...marked, ...UNMARKED]);
  return [
    ...[...wanted].filter((name) => !Object.hasOwn(DEVIATIONS, name)).map((name) => `"${name}" has no entry`),
    ...Object.keys(DEVIATIONS).filter((name) => !wanted.has(name)).map((name) => `"${name}" is superfluous`),
    ...UNMARKED.filter((name) => !driven.has(name) || marked.has(name)).map((name) =>
      `"${name}" needs no entry of its own`
    ),
  ];
}
