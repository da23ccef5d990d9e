// The options that `set backend` and `set frontend` share.
import { CliError, type Given, type OptionSpec } from "../types.ts";

export const SECRET_AND_OPTS: readonly OptionSpec[] = [
  { flags: "-s, --secret <secret>", summary: "shared secret; required for a new one" },
  { flags: "-j, --opts <json>", summary: "settings that are merged into those there are; null takes one away" },
];

/** What `--opts` holds, sent as it stands. @throws CliError */
export function settingsOf(given: Given): Record<string, unknown> | undefined {
  const text = given.text("opts");
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CliError("--opts is no valid JSON: quote it as one word of the shell, with names in double quotes");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new CliError('--opts is no JSON object: write {"setting": value}');
}
