// The recorded command lines as data: their shape (tests/fixtures/golden/rest/README.md, "cli") and where they lie.
import type { Json, JsonObject } from "../golden/vector.ts";
import type { Rows } from "../golden_rest/vector.ts";

export interface CliRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: Json;
  /** As received. */
  readonly status: number;
}

/** What is seen of one run; a deviation changes some of it. */
export interface Expectation {
  readonly requests: readonly CliRequest[];
  readonly exit_code: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Files with tokens by name; absent: not looked at. */
  readonly config_dir_after?: Readonly<Record<string, { readonly mode: string } & JsonObject>>;
}

export interface CliCase extends Expectation {
  readonly name: string;
  readonly note?: string;
  readonly deviate?: string;
  readonly args: readonly string[];
  /** `null`: without that variable. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** Whether a token is stored for the server. */
  readonly token_file?: boolean;
  readonly given?: Rows;
  /** Lines, one per prompt; then the program has a terminal. */
  readonly typed_at_prompt?: readonly string[];
  /** Instead of `stdout` in words, and what its token holds. */
  readonly stdout_is?: string;
  readonly jwt?: { readonly header: JsonObject; readonly claims: JsonObject };
}

const FOLDER = new URL("../../fixtures/golden/cli/", import.meta.url);

export const groupOf = ({ name }: CliCase): string => name.slice(0, name.indexOf("."));

/** @throws for a file that holds a case of another group */
export function loadCliCases(groups: readonly string[]): CliCase[] {
  return groups.flatMap((group) => {
    const cases = JSON.parse(Deno.readTextFileSync(new URL(`${group}.json`, FOLDER))) as CliCase[];
    const stray = cases.find((one) => groupOf(one) !== group);
    if (stray !== undefined) throw new Error(`${group}.json holds "${stray.name}"`);
    return cases;
  });
}
