import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { signToken, verifyToken } from "../../../src/contract/token.ts";
import {
  extendGrant,
  type Grant,
  grantOf,
  playbackCookie,
  protectedLink,
  readProtectedLink,
} from "../../../src/recordings/protect.ts";

const config = { jwtSecret: "a secret of tests that has at least 32 bytes", apiUrl: "https://b3s.example/base" };
const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const LINK = { frontendID: "f1", format: "video", recordID: "ab12-1700000000001" };

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
const tokenOf = (link: string) => link.slice(link.lastIndexOf("/") + 1);

Deno.test("protectedLink() has the claims of 1.x", async () => {
  const link = await protectedLink(config, LINK, NOW);
  assert.ok(link.startsWith("https://b3s.example/base/api/v1/protected/recordings/eyJ"), link);
  const { jti, ...claims } = claimsOf(tokenOf(link));
  const iat = NOW / 1000;
  assert.deepEqual(claims, { scope: "", sub: "f1", aud: ["video:ab12-1700000000001"], exp: iat + 3600, iat });
  assert.match(String(jti), /^[\w-]{24}$/);
});

Deno.test("readProtectedLink() reads what protectedLink() writes, for an hour", async () => {
  const token = tokenOf(await protectedLink(config, LINK, NOW));
  assert.deepEqual(await readProtectedLink(config, token, NOW), LINK);
  assert.deepEqual(await readProtectedLink(config, token, NOW + HOUR - 1000), LINK);
  assert.equal(await readProtectedLink(config, token, NOW + HOUR), undefined);
  assert.equal(await readProtectedLink({ jwtSecret: "another" }, token, NOW), undefined);
});

Deno.test("readProtectedLink() refuses tokens that name no recording, the cookie's own among them", async () => {
  for (const aud of [undefined, [], [""], ["nocolon"], [":id"], ["video:"], [LINK.recordID]]) {
    const token = await signToken(config.jwtSecret, { scope: "", sub: "f1", aud }, NOW);
    assert.equal(await readProtectedLink(config, token, NOW), undefined, String(aud));
  }
  for (const text of ["", "abc", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmMSIsImF1ZCI6WyJ2aWRlbzp4Il19."]) {
    assert.equal(await readProtectedLink(config, text, NOW), undefined, text);
  }
});

Deno.test("extendGrant() adds to what the same frontend granted, the newest 32", () => {
  const first = extendGrant(undefined, LINK);
  assert.deepEqual(first, { frontendID: "f1", recordIDs: [LINK.recordID] });
  let grant: Grant = first;
  for (let n = 0; n < 40; n++) grant = extendGrant(grant, { ...LINK, recordID: `c${n}-1` });
  assert.deepEqual(grant.recordIDs, Array.from({ length: 32 }, (_, index) => `c${index + 8}-1`));
  assert.deepEqual(extendGrant(grant, { ...LINK, recordID: "c8-1" }).recordIDs.slice(-2), ["c39-1", "c8-1"]);
  assert.equal(extendGrant(grant, { ...LINK, recordID: "c8-1" }).recordIDs.length, 32);
});

Deno.test("extendGrant() gives up what another frontend granted", () => {
  const held = { frontendID: "f2", recordIDs: ["ff-1"] };
  assert.deepEqual(extendGrant(held, LINK), { frontendID: "f1", recordIDs: [LINK.recordID] });
});

Deno.test("a cookie stays below what browsers keep, however long the ids are", async () => {
  for (const length of [54, 255]) {
    let grant: Grant | undefined;
    for (let n = 0; n < 40; n++) {
      grant = extendGrant(grant, { ...LINK, frontendID: crypto.randomUUID(), recordID: `${n}`.padStart(length, "a") });
      const frontendID = grant.frontendID;
      for (let m = 0; m < 40; m++) {
        grant = extendGrant(grant, { ...LINK, frontendID, recordID: `${m}`.padStart(length, "b") });
      }
    }
    assert.ok(grant);
    assert.equal(grant.recordIDs.at(-1), "39".padStart(length, "b"));
    if (length === 54) assert.equal(grant.recordIDs.length, 32);
    const cookie = await playbackCookie(config, grant, { domain: "x".repeat(60), secure: true }, NOW);
    assert.ok(cookie.length < 4096, `${length}: ${cookie.length}`);
  }
});

Deno.test("playbackCookie() is for eight hours, and no script reads it", async () => {
  const grant = { frontendID: "f1", recordIDs: ["ab-1", "cd-2"] };
  const cookie = await playbackCookie(config, grant, { domain: "example.org", secure: true }, NOW);
  const [, token = "", rest] = /^_b3s_protected=([^;]+)(.*)$/.exec(cookie) ?? [];
  assert.equal(rest, "; Path=/; Domain=example.org; Max-Age=28800; HttpOnly; Secure; SameSite=Lax");
  const { jti: _, ...claims } = claimsOf(token);
  const iat = NOW / 1000;
  assert.deepEqual(claims, {
    scope: "b3scale:recordings",
    sub: "f1",
    aud: ["ab-1", "cd-2"],
    exp: iat + 28_800,
    iat,
  });
  const hostOnly = await playbackCookie(config, grant, { domain: undefined, secure: false }, NOW);
  assert.match(hostOnly, /^_b3s_protected=[^;]+; Path=\/; Max-Age=28800; HttpOnly; SameSite=Lax$/);
});

Deno.test("grantOf() takes the cookie's scope and a frontend, nothing else", async () => {
  const grant = async (scope: string, sub: string) => {
    const token = await signToken(config.jwtSecret, { scope, sub, aud: ["ab-1"] }, NOW);
    const verified = await verifyToken(config.jwtSecret, token, NOW);
    assert.ok(verified);
    return grantOf(verified);
  };
  assert.deepEqual(await grant("b3scale:recordings", "f1"), { frontendID: "f1", recordIDs: ["ab-1"] });
  for (const scope of ["", "b3scale", "b3scale:admin", "b3scale:callback", "b3scale:recordings,x"]) {
    assert.equal(await grant(scope, "f1"), undefined, scope);
  }
  assert.equal(await grant("b3scale:recordings", ""), undefined);
});
