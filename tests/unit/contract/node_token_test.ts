import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { signNodeToken, verifyNodeToken } from "../../../src/contract/node_token.ts";

const NOW = Date.UTC(2026, 0, 1);
const SECRETS = ["one", "two", ""];
const CLAIMS = { meeting_id: "room-ü", record_id: "r-1" };

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
function token(header: unknown, claims: unknown, secret: string, hash = "sha256"): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`;
}

Deno.test("signNodeToken() writes what others verify", () => {
  assert.equal(signNodeToken("HS256", "two", CLAIMS), token({ alg: "HS256", typ: "JWT" }, CLAIMS, "two"));
  assert.equal(signNodeToken("HS512", "s", CLAIMS), token({ alg: "HS512", typ: "JWT" }, CLAIMS, "s", "sha512"));
});

Deno.test("verifyNodeToken() takes a token that any of the secrets has signed", () => {
  for (const secret of ["one", "two"]) {
    assert.deepEqual(verifyNodeToken("HS256", SECRETS, token({ alg: "HS256" }, CLAIMS, secret), NOW), CLAIMS);
    assert.deepEqual(
      verifyNodeToken("HS512", SECRETS, token({ alg: "HS512" }, CLAIMS, secret, "sha512"), NOW),
      CLAIMS,
    );
  }
});

const exp = (seconds: unknown) => token({ alg: "HS256" }, { exp: seconds }, "one");
const good = token({ alg: "HS256" }, CLAIMS, "one");
const WRONG: Readonly<Record<string, string>> = {
  "of nobody": token({ alg: "HS256" }, CLAIMS, "three"),
  "signed with an empty secret": token({ alg: "HS256" }, CLAIMS, ""),
  "of another algorithm": token({ alg: "HS512" }, CLAIMS, "one", "sha512"),
  "whose header names another algorithm": token({ alg: "none" }, CLAIMS, "one"),
  "without a signature": good.slice(0, good.lastIndexOf(".") + 1),
  "with a cut signature": good.slice(0, -1),
  "with a fourth part": `${good}.x`,
  "that has expired": exp(NOW / 1000),
  "whose end is no number": exp("never"),
  "whose claims are no object": token({ alg: "HS256" }, [1], "one"),
  "whose claims are no JSON": (() => {
    const signed = `${part({ alg: "HS256" })}.!!`;
    return `${signed}.${createHmac("sha256", "one").update(signed).digest("base64url")}`;
  })(),
  "that is none": "x",
  "that is empty": "",
};
for (const [what, wrong] of Object.entries(WRONG)) {
  Deno.test(`verifyNodeToken() refuses a token ${what}`, () => {
    assert.equal(verifyNodeToken("HS256", SECRETS, wrong, NOW), undefined);
  });
}

Deno.test("verifyNodeToken() takes a token until its end", () => {
  assert.deepEqual(verifyNodeToken("HS256", SECRETS, exp(NOW / 1000 + 1), NOW), { exp: NOW / 1000 + 1 });
});
