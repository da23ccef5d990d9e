import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { rewriteCallbackUrls } from "../../../../src/gateway/middleware/rewrite_callback_urls.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { makeConfig, makeRequest, uuid } from "../../../support/make.ts";
import { passDown } from "../../../support/pass_down.ts";

const clock = createFakeClock(Date.UTC(2026, 0, 1));
const middleware = rewriteCallbackUrls({ config: makeConfig({ B3SCALE_API_URL: "https://b3s.example/" }), clock });
const after = async (params: Record<string, string>, resource = "create") =>
  Object.fromEntries((await passDown(middleware, makeRequest({ resource, params }))).params);

const URL_ = "https://lms.example/done?course=1&x=%20";
const PREFIX = "https://b3s.example/api/v1/callbacks/proxy/";
const NAMES = [
  "meta_bbb-recording-ready-url",
  "meta_bn-recording-ready-url",
  "meta_canvas-recording-ready-url",
  "meta_endCallbackUrl",
  "meta_analytics-callback-url",
  "meetingEndedURL",
  "meta_EndCallbackURL",
  "META_ENDCALLBACKURL",
  "meetingendedurl",
];
for (const name of NAMES) {
  Deno.test(`rewriteCallbackUrls() leads ${name} through us, with the client's URL in the token`, async () => {
    const value = (await after({ [name]: URL_ }))[name] ?? "";
    assert(value.startsWith(PREFIX));
    const payload = JSON.parse(Buffer.from(value.slice(PREFIX.length).split(".")[1] ?? "", "base64url").toString());
    const iat = Date.UTC(2026, 0, 1) / 1000;
    assert.match(payload.jti, /^[\w-]{24}$/);
    assert.deepEqual({ ...payload, jti: "" }, {
      scope: "b3scale:callback",
      sub: uuid(1),
      aud: [URL_],
      exp: iat + 180 * 86400,
      iat,
      jti: "",
    });
  });
}

Deno.test("rewriteCallbackUrls() leaves other URLs and empty ones as they are", async () => {
  const params = {
    logoutURL: URL_,
    "meta_bbb-anything-else": URL_,
    meta_endCallbackUrl: "",
    meta_endCallbackUrl2: URL_,
  };
  assert.deepEqual(await after(params), params);
});

Deno.test("rewriteCallbackUrls() leaves every call but create as it is: there a meta is a filter", async () => {
  for (const resource of ["getRecordings", "join", "getMeetings"]) {
    assert.deepEqual(await after({ meta_endCallbackUrl: URL_ }, resource), { meta_endCallbackUrl: URL_ });
  }
});
