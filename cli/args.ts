// The command line as 1.x read it (`-name` is `--name`), made ready for commander, with the commands that it names.
import type { CommandSpec, OptionSpec } from "./types.ts";

/** The program or one of its commands. */
export type Level = Pick<CommandSpec, "options" | "commands">;

export interface Line {
  /** For commander: values attached to their flags (`--secret=x`), so that no value is taken for a flag or a command. */
  readonly words: readonly string[];
  /** The commands that it names, from the outermost to the innermost. */
  readonly path: readonly CommandSpec[];
  /** What follows them and is no flag. */
  readonly args: readonly string[];
  /** Whether `help` or `h` stands among the names. */
  readonly help: boolean;
  /** The last word is this flag, and its value is missing. */
  readonly pending: OptionSpec | undefined;
}

export const HELP: OptionSpec = { flags: "-h, --help", summary: "show this help" };
export const VERSION_FLAG: OptionSpec = { flags: "--version", summary: "print the version, without asking the server" };
export const HELP_NAMES: readonly string[] = ["help", "h"];

export function readLine(program: Level, line: readonly string[]): Line {
  const path: CommandSpec[] = [];
  const words: string[] = [];
  const args: string[] = [];
  let help = false;
  let pending: OptionSpec | undefined;
  for (let index = 0; index < line.length; index++) {
    const word = line[index] ?? "";
    const flag = /^--?([A-Za-z][\w-]*)(=.*)?$/s.exec(word);
    if (word === "--") {
      words.push(...line.slice(index));
      args.push(...line.slice(index + 1));
      break;
    }
    if (flag === null) {
      words.push(word);
      const { commands } = path.at(-1) ?? program;
      const command = args.length > 0 ? undefined : commands?.find((each) => commandNames(each).includes(word));
      if (command !== undefined) path.push(command);
      else if (args.length === 0 && commands !== undefined && HELP_NAMES.includes(word)) help = true;
      else args.push(word);
      continue;
    }
    const [, name = "", value] = flag;
    const option = findOption([program, ...path], name);
    if (option === undefined) { // commander says so, about the command it stands at
      words.push(`${name.length > 1 ? "--" : "-"}${name}${value ?? ""}`, ...line.slice(index + 1));
      break;
    }
    const long = `--${longName(option)}`;
    const next = line[index + 1];
    if (value !== undefined) words.push(long + value);
    else if (!takesValue(option)) words.push(long);
    else if (next === undefined) pending = option;
    else {
      words.push(`${long}=${next}`);
      index++;
    }
  }
  return { words, path, args, help, pending };
}

/** The innermost level's meaning of a name counts. */
export function findOption(levels: readonly Level[], name: string): OptionSpec | undefined {
  const all = [HELP, VERSION_FLAG, ...levels.flatMap(({ options = [] }) => options)];
  return all.findLast((option) => flagNames(option).includes(name));
}

export const takesValue = ({ flags }: OptionSpec): boolean => flags.includes("<");

/** As commander calls it: the last one of `--feid, --frontend-id <id>`. */
export const longName = ({ flags }: OptionSpec): string => /.*--([\w-]+)/.exec(flags)?.[1] ?? "";

/** Every spelling without dashes, the longest first. */
export const flagNames = ({ flags }: OptionSpec): string[] =>
  [...flags.matchAll(/(?:^|[\s,])--?([\w-]+)/g)].map((match) => match[1] ?? "").sort((a, b) => b.length - a.length);

export const commandNames = ({ name, aliases = [] }: CommandSpec): readonly string[] => [name, ...aliases];
