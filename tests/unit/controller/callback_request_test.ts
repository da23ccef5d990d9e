import assert from "node:assert/strict";
import { callbackRequest, waitAfter } from "../../../src/controller/callback_request.ts";
import { verifyNodeToken } from "../../../src/contract/node_token.ts";
import type { ClaimedCallback } from "../../../src/store/callbacks.ts";

const NOW = Date.UTC(2026, 0, 1);
const CALLBACK: ClaimedCallback = {
  id: "id",
  frontend_id: "fe",
  kind: "meeting_ended",
  url: "https://lms.example/hook?x=1",
  origin: "https://lms.example",
  claims: null,
  body: null,
  request_id: "r1",
  attempts: 1,
  secret: "fe-secret",
};

Deno.test("callbackRequest() asks the URL of an ended meeting with GET", () => {
  assert.deepEqual(callbackRequest(CALLBACK, NOW), {
    url: CALLBACK.url,
    method: "GET",
    headers: { "x-request-id": "r1" },
    timeoutMs: 10_000,
  });
});

Deno.test("callbackRequest() posts a recording's claims as a form, signed with the frontend's secret", () => {
  const claims = { meeting_id: "room", record_id: "r" };
  const request = callbackRequest({ ...CALLBACK, kind: "recording_ready", claims: JSON.stringify(claims) }, NOW);
  assert.deepEqual([request.method, request.headers], ["POST", {
    "x-request-id": "r1",
    "content-type": "application/x-www-form-urlencoded",
  }]);
  const [name, token = ""] = (request.body ?? "").split("=");
  assert.equal(name, "signed_parameters");
  assert.deepEqual(verifyNodeToken("HS256", ["fe-secret"], token, NOW), claims);
});

Deno.test("callbackRequest() posts analytics as they are, with a token that does not run out while it is tried", () => {
  const claims = { exp: 5, iss: "node" };
  const request = callbackRequest(
    { ...CALLBACK, kind: "analytics", claims: JSON.stringify(claims), body: '{"a":1}' },
    NOW,
  );
  assert.deepEqual([request.method, request.body], ["POST", '{"a":1}']);
  assert.equal(request.headers?.["content-type"], "application/json");
  assert.equal(request.headers?.["x-request-id"], "r1");
  const token = request.headers?.["authorization"]?.replace(/^Bearer /, "") ?? "";
  assert.deepEqual(verifyNodeToken("HS512", ["fe-secret"], token, NOW), { exp: NOW / 1000 + 86_400, iss: "node" });
});

Deno.test("waitAfter() waits 2, 4, 8, 16, 30 s, then doubles up to an hour, with up to a tenth more", () => {
  const waits = Array.from({ length: 14 }, (_, index) => waitAfter(index + 1, () => 0));
  assert.deepEqual(waits, [2, 4, 8, 16, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
  assert.equal(waitAfter(1000, () => 0), 3600);
  assert.equal(waitAfter(5, () => 0.5), 31.5);
});
