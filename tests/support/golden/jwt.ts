// Tokens of the vectors: those that a request carries are built, those that the server made are compared with the recorded
// ones. Written apart from the server's own library.
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { Json, JsonObject, VectorToken } from "./vector.ts";

/** How far `iat` may be from our clock: the request has just been answered. */
const CLOCK_SKEW_S = 30;

/** `value` with its tokens in place of `{{jwt:N}}`. */
export function withTokens<T extends { readonly jwt?: readonly VectorToken[] }>(value: T): T {
  const tokens = (value.jwt ?? []).map(buildToken);
  const text = JSON.stringify(value).replace(
    /\{\{jwt:(\d+)\}\}/g,
    (all, entry: string) => tokens[Number(entry)] ?? all,
  );
  return JSON.parse(text) as T;
}

function buildToken({ header, claims, signed_with }: VectorToken): string {
  const now = Math.floor(Date.now() / 1000);
  const filled = Object.entries(claims).map(([name, value]) => [name, fillTime(value, now)] as const);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(Object.fromEntries(filled))}`;
  const hash = String(header["alg"]).replace("HS", "sha");
  return `${signed}.${createHmac(hash, signed_with).update(signed).digest("base64url")}`;
}

const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/** The text with `{{jwt:N}}` for the tokens in it, which are compared. */
export function takeTokens(text: string, expected: readonly VectorToken[]): { rest: string; problems: string[] } {
  const problems: string[] = [];
  let entry = 0;
  const rest = text.replace(TOKEN, (token) => {
    const wanted = expected[entry];
    if (wanted === undefined) return token;
    problems.push(...compareToken(token, wanted).map((problem) => `{{jwt:${entry}}}: ${problem}`));
    return `{{jwt:${entry++}}}`;
  });
  return { rest, problems };
}

/** @returns what differs, one line each */
export function compareToken(token: string, expected: VectorToken): string[] {
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
  const match = typeof value === "string" ? /^\{\{now(?:\+(-?\d+))?\}\}$/.exec(value) : null;
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
