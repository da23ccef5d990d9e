// Any cluster file that a server could have to take, for properties.
import fc from "fast-check";
import type { ClusterFile } from "../../cli/cluster_schema.ts";

/** No NUL and no halves of symbols, as the server has it; much of what YAML would read as something else. */
const text = (most: number) =>
  fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: most }),
    fc.constantFrom(
      ..."yes null ~ 0123 1e3 *x &x !x | > << 1_000 2001-01-01 0x1F .inf = on ' \" %YAML --- 1:30 { [ ,".split(" "),
    ),
    fc.constantFrom("- a", "a: b", "# no", "a\nb", "a\n\n", " a", "a ", "\t", "a\r\nb", "\u0085", "\u2028", "\ufeffx"),
    fc.constantFrom("${X}", "$${X}", "$$$${", "\u00a0", "\u202e", "\u{e0001}"),
  ).filter((value) => value.length <= most && !value.includes("\0"));
const trimmed = (most: number) => text(most).map((value) => value.trim()).filter((value) => value !== "");
const member = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
/** But for names that schemas skip. */
const params = member(
  fc.dictionary(text(40).filter((name) => !["__proto__", "constructor", "prototype"].includes(name)), text(40)),
);
const entries = (name: fc.Arbitrary<string>, model: Record<string, fc.Arbitrary<unknown>>) =>
  fc.uniqueArray(fc.tuple(name, fc.record(model, { requiredKeys: [] })), { maxLength: 4, selector: ([key]) => key })
    .map((list) => new Map(list));
export const clusterFiles: fc.Arbitrary<ClusterFile> = fc.record({
  frontends: entries(trimmed(128), {
    secret: trimmed(255),
    active: fc.boolean(),
    account_ref: member(text(80)),
    settings: fc.record({
      required_tags: member(fc.array(text(20), { maxLength: 3 })),
      default_presentation: member(fc.record({ url: text(80), force: fc.boolean() })),
      attendees_limit: member(fc.record({ limit: fc.maxSafeInteger() })),
      create_default_params: params,
      create_override_params: params,
      join_default_params: params,
      join_override_params: params,
      recordings: member(fc.record({
        visibility_override: member(fc.constantFrom("public", "unpublished")),
        retention_days: member(fc.integer({ min: 1, max: 36_500 })),
      })),
    }, { requiredKeys: [] }),
  }),
  backends: entries(trimmed(80).map((path) => `https://${path}/`), {
    secret: trimmed(255),
    admin_state: fc.constantFrom("init", "ready", "stopped"),
    load_factor: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    settings: fc.record({
      tags: member(fc.array(text(20), { maxLength: 3 })),
      checksum_algorithm: member(fc.constantFrom("sha1", "sha512")),
    }, { requiredKeys: [] }),
  }),
}, { requiredKeys: [] }).map((file) => structuredClone(file)); // fast-check's own objects have no prototype
