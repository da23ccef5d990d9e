// Callbacks of frontends in REST: which parameters carry them, and whether a target would be reached.
import * as v from "valibot";
import { endpoint, Text } from "./endpoint.ts";

/** Parameters of create that hold the URL of a callback, in lower case: BBB does not distinguish it in metas. */
export const CALLBACK_PARAMETERS: ReadonlySet<string> = new Set([
  "meta_bbb-recording-ready-url",
  "meta_bn-recording-ready-url",
  "meta_canvas-recording-ready-url",
  "meta_endcallbackurl",
  "meta_analytics-callback-url",
  "meetingendedurl",
]);

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
