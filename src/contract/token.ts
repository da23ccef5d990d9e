// b3scale's JWTs: HS384 with the shared secret, claims in 1.x's order.
import { errors, jwtVerify, SignJWT } from "jose";
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

export interface VerifiedToken {
  readonly scopes: ReadonlySet<string>;
  /** Account or agent reference; "" when the token names none. */
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since 1970; none = never ends. */
  readonly exp: number | undefined;
}

/**
 * HS384 and no other algorithm, whatever the header says. `exp` and `nbf` count to the second; `iat` in the future is
 * taken, because the clocks of portals are often ahead.
 * @returns undefined for whatever is wrong with it: nobody is told what
 */
export async function verifyToken(secret: string, token: string, nowMs: number): Promise<VerifiedToken | undefined> {
  try {
    const key = new TextEncoder().encode(secret);
    const { payload } = await jwtVerify(token, key, { algorithms: ["HS384"], currentDate: new Date(nowMs) });
    const { scope, sub, aud, exp } = payload;
    const scopes = typeof scope === "string" ? scope.split(" ").filter((name) => name !== "") : [];
    return { scopes: new Set(scopes), sub: sub ?? "", aud: typeof aud === "string" ? [aud] : aud ?? [], exp };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}
