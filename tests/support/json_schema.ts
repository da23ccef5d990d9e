// As much of JSON Schema as our OpenAPI document uses: a checker, the leaves of a body, and random values around a schema.
import fc from "fast-check";
import type { JsonSchema } from "../../src/contract/openapi.ts";

export type Definitions = Readonly<Record<string, JsonSchema>>;

const KNOWN = new Set([
  "$ref",
  "type",
  "properties",
  "required",
  "items",
  "anyOf",
  "enum",
  "const",
  "additionalProperties",
  "propertyNames",
  "maxLength",
  "minLength",
  "minimum",
  "maximum",
  "description",
]);

export function resolve(schema: JsonSchema, definitions: Definitions): JsonSchema {
  const unknown = Object.keys(schema).find((keyword) => !KNOWN.has(keyword));
  if (unknown !== undefined) throw new Error(`The checker does not know "${unknown}"`);
  const reference = schema["$ref"];
  if (typeof reference !== "string") return schema;
  const definition = definitions[reference.replace("#/components/schemas/", "")];
  if (definition === undefined) throw new Error(`"${reference}" leads nowhere`);
  return resolve(definition, definitions);
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** @returns what does not fit, one line each; members that the schema does not know do not fit either */
export function violations(given: JsonSchema, definitions: Definitions, value: unknown, path = "answer"): string[] {
  const schema = resolve(given, definitions);
  const wrong = (why: string) => [`${path}: ${why}, got ${JSON.stringify(value)?.slice(0, 200)}`];
  const alternatives = schema["anyOf"] as JsonSchema[] | undefined;
  if (alternatives !== undefined) {
    const tried = alternatives.map((one) => violations(one, definitions, value, path));
    return tried.some((lines) => lines.length === 0) ? [] : tried.flat();
  }
  const type = schema["type"] as string | undefined;
  if (type !== undefined && TYPES[type]?.(value) !== true) return wrong(`should be ${type}`);
  const values = "const" in schema ? [schema["const"]] : schema["enum"] as unknown[] | undefined;
  if (values !== undefined && !values.includes(value)) return wrong(`should be one of ${values}`);
  const [least, most] = [schema["minimum"] ?? -Infinity, schema["maximum"] ?? Infinity] as [number, number];
  if (typeof value === "number" && (value < least || value > most)) return wrong(`should be ${least} to ${most}`);
  if (Array.isArray(value)) {
    const items = schema["items"] as JsonSchema | undefined;
    return items === undefined ? [] : value.flatMap((item, n) => violations(items, definitions, item, `${path}[${n}]`));
  }
  if (typeof value !== "object" || value === null || type !== "object") return [];
  const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  const rest = schema["additionalProperties"] as JsonSchema | undefined;
  const missing = ((schema["required"] ?? []) as string[]).filter((name) => !Object.hasOwn(value, name));
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : rest;
      if (known === undefined) return [`${path}.${name} is not documented`];
      return violations(known, definitions, member, `${path}.${name}`);
    }),
  ];
}

export interface Leaf {
  /** Names from the top of the body. */
  readonly path: readonly string[];
  /** The schema without its alternative null. */
  readonly schema: JsonSchema;
}

/** Every member of a body at any depth, objects included; lists are not entered. */
export function leavesOf(given: JsonSchema, definitions: Definitions, path: readonly string[] = []): Leaf[] {
  const schema = withoutNull(resolve(given, definitions), definitions);
  const own = path.length === 0 ? [] : [{ path, schema }];
  const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  const members = Object.entries(properties).flatMap(([name, one]) => leavesOf(one, definitions, [...path, name]));
  return [...own, ...members];
}

function withoutNull(schema: JsonSchema, definitions: Definitions): JsonSchema {
  const alternatives = schema["anyOf"] as JsonSchema[] | undefined;
  const plain = alternatives?.find(({ type }) => type !== "null");
  return plain === undefined ? schema : withoutNull(resolve(plain, definitions), definitions);
}

/** A value around the schema: mostly of the right shape, with extremes, and now and then something else altogether. */
export function valueAround(given: JsonSchema, definitions: Definitions): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 7, arbitrary: shaped(resolve(given, definitions), definitions) }, {
    weight: 1,
    arbitrary: fc.jsonValue(),
  });
}

function shaped(schema: JsonSchema, definitions: Definitions): fc.Arbitrary<unknown> {
  const alternatives = schema["anyOf"] as JsonSchema[] | undefined;
  if (alternatives !== undefined) return fc.oneof(...alternatives.map((one) => valueAround(one, definitions)));
  const properties = schema["properties"] as Record<string, JsonSchema> | undefined;
  if (properties !== undefined) {
    const members = Object.entries(properties).map(([name, one]) => [name, valueAround(one, definitions)]);
    return fc.record(Object.fromEntries(members), { requiredKeys: [] });
  }
  const rest = schema["additionalProperties"] as JsonSchema | undefined;
  if (rest !== undefined) return fc.dictionary(text, valueAround(rest, definitions), { maxKeys: 4 });
  switch (schema["type"]) {
    case "array":
      return fc.array(valueAround((schema["items"] ?? {}) as JsonSchema, definitions), { maxLength: 4 });
    case "string":
      return fc.oneof(text, fc.constantFrom(...((schema["enum"] ?? [""]) as string[])), fc.constant("x".repeat(3000)));
    case "integer":
    case "number":
      return fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(0, -1, 1e300, 2 ** 31, 2 ** 53));
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue();
  }
}

/** With NUL and halves of surrogate pairs, which PostgreSQL takes for no text. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ maxLength: 12 }),
  fc.constantFrom("\0", "\ud800", "a\udfffb", "%", "'", "00000000-0000-4000-8000-0000000000f1", "http://n/"),
);
