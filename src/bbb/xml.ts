// XML in and out: a tree that loses nothing a node sent, and the only place that writes XML text.
import { XMLParser } from "fast-xml-parser";
import { escapeMarkup } from "../lib/escape.ts";

export interface XmlElement {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: readonly XmlNode[];
}
/** Text is decoded; CDATA stays CDATA. Comments and processing instructions are dropped. */
export type XmlNode = XmlElement | string | { readonly cdata: string };

export class XmlError extends Error {
  override name = "XmlError";
}

/** No BBB document comes near it, and what walks a tree by recursion is safe within it. */
const MAX_DEPTH = 100;

/**
 * `.` before each tag: a tenant may name a meta `constructor` or `toString`, which are no ordinary names to the parser.
 * The transformation runs twice on `<x/>`.
 */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: ".",
  cdataPropName: "#cdata",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true, // else `&#34;` stays as it is
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
  transformTagName: (name) => name.startsWith(".") ? name : `.${name}`,
});

type ParsedNode = Record<string, unknown>;

/** @throws XmlError for what is not well-formed, has a DOCTYPE, nests too deep, or has not exactly one root */
export function parseXml(text: string): XmlElement {
  refuseDoctype(text);
  let parsed: ParsedNode[];
  try {
    parsed = parser.parse(text, true) as ParsedNode[];
  } catch (cause) {
    throw new XmlError("the text is not well-formed XML", { cause });
  }
  const roots = parsed.map((node) => readNode(node, 1)).filter(isElement);
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw new XmlError("the XML has not exactly one root element");
  return root;
}

/** Before the parser sees it, which would expand the entities; inside CDATA the same text is harmless. */
function refuseDoctype(text: string): void {
  if (!/<!DOCTYPE/i.test(text)) return;
  if (/<!DOCTYPE/i.test(text.replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, ""))) {
    throw new XmlError("XML with a DOCTYPE is refused");
  }
}

function readNode(node: ParsedNode, depth: number): XmlNode {
  const text = node["#text"];
  if (text !== undefined) return String(text);
  const cdata = node["#cdata"];
  if (cdata !== undefined) {
    return { cdata: (cdata as ParsedNode[]).map((part) => String(part["#text"] ?? "")).join("") };
  }
  if (depth > MAX_DEPTH) throw new XmlError(`XML nested deeper than ${MAX_DEPTH} elements`);
  const tag = Object.keys(node).find((key) => key !== ":@") ?? ".";
  const attributes = Object.entries((node[":@"] ?? {}) as Record<string, unknown>);
  return {
    name: tag.slice(1),
    attributes: attributes.map(([name, value]) => [name.slice(1), String(value)] as const),
    children: joinTexts(((node[tag] ?? []) as ParsedNode[]).map((child) => readNode(child, depth + 1))),
  };
}

/** Text around a dropped comment is one text. */
function joinTexts(nodes: readonly XmlNode[]): XmlNode[] {
  const joined: XmlNode[] = [];
  for (const node of nodes) {
    const last = joined.at(-1);
    if (typeof node === "string" && typeof last === "string") joined[joined.length - 1] = last + node;
    else joined.push(node);
  }
  return joined;
}

const isElement = (node: XmlNode): node is XmlElement => typeof node !== "string" && "name" in node;

export const childElements = (element: XmlElement): XmlElement[] => element.children.filter(isElement);

export const findChild = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((child): child is XmlElement => isElement(child) && child.name === name);

/** Text directly inside, CDATA included; "" for an element that is not there. */
export function textOf(element: XmlElement | undefined): string {
  if (element === undefined) return "";
  return element.children.map((child) => typeof child === "string" ? child : isElement(child) ? "" : child.cdata).join(
    "",
  );
}

export const childText = (element: XmlElement, name: string): string => textOf(findChild(element, name));

/** The same tree with `change` applied to each element, parents before children. */
export function mapElements(element: XmlElement, change: (element: XmlElement) => XmlElement): XmlElement {
  const changed = change(element);
  return {
    ...changed,
    children: changed.children.map((child) => isElement(child) ? mapElements(child, change) : child),
  };
}

export const element = (name: string, ...children: XmlNode[]): XmlElement => ({ name, attributes: [], children });

/** Text for content and attributes. Control characters, which no XML can carry and strict clients choke on, are dropped. */
export function escapeXml(text: string): string {
  // deno-lint-ignore no-control-regex
  if (!/[&<>"'\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]/.test(text)) return text;
  return escapeMarkup(dropControls(text)).replaceAll("\r", "&#13;");
}

const dropControls = (text: string): string =>
  // deno-lint-ignore no-control-regex
  text.toWellFormed().replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]/g, "");

/** In an attribute a reader turns tabs and line ends into spaces, unless they are numbers. */
const escapeAttribute = (text: string): string => escapeXml(text).replaceAll("\t", "&#9;").replaceAll("\n", "&#10;");

/** Whether a strict parser accepts `name`; BBB nodes emit other names too (bbb-api §3.5). */
export const isXmlName = (name: string): boolean =>
  /^[A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff][\w.\-\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff]*$/
    .test(name);

/** One element with text; fragments are strings because joining them is what a big list costs. */
export const textElement = (name: string, text: string | number | boolean): string =>
  `<${name}>${typeof text === "string" ? escapeXml(text) : text}</${name}>`;

/** One element around XML that is already written. */
export const wrapElement = (name: string, xml: string): string => `<${name}>${xml}</${name}>`;

/** What a tenant has called something that no element can be called is left out. */
export const metadataXml = (metadata: Readonly<Record<string, string>>): string =>
  wrapElement(
    "metadata",
    Object.entries(metadata).filter(([name]) => isXmlName(name)).map(([name, text]) => textElement(name, text)).join(
      "",
    ),
  );

/** Leaves out elements and attributes whose names a strict client would refuse, and the whole answer with them. */
export function serializeXml(node: XmlNode): string {
  if (typeof node === "string") return escapeXml(node);
  if (!isElement(node)) return `<![CDATA[${dropControls(node.cdata).replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
  if (!isXmlName(node.name)) return "";
  let xml = `<${node.name}`;
  for (const [name, value] of node.attributes) if (isXmlName(name)) xml += ` ${name}="${escapeAttribute(value)}"`;
  xml += ">";
  for (const child of node.children) xml += serializeXml(child);
  return `${xml}</${node.name}>`;
}
