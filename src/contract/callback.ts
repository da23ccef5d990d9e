// Callbacks of frontends in REST: which parameters carry them, whether a target would be reached, and those that wait.
import * as v from "valibot";
import { endpoint, Text, TimeJson } from "./endpoint.ts";

/** Parameters of create that hold the URL of a callback, in lower case: BBB does not distinguish it in metas. */
export const CALLBACK_PARAMETERS: ReadonlySet<string> = new Set([
  "meta_bbb-recording-ready-url",
  "meta_bn-recording-ready-url",
  "meta_canvas-recording-ready-url",
  "meta_endcallbackurl",
  "meta_analytics-callback-url",
  "meetingendedurl",
]);

/** `meeting_ended` is endCallbackUrl and meetingEndedURL. */
export const CALLBACK_KINDS = ["meeting_ended", "recording_ready", "analytics"] as const;
export type CallbackKind = (typeof CALLBACK_KINDS)[number];

/**
 * refused: the guard keeps callbacks from where it would go; invalid: its URL is none; gone: the receiver says so (404,
 * 410); expired: tried for three days in vain.
 */
export const DEATH_REASONS = ["refused", "invalid", "gone", "expired"] as const;
export type DeathReason = (typeof DEATH_REASONS)[number];

export const CallbackJson = v.object({
  id: v.string(),
  kind: v.picklist(CALLBACK_KINDS),
  state: v.picklist(["waiting", "dead"]),
  reason: v.nullable(v.pipe(v.picklist(DEATH_REASONS), v.description("why it is dead"))),
  frontend_id: v.string(),
  frontend_key: v.string(),
  target: v.pipe(v.string(), v.description("scheme, host and port: what follows may hold a token")),
  attempts: v.pipe(v.number(), v.integer()),
  last_error: v.nullable(v.string()),
  request_id: v.pipe(v.string(), v.description("of the node's request, as in the log")),
  created_at: TimeJson,
  due_at: v.nullable(v.pipe(TimeJson, v.description("of the next try; null when it is dead"))),
  died_at: v.nullable(TimeJson),
});
export type CallbackJson = v.InferOutput<typeof CallbackJson>;

/** Of a list; there may be more. */
export const MOST_CALLBACKS = 1000;

export const CallbackCheckJson = v.object({
  target: v.pipe(v.string(), v.description("scheme, host and port: what follows may hold a token")),
  public_url: v.pipe(v.boolean(), v.description("whether the server's own URL (B3SCALE_API_URL) was checked")),
  allowed: v.pipe(v.boolean(), v.description("whether the guard lets a callback through (B3SCALE_CALLBACK_ALLOW)")),
  reachable: v.pipe(v.boolean(), v.description("whether anything answered HTTP there")),
  status: v.nullable(v.pipe(v.number(), v.integer(), v.description("of that answer"))),
  reason: v.nullable(v.pipe(v.string(), v.description("why there was none"))),
});
export type CallbackCheckJson = v.InferOutput<typeof CallbackCheckJson>;

const MAX_URL = 8192;

export const callbackEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/callbacks",
    summary: `List callbacks that are not delivered yet, and dead ones, kept for 30 days: the newest ${MOST_CALLBACKS}`,
    scopes: ["b3scale:admin"],
    query: v.object({
      state: v.optional(v.picklist(["waiting", "dead"], "should be waiting or dead")),
      frontend_key: v.optional(Text),
    }),
    response: v.array(CallbackJson),
    errors: [400],
  }),
  retry: endpoint({
    method: "POST",
    path: "/v1/callbacks/:id/retry",
    summary: "Try a callback at once, also a dead one, which then has three days again",
    scopes: ["b3scale:admin"],
    response: CallbackJson,
    errors: [404],
  }),
  delete: endpoint({
    method: "DELETE",
    path: "/v1/callbacks/:id",
    summary: "Forget a callback",
    scopes: ["b3scale:admin"],
    response: CallbackJson,
    errors: [404],
  }),
  check: endpoint({
    method: "POST",
    path: "/v1/callbacks-check",
    summary:
      "Whether a callback to this URL would leave the server and be answered: a HEAD of the host's `/`, never of " +
      "the whole URL. Without a URL: whether the server's own public URL is answered",
    scopes: ["b3scale:admin"],
    body: v.object({ url: v.nullish(v.pipe(Text, v.maxLength(MAX_URL, `is longer than ${MAX_URL} characters`))) }),
    response: CallbackCheckJson,
    errors: [400, 413, 415],
    audited: false, // nothing is changed
  }),
};
