import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { signToken } from "../../../src/contract/token.ts";

const SECRET = "0123456789abcdef0123456789abcdef0123456789abcdef";
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const IAT = Math.floor(NOW / 1000);
const partsOf = (token: string) => token.split(".").map((part) => Buffer.from(part, "base64url").toString());

Deno.test("signToken() writes header and claims in 1.x's order", async () => {
  const token = await signToken(SECRET, {
    scope: "b3scale:callback",
    sub: "f1",
    aud: ["https://lms/x"],
    lifetimeSeconds: 60,
  }, NOW);
  const [header = "", payload = ""] = partsOf(token);
  assert.equal(header, `{"alg":"HS384","typ":"JWT"}`);
  const { jti, ...claims } = JSON.parse(payload) as Record<string, unknown>;
  assert.deepEqual(claims, { scope: "b3scale:callback", sub: "f1", aud: ["https://lms/x"], exp: IAT + 60, iat: IAT });
  assert.deepEqual(Object.keys(JSON.parse(payload) as object), ["scope", "sub", "aud", "exp", "iat", "jti"]);
  assert.match(String(jti), /^[A-Za-z0-9_-]{24}$/);
});

Deno.test("signToken() leaves out aud and exp when there are none", async () => {
  const [, payload = ""] = partsOf(await signToken(SECRET, { scope: "b3scale b3scale:admin", sub: "me" }, NOW));
  assert.deepEqual(Object.keys(JSON.parse(payload) as object), ["scope", "sub", "iat", "jti"]);
});

for (const secret of [SECRET, "short", "ünï", " spaces "]) {
  Deno.test(`signToken() signs HS384 with the bytes of "${secret}"`, async () => {
    const token = await signToken(secret, { scope: "b3scale", sub: "me" }, NOW);
    const end = token.lastIndexOf(".");
    assert.equal(token.slice(end + 1), createHmac("sha384", secret).update(token.slice(0, end)).digest("base64url"));
  });
}

Deno.test("signToken() gives each token another jti", async () => {
  const tokens = await Promise.all(Array.from({ length: 50 }, () => signToken(SECRET, { scope: "x", sub: "y" }, NOW)));
  assert.equal(new Set(tokens).size, 50);
});
