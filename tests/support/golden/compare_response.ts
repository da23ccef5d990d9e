// The client's answer against what a vector says it should be; returns what differs, one line each.
import type { ClientAnswer } from "./client.ts";
import { headerMatches } from "./compare_forwarded.ts";
import { header } from "./http_wire.ts";
import { compareJson, takeTokens } from "./jwt.ts";
import type { HeaderRule, Json, Vector, VectorToken } from "./vector.ts";
import { compareExactly, compareWithRecorded } from "./xml_compare.ts";
import { child, parseTree, type Tree, withDecodedIds } from "./xml_tree.ts";

export type ExpectedBody =
  | { readonly kind: "any" | "html" | "empty" }
  | { readonly kind: "json"; readonly value: Json }
  /**
   * An answer as recorded. `isOwn`: nothing of it may come from a node. `plus`: further elements below the root that must
   * be there, wherever they stand.
   */
  | {
    readonly kind: "xml";
    readonly xml: string;
    readonly isOwn?: boolean;
    readonly listInOrder?: boolean;
    readonly plus?: Readonly<Record<string, string>>;
  }
  /** Exactly what the node answered, ids decoded, with these texts instead of the node's. */
  | { readonly kind: "node"; readonly replace?: Readonly<Record<string, string>> }
  /** FAILED. Without `message` its text is ours to choose, but must not tell about the cluster. */
  | { readonly kind: "failed"; readonly messageKey: string; readonly message?: string };

export interface ExpectedResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, HeaderRule>>;
  readonly body: ExpectedBody;
  /** Tokens in the body, or in the headers, as `{{jwt:N}}`. */
  readonly jwt?: readonly VectorToken[];
}

/** The recorded answer as an expectation. */
export function recordedResponse(response: NonNullable<Vector["response"]>): ExpectedResponse {
  const { status, headers, body, jwt } = response;
  if (body === undefined) return { status, headers, jwt, body: { kind: "any" } };
  if (body === "{{html}}") return { status, headers, jwt, body: { kind: "html" } };
  if (body === "") return { status, headers, jwt, body: { kind: "empty" } };
  if (body.startsWith("<")) return { status, headers, jwt, body: { kind: "xml", xml: body } };
  return { status, headers, jwt, body: { kind: "json", value: JSON.parse(body) } };
}

/** @param nodeAnswer what a node said to this request, if one was asked */
export function compareResponse(
  actual: ClientAnswer,
  expected: ExpectedResponse,
  nodeAnswer: string | undefined,
): string[] {
  const problems: string[] = [];
  if (actual.status !== expected.status) problems.push(`status: expected ${expected.status}, got ${actual.status}`);
  for (const [name, rule] of Object.entries(expected.headers ?? {})) {
    if (name === "server" || name === "transfer-encoding") continue; // the node's need not come back; ours is free
    const given = header(actual, name);
    const { rest, problems: wrong } = takeTokens(given ?? "", expected.jwt ?? []);
    problems.push(...wrong.map((problem) => `header ${name}: ${problem}`));
    const value = given === undefined ? null : rest;
    const isSame = name === "content-type" && typeof rule === "string"
      ? mediaType(value ?? "") === mediaType(rule)
      : headerMatches(value, rule);
    if (!isSame) problems.push(`header ${name}: expected ${JSON.stringify(rule)}, got ${JSON.stringify(value)}`);
  }
  try {
    const { rest, problems: wrong } = takeTokens(actual.body, expected.jwt ?? []);
    problems.push(...wrong, ...compareBody(rest, expected.body, nodeAnswer));
  } catch (error) {
    problems.push(`body: ${error instanceof Error ? error.message : error}`);
  }
  return problems.length === 0 ? [] : [...problems, `the answer was ${actual.status} ${JSON.stringify(actual.body)}`];
}

const mediaType = (value: string): string => value.toLowerCase().replace(/\s/g, "");

function compareBody(actual: string, expected: ExpectedBody, nodeAnswer: string | undefined): string[] {
  switch (expected.kind) {
    case "any":
      return [];
    case "empty":
      return actual === "" ? [] : [`body: expected none, got "${actual}"`];
    case "html":
      return /^\s*<(?:!doctype html|html)/i.test(actual) ? [] : [`body: expected an HTML page, got "${actual}"`];
    case "json":
      return compareJson("body", JSON.parse(actual) as Json, expected.value);
    case "failed":
      return compareFailure(parseTree(actual), expected);
    case "node": {
      if (nodeAnswer === undefined) return ["body: expected the node's answer, but none was asked"];
      return compareExactly(
        parseTree(actual),
        replaceTexts(withDecodedIds(parseTree(nodeAnswer)), expected.replace ?? {}),
      );
    }
    case "xml": {
      const node = nodeAnswer === undefined || expected.isOwn ? undefined : parseTree(nodeAnswer);
      const { rest, problems } = takeElements(parseTree(actual), expected.plus ?? {});
      const { listInOrder } = expected;
      return [...problems, ...compareWithRecorded(rest, parseTree(expected.xml), { node, listInOrder })];
    }
  }
}

function compareFailure(actual: Tree, expected: { messageKey: string; message?: string }): string[] {
  const text = child(actual, "message")?.text ?? "";
  const problems = /https?:|127\.0\.0\.1|checksum=|SQLSTATE|-secret|00000000-/.test(text)
    ? [`message tells about the cluster: "${text}"`]
    : [];
  const message = expected.message ?? text;
  if (message === "") problems.push("message: missing");
  const leaf = (name: string, text: string): Tree => ({ name, text, attributes: {}, children: [] });
  const children = [leaf("returncode", "FAILED"), leaf("message", message), leaf("messageKey", expected.messageKey)];
  return [...problems, ...compareExactly(actual, { name: "response", text: "", attributes: {}, children })];
}

const replaceTexts = (tree: Tree, texts: Readonly<Record<string, string>>): Tree => ({
  ...tree,
  text: texts[tree.name] ?? tree.text,
  children: tree.children.map((each) => replaceTexts(each, texts)),
});

/** Takes the elements out that must be there, and says which are missing. */
function takeElements(tree: Tree, texts: Readonly<Record<string, string>>): { rest: Tree; problems: string[] } {
  const problems = Object.entries(texts).flatMap(([name, text]) =>
    child(tree, name)?.text === text
      ? []
      : [`/${tree.name}/${name}: expected "${text}", got "${child(tree, name)?.text}"`]
  );
  return { rest: { ...tree, children: tree.children.filter(({ name }) => !(name in texts)) }, problems };
}
