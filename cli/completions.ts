// What may follow on a command line, for the shells: program.ts prints it for the scripts in shells/, and for those
// of 1.x, which differ in what they hand over (control-plane contract §9).
import { commandNames, findOption, flagNames, HELP, HELP_NAMES, type Level, readLine, VERSION_FLAG } from "./args.ts";
import type { Complete, OptionSpec, Session } from "./types.ts";

/** The last word of a line that is to be completed. */
export const COMPLETE_FLAG = "--generate-bash-completion";

/** Instead of values: our scripts offer files themselves. */
const FILE = "<file>";

/**
 * @param line without COMPLETE_FLAG. Its last word is the one under the cursor when it is a flag or, as our scripts say
 * that one begins, empty: 1.x's scripts leave out what is no flag
 * @param open a session with the server of that address, which the line may name; it must not ask for a secret
 */
export async function candidates(
  program: Level,
  line: readonly string[],
  open: (apiUrl: string | undefined) => Promise<Session>,
): Promise<readonly string[]> {
  const last = line.at(-1);
  const current = last === "" || last?.startsWith("-") ? last : undefined;
  const { path, args, words, help, pending } = readLine(program, current === undefined ? line : line.slice(0, -1));
  const level = path.at(-1) ?? program;
  const live = async (complete: Complete) => await complete(await open(apiUrlIn(words)));

  if (current !== undefined && current !== "") {
    const name = /^--?([\w-]+)=/.exec(current)?.[1];
    if (name === undefined) return flagsOf(program, path);
    const option = findOption([program, ...path], name);
    const start = current.slice(0, current.indexOf("=") + 1);
    return (await valuesOf(option, live)).map((value) => start + value);
  }
  if (pending !== undefined) return pending.flags.includes(FILE) ? [FILE] : await valuesOf(pending, live);
  if (level.commands !== undefined) {
    return args.length > 0 ? [] : [...level.commands.flatMap(commandNames), ...HELP_NAMES];
  }
  const { complete, args: places = "" } = path.at(-1) ?? {};
  const isFull = args.length > 0 && !places.includes("...");
  return help || complete === undefined || isFull
    ? []
    : (await live(complete)).filter((value) => !args.includes(value));
}

/** Those of the program itself only where nothing else has been said, as in 1.x. */
function flagsOf(program: Level, path: readonly Level[]): string[] {
  const levels = path.length === 0 ? [program] : path.toReversed();
  const options = [...levels.flatMap((level) => level.options ?? []), HELP, ...path.length === 0 ? [VERSION_FLAG] : []];
  const flags = options.flatMap((option) => flagNames(option).map((name) => `${name.length > 1 ? "--" : "-"}${name}`));
  return [...new Set(flags)];
}

async function valuesOf(
  option: OptionSpec | undefined,
  live: (complete: Complete) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return option?.complete === undefined ? option?.values ?? [] : await live(option.complete);
}

const apiUrlIn = (words: readonly string[]): string | undefined =>
  words.findLast((word) => word.startsWith("--api="))?.slice("--api=".length);
