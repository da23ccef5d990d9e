// The runnable blocks of a document as one bash script, and what its output must hold. Pure.
import type { Document } from "./sources.ts";

export interface RunBlock {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** Undefined: in the document's own shell. `port`: what the next block waits for. */
  readonly background: { readonly port: string | undefined } | undefined;
  /** Lines of the output, `…` for anything. */
  readonly output: readonly string[];
}

/** Those marked `sh run`, each with the `text output` below it. @throws Error for marks that nobody knows */
export function runBlocks({ path, markdown: { fences } }: Pick<Document, "path" | "markdown">): RunBlock[] {
  return fences.flatMap((fence, index) => {
    const [language, mark, ...options] = fence.info;
    if (mark === undefined) return [];
    const at = `${path}:${fence.line}`;
    if (language === "text" && mark === "output") {
      const before = fences[index - 1];
      if (fence.followsFence && before?.info[1] === "run") return [];
      throw new Error(`${at}: output of no block`);
    }
    if (language !== "sh" || mark !== "run") throw new Error(`${at}: "${fence.info.join(" ")}" is no mark`);
    const [kind, port, ...rest] = options;
    if ((kind ?? "background") !== "background" || !/^(port=\d+)?$/.test(port ?? "") || rest.length > 0) {
      throw new Error(`${at}: "${fence.info.join(" ")}" is no mark`);
    }
    const below = fences[index + 1];
    const output = below?.followsFence && below.info[1] === "output" ? below.text.trimEnd().split("\n") : [];
    const background = kind === undefined ? undefined : { port: port?.slice("port=".length) };
    return [{ path, line: fence.line, text: fence.text, background, output }];
  });
}

export const BEGIN = "\u0001begin";

/** Comes before and after each block's output. */
export const markOf = (place: "begin" | "end", block: number): string =>
  `${place === "begin" ? BEGIN : "\u0001end"} ${block}\u0001`;

/** @param fill puts the names of this run in the place of those of the documents */
export function scriptOf(blocks: readonly RunBlock[], prelude: string, fill: (text: string) => string): string {
  const parts = blocks.map(({ text, background }, index) => {
    const mark = (place: "begin" | "end") => `printf '%s\\n' '${markOf(place, index)}'`;
    const body = background === undefined ? fill(text) : inBackground(fill(text), index, fill(background.port ?? ""));
    return `${mark("begin")}\n${body}\n${mark("end")}\n`;
  });
  return `set -euo pipefail\nexec 2>&1\n${prelude}\n${parts.join("")}`;
}

/** A shell of its own; it has ended before its port answers when its commands failed. */
function inBackground(text: string, index: number, port: string): string {
  const wait = `until (: < /dev/tcp/127.0.0.1/${port}) 2>/dev/null; do
  kill -0 $! 2>/dev/null || { cat .background-${index}.log; false; }
  sleep 0.05
done`;
  return `cat > .background-${index}.sh <<'__block__'
${text}
__block__
bash -euo pipefail .background-${index}.sh < /dev/null > .background-${index}.log 2>&1 &
${port === "" ? ":" : wait}`;
}

/** The first line of the expectation that the output does not hold behind those before; undefined when all is there. */
export function missingLine(expected: readonly string[], output: string): string | undefined {
  let end = 0;
  for (const line of expected) {
    if (line.trim() === "") continue;
    const parts = line.trim().split("…").map((part) =>
      part.trim().replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/\s+/g, "[ \\t]+")
    );
    const pattern = new RegExp(parts.join(".*?"), "g");
    pattern.lastIndex = end;
    if (!pattern.test(output)) return line;
    end = pattern.lastIndex;
  }
  return undefined;
}
