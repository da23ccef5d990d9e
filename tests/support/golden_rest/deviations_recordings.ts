// What is expected of recordings instead of a recorded defect: 1.x shows and stores the zero time, and takes what is
// missing for a wish.
import type { Json, JsonObject } from "../golden/vector.ts";
import type { Deviation } from "./deviations.ts";

const JSON_TYPE = { "content-type": "application/json" };

const answer = (status: number, json: Json): Deviation => ({ then }) => ({
  response: { status, headers: JSON_TYPE, json },
  then,
});

const invalid = (field: string): Deviation => ({ given_files }) => ({
  response: {
    status: 400,
    headers: JSON_TYPE,
    json: {
      error: "validation_error",
      fields: { [field]: ["this field is required"] },
      message: "validation failed with input",
    },
  },
  then: { files: given_files ?? [] }, // nothing has moved
});

const STORED = "2024-01-02T03:04:05";
const TIMES = { created_at: `${STORED}Z`, updated_at: `${STORED}Z`, synced_at: `${STORED}Z` };

const SHOWN: Deviation = ({ response, then }) => ({
  response: {
    ...response,
    json: Array.isArray(response.json)
      ? response.json.map((each) => ({ ...each as JsonObject, ...TIMES }))
      : { ...response.json as JsonObject, ...TIMES },
  },
  then,
});

const CHANGED: Deviation = ({ response, then }) => ({
  response: { ...response, json: { ...response.json as JsonObject, ...TIMES, updated_at: "{{timestamp}}" } },
  then: {
    ...then,
    ...then?.["recordings"] === undefined
      ? {}
      : { recordings: (then["recordings"] as JsonObject[]).map((row) => ({ ...row, synced_at: STORED })) },
  },
});

export const RECORDING_DEVIATIONS: Readonly<Record<string, Deviation>> = {
  "recordings.list-no-filter": answer(400, { message: "frontend_id or frontend_key is required" }),
  "recordings.list-frontend-id": SHOWN,
  "recordings.list-unknown-frontend": answer(404, { message: "Not Found" }),
  "recordings.show": SHOWN,

  "recordings-visibility.unpublished": CHANGED,
  "recordings-visibility.published": CHANGED,
  "recordings-visibility.protected": CHANGED,
  "recordings-visibility.public": CHANGED,
  "recordings-visibility.public_protected": CHANGED,
  "recordings-visibility.missing-value": invalid("visibility"),
  "recordings-visibility.empty-id": invalid("record_id"),
  "recordings-visibility.unknown-id": answer(404, { message: "Not Found" }),
};
