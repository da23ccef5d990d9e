// Deviations of the group create.
import {
  CREATE,
  createdOn,
  type Deviation,
  type Deviations,
  failed,
  forwarded,
  INTERNAL_ERROR,
  M1,
  M1_INTERNAL,
  M1_MAPPING,
  MISSING_MEETING_ID,
  NO_BACKEND,
  NODE_ANSWER,
  NODE_XML,
  NOTHING,
} from "./deviation.ts";
import type { Forwarded, JsonObject } from "./vector.ts";

const refused: Deviation = { response: NO_BACKEND, forwarded: [], stateAfter: NOTHING };
/** The only node gets the request and does not do. */
const nodeFailed: Deviation = { response: INTERNAL_ERROR, forwarded: [CREATE], stateAfter: NOTHING };
const placedAnew = (backend: string): Deviation => ({
  response: NODE_ANSWER,
  forwarded: [{ ...CREATE, to: backend }],
  stateAfter: { meetings: [createdOn(backend)], frontend_meetings: [M1_MAPPING] },
});
/** Binding with the load model that the driver sets as soon as there are several candidates. */
const asRecorded: Deviation = {};

const presentation = (url: string, filename: string): Forwarded => ({
  ...CREATE,
  method: "POST",
  body: `<modules><module name="presentation"><document url="${url}" filename="${filename}"/></module></modules>`,
});

const callback = (url: string): { header: JsonObject; claims: JsonObject; signed_with: string } => ({
  header: { alg: "HS384", typ: "JWT" },
  claims: {
    scope: "b3scale:callback",
    sub: "00000000-0000-4000-8000-0000000000f1",
    aud: [url],
    iat: "{{now}}",
    exp: `{{now+${180 * 24 * 3600}}}`,
    jti: "{{nonce24}}",
  },
  signed_with: "jwt-secret",
});
const proxy = (entry: number): string => `http://{{b3scale}}/api/v1/callbacks/proxy/{{jwt:${entry}}}`;

export const CREATE_DEVIATIONS: Deviations = {
  "create-binds-unbound-meeting": { stateAfter: { frontend_meetings: [M1_MAPPING] } },
  "create-bound-to-other-frontend": {
    response: failed(
      "idNotUnique",
      "A meeting already exists with that meeting ID.  Please use a different meeting ID.",
    ),
    forwarded: [],
    stateAfter: {
      meetings: [{ id: M1, internal_id: M1_INTERNAL, frontend: "fe2", backend: "node1" }],
      frontend_meetings: [{ frontend: "fe2", meeting_id: M1 }],
    },
  },
  "create-callbacks": {
    forwarded: [{
      ...CREATE,
      params: [
        ["attendeePW", "ap"],
        ["logoutURL", "https://client.example.com/out"],
        ["meetingEndedURL", proxy(0)],
        ["meetingID", M1],
        ["meta_analytics-callback-url", proxy(1)],
        ["meta_b3s-frontend", "fe1"],
        ["meta_bbb-recording-ready-url", proxy(2)],
        ["meta_endCallbackUrl", proxy(3)],
        ["moderatorPW", "mp"],
        ["name", "Demo Room"],
      ],
      jwt: ["ended", "an", "rec?x=1", "end"].map((path) => callback(`https://client.example.com/${path}`)),
    }],
  },

  "create-candidate-admin-state-decommissioned": refused,
  "create-candidate-admin-state-init": refused,
  "create-candidate-admin-state-stopped": refused,
  "create-candidate-heartbeat-old": placedAnew("node1"),
  "create-candidate-node-state-decommissioned": refused,
  "create-candidate-node-state-error": refused,
  "create-candidate-node-state-init": refused,
  "create-candidate-node-state-stopped": refused,
  "create-no-backends": refused,
  "create-required-tags-none": refused,
  "create-required-tags-empty-string": asRecorded,
  "create-stress-attendees-over-base": asRecorded,
  "create-stress-load-factor": asRecorded,
  "create-stress-meetings-15": asRecorded,

  "create-default-presentation-empty-modules": {
    forwarded: [presentation("https://assets.example.com/t1/welcome.pdf", "welcome.pdf")],
  },
  "create-default-presentation-escaping": {
    forwarded: [presentation("https://assets.example.com/t1/slides%20a.pdf?x=1&amp;y=2", "slides a.pdf")],
  },
  // The field of the form is a parameter and in the query; nothing is left that could be mistaken for XML.
  "create-post-multipart": {
    forwarded: [{ ...CREATE, method: "POST", content_type: undefined }],
  },

  "create-empty-meetingid": { response: MISSING_MEETING_ID, forwarded: [], stateAfter: NOTHING },
  "create-missing-meetingid": { response: MISSING_MEETING_ID, forwarded: [], stateAfter: NOTHING },
  "create-id-comma": {
    response: failed("validationError", "Meeting ID cannot contain ','"),
    forwarded: [],
    stateAfter: NOTHING,
  },
  "create-id-too-long": { response: failed("sizeError"), forwarded: [], stateAfter: NOTHING },

  "create-known-backend-dead": placedAnew("node2"),
  "create-known-backend-stopped": {
    forwarded: [
      { ...forwarded("getMeetingInfo", [["meetingID", M1]]), content_type: undefined, optional: true },
      CREATE,
    ],
  },
  "create-known-but-lost-on-node": { stateAfter: { meetings: [createdOn("node1")], frontend_meetings: [M1_MAPPING] } },
  "create-known-no-backend-on-row": { stateAfter: { meetings: [createdOn("node1")], frontend_meetings: [M1_MAPPING] } },

  "create-node-502-html": nodeFailed,
  "create-node-checksum-error": nodeFailed,
  "create-node-connection-closed": nodeFailed,
  "create-node-connection-refused": placedAnew("node2"),
  "create-node-empty-response": nodeFailed,
  "create-node-failed": {
    response: { status: 200, headers: NODE_XML, body: { kind: "node" } },
    forwarded: [CREATE],
    stateAfter: NOTHING,
  },
};
