// b3scale's JWTs: HS384 with the shared secret, claims in 1.x's order.
import { SignJWT } from "jose";
import { randomInt } from "node:crypto";

export interface TokenClaims {
  /** Space-separated scopes. */
  readonly scope: string;
  readonly sub: string;
  readonly aud?: readonly string[];
  /** Seconds from `iat` until it ends; none = never. */
  readonly lifetimeSeconds?: number;
}

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
const nonce = () => Array.from({ length: 24 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");

/** @param nowMs milliseconds since 1970 */
export async function signToken(secret: string, claims: TokenClaims, nowMs: number): Promise<string> {
  const { scope, sub, aud, lifetimeSeconds } = claims;
  const iat = Math.floor(nowMs / 1000);
  return await new SignJWT({
    scope,
    sub,
    ...(aud === undefined ? {} : { aud: [...aud] }),
    ...(lifetimeSeconds === undefined ? {} : { exp: iat + lifetimeSeconds }),
    iat,
    jti: nonce(),
  }).setProtectedHeader({ alg: "HS384", typ: "JWT" }).sign(new TextEncoder().encode(secret));
}
