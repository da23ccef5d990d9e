// What documents refer to: files, anchors, settings, commands. Each function gives one line per thing that is not there.
import { dirname, join } from "node:path/posix";
import { unknownSettings } from "../../../src/config.ts";
import { callsIn, problemOf } from "./commands.ts";
import type { Document } from "./sources.ts";

/** @param exists whether there is a file or folder of that path */
export function brokenLinks(documents: readonly Document[], exists: (path: string) => boolean): string[] {
  const byPath = new Map(documents.map((document) => [document.path, document]));
  return documents.flatMap(({ path, markdown }) =>
    markdown.links.flatMap(({ line, target }) => {
      if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : join(dirname(path), decodeURI(file));
      const linked = byPath.get(to);
      if (linked === undefined && !exists(to)) return [`${path}:${line}: there is no ${to}`];
      if (anchor === undefined || linked?.markdown.anchors.has(anchor) !== false) return [];
      return [`${path}:${line}: there is no heading "#${anchor}" in ${to}`];
    })
  );
}

/** Names like B3SCALE_RECORDINGS_… stand for several. */
export function unknownNames(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) =>
    Array.from(line.matchAll(/\bB3SCALE_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_]*[*…])/g), ([name]) => name)
      .flatMap((name) => unknownSettings({ [name]: "" }))
      .filter((problem) => !problem.includes("of b3scale 1.x"))
      .map((problem) => `${path}:${index + 1}: ${problem}`)
  );
}

export function unknownCommands({ path, markdown: { fences, codeSpans } }: Document): string[] {
  const shells = fences.filter(({ info }) => ["sh", "bash", "console", "shell"].includes(info[0] ?? ""));
  return [...shells, ...codeSpans].flatMap(({ line, text }) =>
    callsIn(text).flatMap((words) => {
      const problem = problemOf(words);
      return problem === undefined ? [] : [`${path}:${line}: b3scalectl ${words.join(" ")}: ${problem}`];
    })
  );
}
