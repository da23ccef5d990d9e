// What reached the nodes against what a vector says should have; returns what differs, one line each.
import type { NodeRequest } from "./fake_node.ts";
import { contentType } from "./fake_node.ts";
import { header } from "./http_wire.ts";
import { compareToken } from "./jwt.ts";
import type { Forwarded, HeaderRule } from "./vector.ts";
import { compareExactly } from "./xml_compare.ts";
import { parseTree } from "./xml_tree.ts";

/** @param clientBody the body of the client's request: such a body must pass unchanged */
export function compareForwarded(
  requests: readonly NodeRequest[],
  expected: readonly Forwarded[],
  clientBody: string | undefined,
): string[] {
  const problems: string[] = [];
  let next = 0;
  for (const each of expected) {
    const request = requests[next];
    if (each.optional && (request?.resource !== each.resource || request.to !== each.to)) continue;
    const at = `forwarded ${each.resource} to ${each.to}`;
    next++;
    if (request === undefined) problems.push(`${at}: missing`);
    else problems.push(...compareRequest(request, each, clientBody).map((problem) => `${at}: ${problem}`));
  }
  for (const request of requests.slice(next)) {
    problems.push(`forwarded ${request.resource} to ${request.to}: not expected`);
  }
  return problems;
}

function compareRequest(request: NodeRequest, expected: Forwarded, clientBody: string | undefined): string[] {
  const problems: string[] = [];
  const check = (what: string, actual: unknown, wanted: unknown) => {
    const [ours, theirs] = [JSON.stringify(actual), JSON.stringify(wanted)];
    if (ours !== theirs) problems.push(`${what}: expected ${theirs}, got ${ours}`);
  };
  check("to", request.to, expected.to);
  check("resource", request.resource, expected.resource);
  // A body cannot be sent with GET everywhere: 1.x does, we need not.
  if (!(expected.body && expected.method === "GET" && request.method === "POST")) {
    check("method", request.method, expected.method);
  }
  problems.push(...compareParams(request, expected));
  check("checksum valid", request.checksumValid, expected.checksum_valid);
  check("checksum algorithm", request.checksumAlgorithm, expected.checksum_alg ?? "sha256");
  if (!request.isCanonical) problems.push("the query is not sorted and escaped as it is to be sent to a node");
  if (expected.content_type !== undefined) check("content type", contentType(request), expected.content_type);
  for (const [name, rule] of Object.entries(expected.headers ?? {})) {
    const value = header(request, name) ?? null;
    if (!headerMatches(value, rule)) problems.push(`header ${name}: expected ${JSON.stringify(rule)}, got ${value}`);
  }
  if (expected.body !== undefined) problems.push(...compareBody(request.body, expected.body, clientBody));
  return problems;
}

export function headerMatches(value: string | null, rule: HeaderRule): boolean {
  if (rule === null || typeof rule === "string") return value === rule;
  return "not" in rule ? value !== rule.not : value?.startsWith(rule.startsWith) === true;
}

/** Equal names and values in order; a value that ends in `{{jwt:N}}` ends in a token as described by entry N. */
function compareParams(request: NodeRequest, expected: Forwarded): string[] {
  const problems: string[] = [];
  const params = request.params.map(([name, value], index) => {
    const [expectedName, expectedValue = ""] = expected.params[index] ?? [];
    const [, prefix, entry] = /^(.*)\{\{jwt:(\d+)\}\}$/.exec(expectedValue) ?? [];
    const token = expected.jwt?.[Number(entry)];
    if (prefix === undefined || token === undefined || name !== expectedName || !value.startsWith(prefix)) {
      return [name, value];
    }
    problems.push(...compareToken(value.slice(prefix.length), token).map((problem) => `${name}: ${problem}`));
    return [name, expectedValue];
  });
  const [ours, theirs] = [JSON.stringify(params), JSON.stringify(expected.params)];
  return ours === theirs ? problems : [`params: expected ${theirs}, got ${ours}`];
}

/** A body that passes through is equal to the byte; XML that the server writes is compared as a tree. */
function compareBody(actual: string, expected: string, clientBody: string | undefined): string[] {
  if (actual === expected) return [];
  const mismatch = `body: expected "${expected}", got "${actual}"`;
  if (expected === clientBody || !expected.startsWith("<")) return [mismatch];
  try {
    return compareExactly(parseTree(actual), parseTree(expected)).map((problem) => `body ${problem}`);
  } catch (error) {
    return [`${mismatch}: ${error instanceof Error ? error.message : error}`];
  }
}
