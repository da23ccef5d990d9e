// What the tests of the documentation look at in a Markdown file: code, links, anchors. Pure.

export interface Fence {
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** What follows it: `["sh", "run"]`. */
  readonly info: readonly string[];
  readonly text: string;
  /** Nothing but blank lines stands between it and the fence before. */
  readonly followsFence: boolean;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface Markdown {
  readonly fences: readonly Fence[];
  /** Everything but code, line by line. */
  readonly prose: readonly string[];
  readonly links: readonly Link[];
  /** As GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** `inline code`, without the ticks. */
  readonly codeSpans: readonly { readonly line: number; readonly text: string }[];
}

export function readMarkdown(source: string): Markdown {
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open:
    | { line: number; indent: number; ticks: string; info: string[]; text: string[]; followsFence: boolean }
    | undefined;
  let sinceFence = "text";
  for (const [index, line] of source.split("\n").entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line);
    if (open === undefined && fence !== null) {
      const [, indent = "", ticks = "", info = ""] = fence;
      const words = info.trim().split(/\s+/).filter((word) => word !== "");
      open = {
        line: index + 1,
        indent: indent.length,
        ticks,
        info: words,
        text: [],
        followsFence: sinceFence.trim() === "",
      };
    } else if (open !== undefined && fence !== null && fence[2]?.startsWith(open.ticks) && fence[3]?.trim() === "") {
      const { text, ticks: _, indent: __, ...rest } = open;
      fences.push({ ...rest, text: text.map((each) => `${each}\n`).join("") });
      open = undefined;
      sinceFence = "";
    } else if (open !== undefined) {
      open.text.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
    }
    const isProse = open === undefined && fence === null;
    prose.push(isProse ? line : "");
    if (isProse) sinceFence += line;
  }
  if (open !== undefined) throw new Error(`line ${open.line}: a code block that never ends`);
  return { fences, prose, ...readProse(prose) };
}

function readProse(prose: readonly string[]): Pick<Markdown, "links" | "anchors" | "codeSpans"> {
  const links: Link[] = [];
  const codeSpans: { line: number; text: string }[] = [];
  const anchors = new Set<string>();
  // A span may go over the end of a line, and never over the end of a paragraph.
  const text = prose.join("\n");
  const lineAt = (index: number) => text.slice(0, index).split("\n").length;
  const plain = text.replace(
    /(?<!`)(`+)(?!`)((?:(?!\n\s*\n)[^])+?)(?<!`)\1(?!`)/g,
    (span, _ticks, code: string, index: number) => {
      codeSpans.push({ line: lineAt(index), text: code.replace(/\s+/g, " ").trim() });
      return span.replace(/[^\n]/g, "x");
    },
  );
  for (const match of plain.matchAll(/\]\(\s*<?([^()\s>]+)>?[^()]*\)/g)) {
    links.push({ line: lineAt(match.index), target: match[1] ?? "" });
  }
  for (const match of plain.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/gm)) {
    links.push({ line: lineAt(match.index), target: match[1] ?? "" });
  }
  for (const line of prose) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading !== undefined) anchors.add(freeAnchor(anchorOf(heading), anchors));
    for (const match of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? "");
  }
  return { links, anchors, codeSpans };
}

/** GitHub's: lower case, punctuation dropped, blanks are hyphens. */
const anchorOf = (heading: string): string =>
  heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");

function freeAnchor(wanted: string, taken: ReadonlySet<string>): string {
  let anchor = wanted;
  for (let count = 1; taken.has(anchor); count++) anchor = `${wanted}-${count}`;
  return anchor;
}
