// A strict little XML reader for comparisons, apart from the parser that the server uses. Whitespace around text, the
// spelling of entities and empty elements, declarations and comments make no difference in the tree.

export interface Tree {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Tree[];
  /** Directly inside, decoded, without the whitespace around it. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Tree[];
  text: string;
}

const TOKEN = new RegExp(
  [
    String.raw`<\?[\s\S]*?\?>|<!--[\s\S]*?-->`,
    String.raw`<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>`,
    String.raw`<\/(?<end>[^\s<>\/]+)\s*>`,
    String.raw`<(?<start>[^\s<>\/!?]+)(?<attributes>(?:\s+[^\s=<>]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/?)>`,
    "(?<text>[^<]+)",
  ].join("|"),
  "y",
);
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** @throws Error for text that is not well-formed or has not exactly one root */
export function parseTree(source: string): Tree {
  const document: OpenElement = { name: "", attributes: {}, children: [], text: "" };
  const path = [document];
  const top = () => path.at(-1) ?? document;
  const closeTop = () => {
    const element = path.pop();
    if (element !== undefined) top().children.push({ ...element, text: element.text.trim() });
  };
  const token = new RegExp(TOKEN);
  while (token.lastIndex < source.length) {
    const from = token.lastIndex;
    const groups = token.exec(source)?.groups;
    if (groups === undefined) throw new Error(`No XML at "${source.slice(from, from + 40)}"`);
    if (groups.start !== undefined) {
      path.push({ name: groups.start, attributes: readAttributes(groups.attributes ?? ""), children: [], text: "" });
      if (groups.empty === "/") closeTop();
    } else if (groups.end !== undefined) {
      if (path.length < 2 || top().name !== groups.end) {
        throw new Error(`XML ends "${groups.end}" inside "${top().name}"`);
      }
      closeTop();
    } else {
      top().text += groups.cdata ?? decode(groups.text ?? "");
    }
  }
  const [root] = document.children;
  if (path.length > 1) throw new Error(`XML does not end "${top().name}"`);
  if (root === undefined || document.children.length > 1 || document.text.trim() !== "") {
    throw new Error("XML has not exactly one root element");
  }
  return root;
}

function readAttributes(text: string): Record<string, string> {
  const attributes = [...text.matchAll(ATTRIBUTE)].map(([, name = "", double, single]) =>
    [name, decode(double ?? single ?? "")] as const
  );
  return Object.fromEntries(attributes);
}

function decode(text: string): string {
  return text.replace(/&([^;&\s]*);?/g, (all, name: string) => {
    const code = /^#(?:x([0-9a-fA-F]+)|(\d+))$/.exec(name);
    const char = code ? String.fromCodePoint(parseInt(code[1] ?? code[2] ?? "", code[1] ? 16 : 10)) : ENTITIES[name];
    if (char === undefined || !all.endsWith(";")) throw new Error(`XML has an unknown entity "${all}"`);
    return char;
  });
}

/** The first child of this name. */
export const child = (tree: Tree, name: string): Tree | undefined => tree.children.find((each) => each.name === name);

export const childText = (tree: Tree, name: string): string => child(tree, name)?.text ?? "";

const ID_ELEMENTS: readonly string[] = ["meetingID", "parentMeetingID", "meeting_id"];

/** A node's answer as the frontend is to see it: its ids instead of ours, nothing else changed. */
export function withDecodedIds(tree: Tree): Tree {
  return {
    ...tree,
    children: tree.children.map(withDecodedIds),
    text: ID_ELEMENTS.includes(tree.name) ? decodeMeetingId(tree.text) : tree.text,
  };
}

/** The frontend's part of an id such as `["fe1","m-1","b3scl"]` in base64url; any other text as it is. */
export function decodeMeetingId(id: string): string {
  try {
    const bytes = Uint8Array.fromBase64(id, { alphabet: "base64url", lastChunkHandling: "strict" });
    const parts: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const [, meetingId, marker] = Array.isArray(parts) && parts.length === 3 ? parts : [];
    return marker === "b3scl" && typeof meetingId === "string" ? meetingId : id;
  } catch {
    return id;
  }
}
