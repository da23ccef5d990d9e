// XML in and out: a tree that loses nothing a node sent, and the only place that writes XML text.
// The reader is our own: a node puts the names of metas and userdata into tags as they are (`<1x>`, `<a b>`, bbb-api §3.5),
// and a parser that refuses those takes every tenant's meetings on that node along.

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

interface OpenElement extends XmlElement {
  readonly attributes: (readonly [string, string])[];
  readonly children: XmlNode[];
}

/**
 * One pass in linear time. Any name is taken; the structure must be whole, so that a cut answer is never a shorter one.
 * @throws XmlError for a DOCTYPE, tags that do not match, elements deeper than 100, and not exactly one root
 */
export function parseXml(input: string): XmlElement {
  const text = input.includes("\r") ? input.replace(/\r\n?/g, "\n") : input;
  const document: OpenElement = { name: "", attributes: [], children: [] };
  const parents: OpenElement[] = [];
  let current = document;
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf("<", at);
    if (start !== at) addText(current, decodeEntities(text.slice(at, start < 0 ? text.length : start)));
    if (start < 0) break;
    const second = text[start + 1];
    if (second === "/") {
      const end = endOf(text, ">", start);
      const parent = parents.pop();
      if (parent === undefined || text.slice(start + 2, end).trimEnd() !== current.name) {
        throw new XmlError("XML with a closing tag that matches no opening tag");
      }
      current = parent;
      at = end + 1;
    } else if (second === "?") {
      at = endOf(text, "?>", start + 2) + 2;
    } else if (text.startsWith("<!--", start)) {
      at = endOf(text, "-->", start + 4) + 3;
    } else if (text.startsWith("<![CDATA[", start)) {
      const end = endOf(text, "]]>", start + 9);
      current.children.push({ cdata: text.slice(start + 9, end) });
      at = end + 3;
    } else if (second === "!") {
      throw new XmlError("XML with a DOCTYPE is refused"); // its entities could grow without bound
    } else {
      const tag = readTag(text, start + 1);
      const opened: OpenElement = { name: tag.name, attributes: tag.attributes, children: [] };
      current.children.push(opened);
      if (!tag.isEmpty) {
        if (parents.length >= MAX_DEPTH) throw new XmlError(`XML nested deeper than ${MAX_DEPTH} elements`);
        parents.push(current);
        current = opened;
      }
      at = tag.end;
    }
  }
  if (current !== document) throw new XmlError("XML that ends within an element");
  return rootOf(document);
}

function rootOf(document: XmlElement): XmlElement {
  const [root, ...more] = childElements(document);
  if (root === undefined || more.length > 0) throw new XmlError("XML without exactly one root element");
  if (textOf(document).trim() !== "") throw new XmlError("XML with text outside of its root element");
  return root;
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  if (end < 0) throw new XmlError("XML that ends within a tag");
  return end;
}

function addText(parent: OpenElement, text: string): void {
  const last = parent.children.length - 1;
  const before = parent.children[last]; // text around a comment is one text
  if (typeof before === "string") parent.children[last] = before + text;
  else parent.children.push(text);
}

const TAG_NAME = /[^\s<>"'=/]+/y;
const ATTRIBUTE = /\s+([^\s<>"'=/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y;
const TAG_END = /\s*(\/?)>/y;

/** What stands between `<` and `>`: name and attributes, or else all of it as the name of an element. */
function readTag(text: string, start: number) {
  const attributes: (readonly [string, string])[] = [];
  const name = matchAt(TAG_NAME, text, start)?.[0] ?? "";
  let at = start + name.length;
  if (text[at] === ">") return { name, attributes, isEmpty: false, end: at + 1 }; // most tags: no more expressions
  let match = matchAt(ATTRIBUTE, text, at);
  while (match !== null) {
    const [whole, attribute = "", quoted, apostrophed = ""] = match;
    attributes.push([attribute, decodeEntities((quoted ?? apostrophed).replace(/[\t\n]/g, " "))]);
    at += whole.length;
    match = matchAt(ATTRIBUTE, text, at);
  }
  const closed = matchAt(TAG_END, text, at);
  if (closed !== null) return { name, attributes, isEmpty: closed[1] === "/", end: TAG_END.lastIndex };
  const end = endOf(text, ">", start);
  const isEmpty = text[end - 1] === "/";
  return { name: text.slice(start, isEmpty ? end - 1 : end).trimEnd(), attributes: [], isEmpty, end: end + 1 };
}

function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The five names of XML and numbers; anything else with an `&` stays as it is. */
function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#([0-9]+)|#x([0-9A-Fa-f]+)|(amp|lt|gt|quot|apos));/g, (_, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? "";
    const code = decimal === undefined ? parseInt(hex, 16) : parseInt(decimal, 10);
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? "\ufffd" : String.fromCodePoint(code);
  });
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

const SPECIAL: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for content and attributes. Control characters, which no XML can carry and strict clients choke on, are dropped. */
export function escapeXml(text: string): string {
  // deno-lint-ignore no-control-regex
  if (!/[&<>"'\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]/.test(text)) return text;
  return dropControls(text).replace(/[&<>"']/g, (char) => SPECIAL[char] ?? char).replaceAll("\r", "&#13;");
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
