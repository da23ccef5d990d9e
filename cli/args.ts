// The command line as 1.x read it, made ready for commander: `-name` and `--name` are the same there.
import type { CommandSpec, OptionSpec } from "./types.ts";

/** @param takesValue whether the flag of that name or letter is followed by a value, which stays as it is */
export function goFlags(line: readonly string[], takesValue: (name: string) => boolean): string[] {
  const result: string[] = [];
  for (let index = 0; index < line.length; index++) {
    const word = line[index] ?? "";
    const [, dashes, name = "", value] = /^(--?)([A-Za-z][\w-]*)(=.*)?$/s.exec(word) ?? [];
    if (word === "--") return [...result, ...line.slice(index)];
    if (dashes === undefined) {
      result.push(word);
      continue;
    }
    const flag = `${name.length > 1 ? "--" : "-"}${name}`;
    if (value !== undefined) result.push(...name.length > 1 ? [`${flag}${value}`] : [flag, value.slice(1)]);
    else result.push(flag);
    const next = line[index + 1];
    if (value === undefined && next !== undefined && takesValue(name)) {
      result.push(next);
      index++;
    }
  }
  return result;
}

export const longName = ({ flags }: OptionSpec): string => /--([\w-]+)/.exec(flags)?.[1] ?? "";

/** Every spelling without dashes, the long one first. */
export const namesOf = ({ flags }: OptionSpec): string[] =>
  [...flags.matchAll(/(?:^|[\s,])--?([\w-]+)/g)].map((match) => match[1] ?? "").sort((a, b) => b.length - a.length);

interface Level {
  readonly options?: readonly OptionSpec[];
  readonly commands?: readonly CommandSpec[];
}

/** A name means the same wherever it is defined. */
export function takesValue({ options = [], commands = [] }: Level, name: string): boolean {
  return options.some((option) => option.flags.includes("<") && namesOf(option).includes(name)) ||
    commands.some((command) => takesValue(command, name));
}
