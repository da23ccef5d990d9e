// What an agent wrote and asked against what was recorded; what its event half says of Redis is not the start's.
import { isDeepStrictEqual } from "node:util";
import type { RecordedRequest } from "./proxy.ts";
import type { AgentRequest } from "./vector.ts";

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  time: String.raw`\d{1,2}:\d\d[AP]M`,
  uuid: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  jwt: String.raw`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+`,
};

function patternOf(expected: string): string {
  return expected.split(/\{\{(\w+)\}\}/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = PLACEHOLDERS[part];
    if (pattern === undefined) throw new Error(`Unknown placeholder "${part}"`);
    return pattern;
  }).join("");
}

const fits = (actual: string | undefined, expected: string): boolean =>
  actual !== undefined && new RegExp(`^${patternOf(expected)}$`).test(actual);

/** Of errors the message binds, and that there is an `error`; the rest is ours to word. */
function fitsLine(actual: string, expected: string): boolean {
  const error = /^(\{\{time\}\} (?:ERR|FTL) .*?)( error=.*)?$/.exec(expected);
  if (error === null) return fits(actual, expected);
  const [, message = "", fields] = error;
  return new RegExp(`^${patternOf(message)}${fields === undefined ? `( hint=".*")?` : ` error=".+"( .*)?`}$`).test(
    actual,
  );
}

/** @returns what differs, one line each */
export function compareLines(actual: string, recorded: readonly string[]): string[] {
  const lines = actual.split("\n").filter((line) => line !== "" && !/redis/i.test(line));
  const expected = recorded.filter((line) => !/redis/i.test(line));
  if (lines.length === expected.length && lines.every((line, index) => fitsLine(line, expected[index] ?? ""))) {
    return [];
  }
  return [`stderr: expected\n    ${expected.join("\n    ")}\n  got\n    ${lines.join("\n    ")}`];
}

/** @returns what differs, one line each */
export function compareRequests(actual: readonly RecordedRequest[], expected: readonly AgentRequest[]): string[] {
  const show = ({ method, path, status }: AgentRequest) => `${method} ${path} ${status}`;
  const [ours, theirs] = [actual.map(show), expected.map(show)];
  if (!isDeepStrictEqual(ours, theirs)) return [`requests: expected ${theirs.join(", ")}, got ${ours.join(", ")}`];
  return expected.flatMap((request, index) => {
    const { headers, json, bytes } = actual[index] ?? fail();
    const problems = isDeepStrictEqual(json, request.json)
      ? []
      : [`json: expected ${JSON.stringify(request.json)}, got ${JSON.stringify(json)}`];
    for (const name of new Set([...Object.keys(request.headers), ...Object.keys(headers)])) {
      const recorded = request.headers[name];
      const wanted = name === "content-length" && recorded !== undefined ? String(bytes) : recorded;
      if (wanted === undefined || !fits(headers[name], wanted)) {
        problems.push(`${name}: expected ${wanted}, got ${headers[name]}`);
      }
    }
    return problems.map((problem) => `${show(request)}: ${problem}`);
  });
}

function fail(): never {
  throw new Error("There are fewer requests than were counted");
}
