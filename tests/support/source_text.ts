// Reads TypeScript as text for the layering test: what is code, what is a comment or a string, and what it imports.

export interface Import {
  readonly specifier: string;
  /** Gone after compilation: `import type`, or nothing but `type` names. */
  readonly typeOnly: boolean;
  /** `export … from` */
  readonly reexport: boolean;
  readonly line: number;
}

export interface SourceText {
  /** The text with comments, and the contents of strings, templates and regular expressions, turned into spaces. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export function readSource(text: string): SourceText {
  const code = blank(text);
  return { code, imports: importsOf(code, text) };
}

export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

const STATEMENT = /(?<![\w$.])(import|export)\b(\s+type\b(?!\s*(?:,|from\b)))?([^;'"`()=]*?)\bfrom\s*(["'])/g;
const SIDE_EFFECT = /(?<![\w$.])import\s*(["'])/g;
const DYNAMIC = /(?<![\w$.])import\s*\(\s*(["'])/g;

function importsOf(code: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (match: RegExpExecArray, typeOnly: boolean, reexport: boolean) => {
    const start = match.index + match[0].length;
    const specifier = text.slice(start, code.indexOf(match.at(-1) ?? "", start));
    found.push({ specifier, typeOnly, reexport, line: lineOf(text, match.index) });
  };
  for (const match of code.matchAll(STATEMENT)) {
    const names = /^\s*\{([^}]*)\}\s*$/.exec(match[3] ?? "")?.[1]?.split(",").map((name) => name.trim()).filter(
      Boolean,
    );
    const allTypes = names !== undefined && names.length > 0 && names.every((name) => /^type\s/.test(name));
    add(match, match[2] !== undefined || allTypes, match[1] === "export");
  }
  for (const match of code.matchAll(SIDE_EFFECT)) add(match, false, false);
  for (const match of code.matchAll(DYNAMIC)) add(match, false, false);
  return found;
}

/** Same length and lines as the text; quotes and backticks stay, so that what stood there can be told. */
function blank(text: string): string {
  const out = text.split("");
  const erase = (from: number, to: number) => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== "\n") out[i] = " ";
  };
  /** For each `${` that is open, how many braces are open inside of it. */
  const templates: number[] = [];
  let i = 0;
  while (i < text.length) {
    const [char, next] = [text[i], text[i + 1]];
    if (char === "/" && next === "/") {
      i = eraseUntil(/\n|$/g, i);
    } else if (char === "/" && next === "*") {
      i = eraseUntil(/\*\/|$/g, i, true);
    } else if (char === '"' || char === "'") {
      i = skip(char === '"' ? /(?:[^"\\\n]|\\.)*/sy : /(?:[^'\\\n]|\\.)*/sy, i + 1) + 1;
    } else if (char === "`") {
      i = template(i + 1);
    } else if (char === "/" && startsRegex(text.slice(Math.max(0, i - 40), i))) {
      i = skip(/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*/y, i + 1) + 1;
    } else {
      const depth = templates.length - 1;
      if (char === "{" && depth >= 0) templates[depth] = (templates[depth] ?? 0) + 1;
      if (char === "}" && depth >= 0) {
        if (templates[depth] === 0) {
          templates.pop();
          i = template(i + 1);
          continue;
        }
        templates[depth] = (templates[depth] ?? 0) - 1;
      }
      i++;
    }
  }
  return out.join("");

  function eraseUntil(end: RegExp, from: number, inclusive = false): number {
    end.lastIndex = from + 2;
    const match = end.exec(text);
    const to = match === null ? text.length : match.index + (inclusive ? match[0].length : 0);
    erase(from, to);
    return to;
  }
  function skip(content: RegExp, from: number): number {
    content.lastIndex = from;
    content.exec(text);
    const to = Math.max(content.lastIndex, from);
    erase(from, to);
    return to;
  }
  /** Erases template text up to its end, or up to a `${`, whose content is code again. */
  function template(from: number): number {
    const to = skip(/(?:[^`\\$]|\\.|\$(?!\{))*/sy, from);
    if (text[to] !== "$") return to + 1;
    templates.push(0);
    return to + 2;
  }
}

/** After a value a slash divides; after an operator, a bracket or some keywords it starts a regular expression. */
function startsRegex(before: string): boolean {
  const trimmed = before.trimEnd();
  return trimmed === "" || /[(,=:[!&|?{};+\-*%<>~^]$/.test(trimmed) ||
    /\b(return|typeof|case|in|of|await|yield)$/.test(trimmed);
}
