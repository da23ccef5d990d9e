// Deviations of the group callbacks.
import type { JsonObject } from "../golden/vector.ts";
import type { Deviation } from "./deviations.ts";

const refused = (status: number, message: string): Deviation => () => ({
  response: { status, headers: { "content-type": "application/json" }, json: { message } },
});

const FORM = "application/x-www-form-urlencoded";

/** The same, under the right label. */
const AS_FORM: Deviation = ({ response, then }) => ({
  response,
  then: {
    ...then,
    outgoing: ((then?.["outgoing"] ?? []) as JsonObject[]).map((one) => ({
      ...one,
      headers: { ...one["headers"] as JsonObject, "content-type": FORM },
    })),
  },
});

export const CALLBACK_DEVIATIONS: Readonly<Record<string, Deviation>> = {
  "callbacks.get-no-audience": refused(400, "Bad Request"),
  "callbacks.get-bad-token": refused(403, "Forbidden"),
  "callbacks.post": AS_FORM,
  "callbacks.post-json": AS_FORM,
  "callbacks.post-multipart": AS_FORM,
  "callbacks.post-no-body": refused(400, "Bad Request"),
  "callbacks.post-plain-meeting-id": () => ({
    response: { status: 200, headers: {} },
    then: {
      outgoing: [{
        method: "POST",
        path: "/cb",
        headers: { "content-type": FORM },
        body: "signed_parameters={{jwt}}",
        body_jwt: {
          header: { alg: "HS256", typ: "JWT" },
          claims: { meeting_id: "plain-id", record_id: "aabbccdd00112233445566778899aabbccddeeff-1647181479536" },
          signed_with: "frontend secret",
        },
      }],
    },
  }),
};
