// What may stand in a cluster file: its shape, the server's rules for each value, how secrets are spelled. cluster_file.ts
// reads and prints by it, cluster_plan.ts takes what was read.
import * as v from "valibot";
import type { Env } from "../src/lib/read_setting.ts";
import { ADMIN_STATES, BackendInput, CHECKSUM_ALGORITHMS } from "../src/contract/backend.ts";
import { Text } from "../src/contract/endpoint.ts";
import { FrontendInput, RetentionDays, VISIBILITIES } from "../src/contract/frontend.ts";
import { CliError } from "./types.ts";

export type Members = Readonly<Record<string, unknown>>;

/** What is to be so, as REST spells it, but `bbb.secret` stands alone. Other members stay as they are. */
export interface Entry extends Members {
  readonly secret?: string;
  readonly settings?: Members;
}

export const SECTIONS = ["frontends", "backends"] as const;
export type Section = typeof SECTIONS[number];

/** Frontends by key, backends by host. A section that is undefined says nothing, an empty one that there are none. */
export type ClusterFile = { readonly [section in Section]?: ReadonlyMap<string, Entry> };

const AnyMap = v.custom<Members>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "should be a map, {} for none",
);
const members = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    AnyMap,
    v.strictObject(entries, ({ expected }) =>
      expected === "never" ? `is unknown here: there are ${Object.keys(entries).join(", ")}` : "is missing"),
  );
const oneOf = <const Names extends readonly string[]>(names: Names) =>
  v.picklist(names, `should be one of ${names.join(", ")}`);
const orNull = <Schema extends v.GenericSchema>(schema: Schema) => v.optional(v.nullable(schema));
const params = orNull(
  v.record(Text, v.pipe(Text, v.nonEmpty("should not be empty: the server keeps no empty values"))),
);

/** The server's own rules for single values. */
const frontendRules = FrontendInput.entries;
const { key: keyRule, secret: secretRule } = v.unwrap(frontendRules.bbb).entries;
const backendRules = BackendInput.entries;
const { host: hostRule } = v.unwrap(backendRules.bbb).entries;

const trimmed = v.check(
  (text: string) => text !== "" && text === text.trim(),
  "should not be empty, nor begin or end with white space",
);
export const Secret = v.pipe(v.unwrap(secretRule), trimmed);
export const NAMES = {
  frontends: v.pipe(v.unwrap(keyRule), trimmed),
  backends: v.pipe(
    v.unwrap(hostRule),
    v.regex(/^https?:\/\//, "should start with http(s)://"),
    trimmed,
    v.transform((host) => host.endsWith("/") ? host : `${host}/`),
  ),
};
/** An entry as it is written. */
export interface RawEntry extends Entry {
  /** `${NAME}` stands for a variable of the environment. */
  readonly secret?: string;
  /** Instead of `secret`, relative to the cluster file. */
  readonly secret_file?: string;
}
const secrets = { secret: v.optional(v.string()), secret_file: v.optional(v.string()) };
export const ENTRIES = {
  frontends: members({
    ...secrets,
    active: v.optional(v.boolean()),
    account_ref: orNull(v.unwrap(frontendRules.account_ref)),
    settings: v.optional(members({
      required_tags: orNull(v.array(Text)),
      default_presentation: orNull(members({ url: Text, force: v.optional(v.boolean(), false) })),
      attendees_limit: orNull(members({ limit: v.pipe(v.number(), v.safeInteger("should be a whole number")) })),
      create_default_params: params,
      create_override_params: params,
      join_default_params: params,
      join_override_params: params,
      recordings: orNull(members({
        visibility_override: v.optional(v.nullable(oneOf(VISIBILITIES)), null),
        retention_days: v.optional(v.nullable(RetentionDays), null),
      })),
    })),
  }),
  backends: members({
    ...secrets,
    // What the file names is to be there: one that is to go is left out.
    admin_state: v.optional(oneOf(ADMIN_STATES.filter((state) => state !== "decommissioned"))),
    load_factor: v.optional(v.unwrap(backendRules.load_factor)),
    settings: v.optional(members({
      tags: orNull(v.array(Text)),
      checksum_algorithm: orNull(oneOf(CHECKSUM_ALGORITHMS)),
    })),
  }),
};
export const Root = members({
  version: v.optional(v.literal(1, "should be 1")),
  frontends: v.optional(AnyMap),
  backends: v.optional(AnyMap),
});

/** What is wrong, to stand behind the name of the member. The library's own texts quote the value. */
export function wordsOf(issue: v.BaseIssue<unknown>): string {
  if (!issue.message.startsWith("Invalid ")) return issue.message;
  return `should be ${KINDS[issue.expected ?? ""] ?? issue.expected}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text: numbers, true, false and null need quotes",
  number: "a number",
  boolean: "true or false",
  Array: "a list",
};

/** `${NAME}` is replaced by that variable, `$${` stands for the characters `${`. @throws CliError */
export const expandSecret = (text: string, env: Env): string =>
  text.replace(/\$\$\{|\$\{(?:([A-Za-z_]\w*)\})?/g, (found, name: string | undefined) => {
    if (found === "$${") return "${";
    if (name === undefined) {
      throw new CliError("has a ${ that begins no ${NAME}: write $${ for the characters themselves");
    }
    const value = env[name];
    if (!value) throw new CliError(`names the environment variable ${name}, which is not set`);
    return value;
  });

export const escapeSecret = (secret: string): string => secret.replaceAll("${", () => "$${");
