// JWTs as the vectors describe them, the wrong ones included. Written apart from the server's own library.
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { Token } from "./vector.ts";

/** Of the recording. */
export const JWT_SECRET = "golden-secret";

const HASHES: Readonly<Record<string, string>> = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Issued five seconds ago, unless said. */
export function buildToken({ scope, sub, aud, exp, nbf, iat = -5, alg = "HS384", secret = JWT_SECRET }: Token): string {
  const now = Math.floor(Date.now() / 1000);
  const at = (offset: number | undefined) => offset === undefined ? undefined : now + offset;
  const signed = `${encode({ alg, typ: "JWT" })}.${
    encode({ scope, sub, aud, exp: at(exp), nbf: at(nbf), iat: at(iat) })
  }`;
  const hash = HASHES[alg];
  return `${signed}.${hash === undefined ? "" : createHmac(hash, secret).update(signed).digest("base64url")}`;
}
