// JWTs of BBB's callbacks: a node signs them with its secret, and a frontend expects them signed with its own. Unlike those
// of token.ts they are tried with many secrets, which is what node:crypto is 30 times quicker at than WebCrypto.
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

/** BBB's choice for recordings, and for the learning analytics. */
export type NodeTokenAlgorithm = "HS256" | "HS512";
export type NodeClaims = Readonly<Record<string, unknown>>;

const HASHES: Readonly<Record<NodeTokenAlgorithm, string>> = { HS256: "sha256", HS512: "sha512" };

const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const sign = (alg: NodeTokenAlgorithm, secret: string, text: string): Buffer =>
  createHmac(HASHES[alg], secret).update(text).digest();

export function signNodeToken(alg: NodeTokenAlgorithm, secret: string, claims: NodeClaims): string {
  const signed = `${encodePart({ alg, typ: "JWT" })}.${encodePart(claims)}`;
  return `${signed}.${sign(alg, secret, signed).toString("base64url")}`;
}

/**
 * The claims when one of the secrets has signed them. All are tried, whichever it is, and an empty one never passes.
 * @returns undefined for whatever is wrong with it: nobody is told what
 */
export function verifyNodeToken(
  alg: NodeTokenAlgorithm,
  secrets: readonly string[],
  token: string,
  nowMs: number,
): NodeClaims | undefined {
  const [header = "", payload = "", signature = "", ...rest] = token.split(".");
  const given = Buffer.from(signature, "base64url");
  const isSigned = secrets
    .map((secret) => {
      const valid = sign(alg, secret, `${header}.${payload}`);
      return secret !== "" && valid.length === given.length && timingSafeEqual(valid, given);
    })
    .includes(true);
  if (!isSigned || rest.length > 0 || readPart(header)?.["alg"] !== alg) return undefined;
  const claims = readPart(payload);
  const exp = claims?.["exp"];
  const isOver = exp !== undefined && !(typeof exp === "number" && exp * 1000 > nowMs);
  return isOver ? undefined : claims;
}

/** @returns undefined for what is no JSON object */
function readPart(part: string): NodeClaims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value as NodeClaims : undefined;
  } catch {
    return undefined;
  }
}
