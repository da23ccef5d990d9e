// Protected playback: links and the question of the server that plays.
import type { ExpectedResponse } from "./compare_response.ts";
import type { Deviations } from "./deviation.ts";
import type { JsonObject, VectorToken } from "./vector.ts";

const JSON_TYPE = { "content-type": "application/json" };
const FORBIDDEN: ExpectedResponse = {
  status: 403,
  headers: JSON_TYPE,
  body: { kind: "json", value: { message: "Forbidden" } },
};
const HTML_TYPE = { "content-type": "text/html; charset=UTF-8" };

const cookieToken = (more: JsonObject): VectorToken => ({
  header: { alg: "HS384", typ: "JWT" },
  claims: {
    scope: "b3scale:recordings",
    sub: "00000000-0000-4000-8000-0000000000f1",
    iat: "{{now}}",
    exp: "{{now+28800}}",
    jti: "{{nonce24}}",
    ...more,
  },
  signed_with: "jwt-secret",
});
const PROTECTED_RECORDING = "bbb3-1700000000003";

export const PROTECTED_DEVIATIONS: Deviations = {
  "protected-auth-cookie": {
    response: FORBIDDEN,
    also: [
      {
        request: { jwt: [cookieToken({ aud: ["aaa1-1700000000001", PROTECTED_RECORDING] })] },
        response: { status: 200, body: { kind: "empty" } },
      },
      { request: { jwt: [cookieToken({ aud: ["aaa1-1700000000001"] })] }, response: FORBIDDEN },
    ],
  },
  "protected-auth-unknown-recording": { response: FORBIDDEN },
  "protected-auth-wrong-scope": { response: FORBIDDEN },
  "protected-show": {
    response: {
      status: 302,
      headers: {
        location: `https://playback.example.com/playback/presentation/2.3/${PROTECTED_RECORDING}`,
        "set-cookie": "_b3s_protected={{jwt:0}}; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax",
      },
      body: { kind: "empty" },
      jwt: [cookieToken({ aud: [PROTECTED_RECORDING] })],
    },
  },
  "protected-show-bad-audience": { response: { status: 403, headers: HTML_TYPE, body: { kind: "html" } } },
  "protected-show-unknown-format": {
    response: {
      status: 404,
      headers: { ...JSON_TYPE, "set-cookie": null },
      body: { kind: "json", value: { message: "Not Found" } },
    },
  },
};
