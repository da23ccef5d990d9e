// Deviations of the group callback.
import type { ExpectedResponse } from "./compare_response.ts";
import type { Deviation, Deviations } from "./deviation.ts";

const json = (status: number, message: string): ExpectedResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: { kind: "json", value: { message } },
});

const FORBIDDEN: Deviation = { response: json(403, "Forbidden"), callbacks: [] };
const ACCEPTED: ExpectedResponse = { status: 200, body: { kind: "empty" } };

const recordingReady = (meeting_id: string, record_id: string): Deviation => ({
  response: ACCEPTED,
  callbacks: [{
    method: "POST",
    path: "/rec",
    query: [],
    content_type: "application/x-www-form-urlencoded",
    body: "signed_parameters={{jwt:0}}",
    jwt: [{ header: { alg: "HS256", typ: "JWT" }, claims: { meeting_id, record_id }, signed_with: "fe1-secret" }],
  }],
});

export const CALLBACK_DEVIATIONS: Deviations = {
  "callback-get-bad-token": FORBIDDEN,
  "callback-get-hs256-token": FORBIDDEN,
  "callback-get-wrong-secret": FORBIDDEN,
  "callback-get-client-error-retried": { minGapsMs: [2000, 4000] },
  "callback-post": recordingReady("m-1", "aaa1-1700000000001"),
  "callback-post-json": recordingReady("m-1", "aaa1-1700000000001"),
  "callback-post-plain-id": recordingReady("plain", "r"),
  "callback-post-missing": { response: json(400, "Bad Request"), callbacks: [] },
  "callback-post-unknown-frontend": { response: json(404, "Not Found"), callbacks: [] },
  "callback-post-unsigned-payload": { response: json(401, "invalid or expired jwt"), callbacks: [] },
};
