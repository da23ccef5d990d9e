// Tokens in forwarded callback URLs: signature and claims against the recorded ones. Written apart from the server's own
// library.
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { Json, JsonObject } from "./vector.ts";

export interface ExpectedToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly signed_with: string;
}

/** How far `iat` may be from our clock: the request has just been answered. */
const CLOCK_SKEW_S = 30;

/** @returns what differs, one line each */
export function compareToken(token: string, expected: ExpectedToken): string[] {
  const parts = token.split(".");
  const [header = "", payload = "", signature = ""] = parts;
  if (parts.length !== 3) return [`the token has ${parts.length} parts`];
  const valid = createHmac("sha384", expected.signed_with).update(`${header}.${payload}`).digest("base64url");
  const problems = valid === signature ? [] : ["the token is not signed HS384 with the expected secret"];
  problems.push(...compareJson("header", decodePart(header), expected.header));
  const claims = decodePart(payload);
  const iat = Number((claims as { iat?: unknown } | null)?.iat);
  const filled = Object.entries(expected.claims).map(([name, value]): [string, Json] => [name, fillTime(value, iat)]);
  problems.push(...compareJson("claims", maskNonce(claims), Object.fromEntries(filled)));
  if (!Number.isInteger(iat) || Math.abs(iat - Date.now() / 1000) > CLOCK_SKEW_S) {
    problems.push(`iat is ${iat}, not now`);
  }
  return problems;
}

const decodePart = (part: string): Json => JSON.parse(Buffer.from(part, "base64url").toString("utf-8")) as Json;

/** `{{now}}` is `iat` itself, checked on its own; `{{now+N}}` counts from there. */
function fillTime(value: Json, iat: number): Json {
  const match = typeof value === "string" ? /^\{\{now(?:\+(\d+))?\}\}$/.exec(value) : null;
  return match ? iat + Number(match[1] ?? 0) : value;
}

function maskNonce(claims: Json): Json {
  if (claims === null || typeof claims !== "object" || Array.isArray(claims)) return claims;
  const { jti } = claims as JsonObject;
  const isNonce = typeof jti === "string" && /^[A-Za-z0-9_-]{24}$/.test(jti);
  return isNonce ? { ...claims, jti: "{{nonce24}}" } : claims;
}

/** Deep equality of JSON, `XMLName` members aside. @returns what differs, one line each */
export function compareJson(path: string, actual: Json | undefined, expected: Json | undefined): string[] {
  const members = [actual, expected].map((value) =>
    value !== null && typeof value === "object"
      ? Object.entries(value).filter(([name]) => name !== "XMLName")
      : undefined
  );
  const [ours, theirs] = members;
  if (ours === undefined || theirs === undefined || Array.isArray(actual) !== Array.isArray(expected)) {
    return actual === expected ? [] : [`${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`];
  }
  const [byName, expectedByName] = [new Map(ours), new Map(theirs)];
  const names = new Set([...expectedByName.keys(), ...byName.keys()]);
  return [...names].flatMap((name) => compareJson(`${path}.${name}`, byName.get(name), expectedByName.get(name)));
}
