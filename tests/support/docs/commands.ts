// Calls of b3scalectl in text, and what the program itself would find wrong with them. Pure.
import { findOption, readLine } from "../../../cli/args.ts";
import { PROGRAM } from "../../../cli/commands.ts";

/** What stands behind `b3scalectl` (or the `ctl` of README), word by word, up to the end of the command. */
export function callsIn(code: string): string[][] {
  const joined = code.replace(/\\\n\s*/g, " ");
  const calls = joined.matchAll(/(?<=^|[\s;(|&"'`])(?:b3scalectl|ctl)[ \t]+(?=([^\n]*))/gm);
  return Array.from(calls, (match) => readWords(match[1] ?? "")).filter((words) => words.length > 0);
}

/** Quotes hold a word together; what ends a command, or begins a comment, ends the list. */
function readWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:((?:"(?:\\.|[^"\\])*"|'[^']*'|\$\([^)]*\)|[^\s;|&<>()"'`#]|(?<=\S)#|<[\w .|-]+>)+)|(.))/gy;
  for (const [, word, end] of text.matchAll(pattern)) {
    if (word === undefined || end !== undefined) break;
    words.push(word.replace(/^(["'])(.*)\1$/s, "$2"));
  }
  return words;
}

/** Undefined when the program knows the command and each of its flags. */
export function problemOf(words: readonly string[]): string | undefined {
  const { path, args, help } = readLine(PROGRAM, words);
  const command = path.at(-1);
  const isGroup = command === undefined || command.run === undefined;
  const [first] = args;
  const isName = /^[a-z][\w-]*$/.test(first ?? "") && !first?.startsWith("b3scale"); // neither a path nor <command>
  if (isGroup && !help && isName) return `unknown command "${first}"`;
  for (const word of words) {
    const flag = /^--?([A-Za-z][\w-]*)/.exec(word)?.[1];
    if (flag !== undefined && findOption([PROGRAM, ...path], flag) === undefined) return `unknown flag "${word}"`;
  }
  return undefined;
}
