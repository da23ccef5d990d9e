// A setting as a declared value, and how it is read. settings.ts has the table, config.ts and agent/settings.ts read it.
import type { Kind } from "./setting_kinds.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export type Program = "b3scaled" | "b3scalectl" | "b3scaleagent" | "b3scale_upload.sh" | "tests";

export interface Setting<T> {
  readonly name: string;
  readonly programs: readonly Program[];
  readonly kind: Kind<T>;
  /** As one would write it; absent = none. */
  readonly default?: string;
  /** Programs that do not start without it. */
  readonly requiredBy?: readonly Program[];
  /** Never in an error. */
  readonly isSecret?: boolean;
  /** A wrong value costs a warning, and the default is used: as in 1.x. */
  readonly isLenient?: boolean;
  /** Markdown, for the reference. */
  readonly meaning: string;
}

/** What became of reading: problems end the program, warnings are logged. */
export interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** Without white space around it; "" = not set. */
export const textOf = (env: Env, { name }: Pick<Setting<unknown>, "name">): string => env[name]?.trim() ?? "";

/** Its value, or its default with a finding. */
export function readSetting<T>(env: Env, setting: Setting<T>, { problems, warnings }: Findings): T {
  const { kind, name } = setting;
  const fallback = setting.default ?? "";
  const given = textOf(env, setting) || fallback;
  const value = kind.read(given);
  if (value !== undefined) return value;
  for (const wrong of kind.wrongIn?.(given) ?? [given]) {
    const problem = `${name}: ${setting.isSecret ? "the value" : `"${wrong}"`} is not ${kind.what.replaceAll("`", "")}`;
    if (setting.isLenient) warnings.push(`${problem}: ${fallback} is used`);
    else problems.push(problem);
  }
  const used = kind.read(fallback);
  if (used === undefined) throw new Error(`the default of ${name} is wrong`);
  return used;
}
