// Answers against what is expected of them, placeholders and allowed additions included.
import type { Json } from "../golden/vector.ts";
import type { ExpectedAnswer } from "./vector.ts";

/** Those of the recording, and {{text}}, {{number}} and {{now}} of ours. */
const PLACEHOLDERS: Readonly<Record<string, RegExp>> = {
  uuid: /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/,
  timestamp: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?/,
  text: /[^]+/,
  jwt: /[\w-]+\.[\w-]+\.[\w-]+/,
};

/** Members that answers of ours may have beyond the recorded ones. */
const ALLOWED_MEMBERS = new Set([
  "health",
  "eligible",
  "reasons",
  "load",
  "frontend_key",
  "backend_host",
  "features",
  "Size",
  "RawSize",
]);
const COMPARED_HEADERS = ["content-type", "location", "set-cookie", "allow"];

/** @returns what differs, one line each */
export function compareWith(path: string, actual: unknown, expected: Json | undefined): string[] {
  const differs = () => [`${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`];
  if (typeof expected === "string") {
    if (expected === "{{number}}") return Number.isInteger(actual) ? [] : differs();
    if (expected === "{{now}}") return isNow(actual) ? [] : differs();
    return typeof actual === "string" && patternOf(expected).test(actual) ? [] : differs();
  }
  if (expected === null || typeof expected !== "object") return actual === expected ? [] : differs();
  if (actual === null || typeof actual !== "object" || Array.isArray(actual) !== Array.isArray(expected)) {
    return differs();
  }
  const [ours, theirs] = [actual as Record<string, unknown>, expected as Record<string, Json>];
  const names = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
  return [...names].flatMap((name) =>
    !Object.hasOwn(theirs, name) && ALLOWED_MEMBERS.has(name)
      ? []
      : compareWith(`${path}.${name}`, ours[name], Object.hasOwn(theirs, name) ? theirs[name] : undefined)
  );
}

/** Of a column, which has no zone. */
const isNow = (actual: unknown): boolean => Math.abs(Date.parse(`${actual}Z`) - Date.now()) < 30_000;

function patternOf(expected: string): RegExp {
  const parts = expected.split(/\{\{(\w+|\d+ chars[^}]*)\}\}/);
  const source = parts.map((part, index) =>
    index % 2 === 0
      ? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
      : (PLACEHOLDERS[part.includes(" chars") ? "text" : part] ?? fail(part)).source
  );
  return new RegExp(`^${source.join("")}$`);
}

function fail(name: string): never {
  throw new Error(`Unknown placeholder "${name}"`);
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** @returns what differs, one line each */
export function compareAnswer(answer: Answer, expected: ExpectedAnswer): string[] {
  const problems = answer.status === expected.status
    ? []
    : [`status: expected ${expected.status}, got ${answer.status}: ${answer.text.slice(0, 500)}`];
  for (const name of COMPARED_HEADERS) {
    const [ours, theirs] = [answer.headers.get(name), expected.headers?.[name]];
    // A body that is not described may be of any type.
    if (theirs === undefined && (name === "content-type" || ours === null)) continue;
    const pattern = theirs === undefined ? undefined : new RegExp(patternOf(theirs), "i");
    const isSame = ours === null ? theirs === undefined : pattern?.test(ours);
    if (!isSame) problems.push(`${name}: expected ${theirs}, got ${ours}`);
  }
  if (expected.text !== undefined) problems.push(...compareWith("text", answer.text, expected.text));
  if (expected.json !== undefined) problems.push(...compareWith("json", parse(answer.text), expected.json));
  return problems;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
