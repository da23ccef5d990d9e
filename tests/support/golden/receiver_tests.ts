// Tests of the comparison of callbacks: one that lets everything pass proves nothing. Run with the vectors, because they
// are imported by tests/golden/recordings_test.ts.
import assert from "node:assert/strict";
import { compareCallbacks, type ReceivedCallback, type SentCallback } from "./receiver.ts";
import { signJwt } from "../receivers.ts";

Deno.test("golden driver: compareCallbacks() finds missing, further and changed callbacks", () => {
  const claims = { meeting_id: "m-1" };
  const sent: SentCallback = {
    method: "POST",
    path: "/rec",
    query: [["a", "1"]],
    content_type: "text/plain",
    body: "signed_parameters={{jwt:0}}",
    jwt: [{ header: { alg: "HS256", typ: "JWT" }, claims, signed_with: "s" }],
  };
  const got: ReceivedCallback = {
    at: 0,
    method: "POST",
    path: "/rec",
    query: [["a", "1"]],
    contentType: "text/plain",
    body: `signed_parameters=${signJwt("HS256", "s", claims)}`,
  };
  assert.deepEqual(compareCallbacks([got], [sent]), []);
  assert.deepEqual(compareCallbacks([{ ...got, body: "x" }], [{ ...sent, body: "x", jwt: undefined }]), []);
  const wrong: readonly (readonly ReceivedCallback[])[] = [
    [],
    [got, got],
    [{ ...got, method: "GET" }],
    [{ ...got, path: "/" }],
    [{ ...got, query: [] }],
    [{ ...got, contentType: null }],
    [{ ...got, body: "" }],
    [{ ...got, body: `signed_parameters=${signJwt("HS256", "other", claims)}` }],
    [{ ...got, body: `signed_parameters=${signJwt("HS512", "s", claims)}` }],
    [{ ...got, body: `signed_parameters=${signJwt("HS256", "s", { ...claims, more: 1 })}` }],
  ];
  for (const one of wrong) assert.notDeepEqual(compareCallbacks(one, [sent]), [], JSON.stringify(one));
});
