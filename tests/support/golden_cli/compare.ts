// What a run did against what is expected of it: requests, texts by shape, files.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { compareWith } from "../golden_rest/compare.ts";
import type { Json, JsonObject } from "../golden/vector.ts";
import type { CliRequest } from "./case.ts";

/** Those of the recording; others stand for a line's rest. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  uuid: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  time: String.raw`\d{1,2}:\d\d[AP]M`,
  "go-time": String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000 UTC`,
  jwt: String.raw`[\w-]+\.[\w-]+\.[\w-]+`,
  checksum: "[0-9a-f]{64}",
  "random id": "[A-Za-z0-9_-]{23}",
  "help text": "[^]*?Usage: b3scalectl[^]*?",
  "...cut": "[^]*",
};

export function matches(actual: string, expected: string): boolean {
  const parts = expected.split(/\{\{([^{}]+)\}\}/);
  const source = parts.map((part, index) =>
    index % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : PLACEHOLDERS[part] ?? ".+"
  );
  return new RegExp(`^${source.join("")}$`).test(actual);
}

/** JSON is compared as JSON, and must be indented as 1.x's. Empty lines at the end do not matter. @returns what differs */
export function compareOutput(name: string, actual: string, expected: readonly string[]): string[] {
  const [ours, theirs] = [actual, expected.join("\n")].map((text) => withoutSteps(text).trimEnd());
  const document = parse(theirs ?? "");
  if (document === undefined || theirs?.includes("{{")) {
    return matches(ours ?? "", theirs ?? "") ? [] : [`${name}: expected\n${theirs}\n${name}: got\n${ours}`];
  }
  const value = parse(ours ?? "");
  const problems = compareWith(name, value, document);
  if (ours !== JSON.stringify(value, null, 3)) problems.push(`${name}: the JSON is not indented by 3`);
  return problems;
}

/** The recorder dropped empty lines here and there. */
export function compareErrors(actual: string, expected: readonly string[]): string[] {
  const filled = (lines: readonly string[]) => lines.filter((line) => line.trim() !== "");
  return compareOutput("stderr", filled(actual.split("\n")).join("\n"), filled(expected));
}

/** How many steps of a command are seen depends on how quick the server is. */
const withoutSteps = (text: string): string => text.replace(/^State: (requested|running)\n/gm, "");

function parse(text: string): Json | undefined {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** @returns what differs, one line each */
export function compareRequests(actual: readonly CliRequest[], expected: readonly CliRequest[]): string[] {
  const [ours, theirs] = [withoutPolls(actual), withoutPolls(expected)];
  const title = (request: CliRequest | undefined) => request && `${request.method} ${request.path}`;
  const problems = theirs.flatMap((wanted, index) => {
    const found = ours[index];
    if (found === undefined || !matches(title(found) ?? "", title(wanted) ?? "")) {
      return [`request ${index + 1}: expected ${title(wanted)}, got ${title(found)}`];
    }
    return compareRequest(found, wanted).map((problem) => `${title(wanted)}: ${problem}`);
  });
  return [...problems, ...ours.slice(theirs.length).map((request) => `superfluous: ${title(request)}`)];
}

/** For the same reason as withoutSteps(). */
const withoutPolls = (requests: readonly CliRequest[]): readonly CliRequest[] =>
  requests.filter(({ path }, index) => !path.includes("/commands/") || path !== requests[index + 1]?.path);

function compareRequest(found: CliRequest, wanted: CliRequest): string[] {
  const problems = found.status === wanted.status ? [] : [`status: expected ${wanted.status}, got ${found.status}`];
  for (const [name, value] of Object.entries(wanted.headers)) {
    const ours = found.headers[name] ?? "";
    if (!matches(ours, value)) problems.push(`${name}: expected "${value}", got "${ours}"`);
  }
  if ("authorization" in found.headers && !("authorization" in wanted.headers)) problems.push("a token was sent");
  const body = found.method === "POST" ? withoutFilling(wanted.json, found.json) : wanted.json;
  return [...problems, ...compareWith("json", found.json, body)];
}

/** What a 1.x client writes into a new object because it has to write something; the server's defaults are the same. */
const FILLING: Readonly<Record<string, Json>> = { node_state: "init", load_factor: 1, active: true };
const EMPTY: readonly Json[] = ["", 0, null, "0001-01-01T00:00:00Z", "{{timestamp}}"];

/** The recorded body but for what ours leaves out and need not say. */
function withoutFilling(recorded: Json | undefined, ours: Json | undefined): Json | undefined {
  if (!isObject(recorded)) return recorded;
  const known = isObject(ours) ? ours : {};
  const kept = Object.entries(recorded).filter(([name, value]) => name in known || !isFilling(name, value));
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutFilling(value, known[name]) ?? null]));
}

const isFilling = (name: string, value: Json): boolean =>
  FILLING[name] === value || EMPTY.includes(value) ||
  (isObject(value) && Object.entries(value).every(([inner, one]) => isFilling(inner, one)));

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws AssertionError */
export function checkToken(token: string, expected: JsonObject, secret: string): void {
  const [head = "", body = "", signature] = token.split(".");
  const decode = (part: string): JsonObject => JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
  const { iat, jti, ...claims } = decode(body);
  const { iat: _iat, jti: _jti, ...wanted } = expected["claims"] as JsonObject;
  assert.equal(signature, createHmac("sha384", secret).update(`${head}.${body}`).digest("base64url"));
  assert.deepEqual(decode(head), expected["header"]);
  assert.deepEqual(Object.keys(claims), Object.keys(wanted));
  for (const [name, value] of Object.entries(wanted)) assert.ok(matches(String(claims[name]), String(value)), name);
  assert.ok(Math.abs(Number(iat) - Date.now() / 1000) < 60, "iat is now");
  assert.match(String(jti), /^[\w-]{24}$/);
}
