// The OpenAPI document, assembled from the endpoint values: what is validated and what is documented cannot differ. Called
// by rest/docs.ts, and by the CLI, which prints it without a server.
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { agentEndpoints, RpcJson } from "./agent.ts";
import type { Endpoint } from "./endpoint.ts";
import { ANSWERS, INTRODUCTION, Problem, SCOPES, TAGS } from "./openapi_texts.ts";
import { DEFINITIONS, ENDPOINTS, VALUES } from "./openapi_tables.ts";

/** JSON Schema, draft 2020-12, as OpenAPI 3.1 takes it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Alternatives: any one suffices. */
  readonly security: readonly { readonly bearer: readonly string[] }[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content | BinaryContent };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>;
}

interface Content {
  readonly "application/json": { readonly schema: JsonSchema };
}

/** By the type of a body that is no JSON. */
interface BinaryContent {
  readonly [media: string]: { readonly schema: JsonSchema };
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

/** @param version of this build */
export function openApi(version: string): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [id, endpoint] of Object.entries(ENDPOINTS)) {
    const path = `/api${endpoint.path}`.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(id, endpoint) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "b3scale", version, description: INTRODUCTION },
    servers: [{ url: "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            `HS384 only, signed with the server's secret. Claim \`scope\`: a list separated by spaces of\n\n${
              Object.entries(SCOPES).map(([scope, what]) => `- \`${scope}\`: ${what}`).join("\n")
            }`,
        },
      },
    },
  };
}

function operationOf(id: string, endpoint: Endpoint): Operation {
  const { scopes } = endpoint;
  const needs = scopes.length === 0 ? "Any valid token." : `Scope: ${scopes.map((s) => `\`${s}\``).join(" or ")}.`;
  return {
    operationId: id.replace(".", "_"),
    summary: endpoint.summary,
    description: needs,
    tags: [id.split(".", 1)[0] ?? ""],
    security: scopes.length === 0 ? [{ bearer: [] }] : scopes.map((scope) => ({ bearer: [scope] })),
    parameters: [...pathParameters(endpoint), ...queryParameters(endpoint)],
    ...bodyOf(endpoint),
    responses: {
      [endpoint.status]: { description: endpoint.summary, content: content(schemaOf(endpoint.response)) },
      ...Object.fromEntries(errorsOf(endpoint).map((status) => [status, answerOf(endpoint, status)])),
    },
  };
}

function bodyOf({ body, media }: Endpoint): Pick<Operation, "requestBody"> {
  if (media !== undefined) {
    return { requestBody: { required: true, content: { [media]: { schema: { type: "string", format: "binary" } } } } };
  }
  const schema = schemaOf(body);
  return takesNothing(schema) ? {} : { requestBody: { required: false, content: content(schema) } };
}

/** Statuses of refusals; too many failed tokens and a broken server can meet every request. */
export const errorsOf = ({ scopes, errors }: Endpoint): number[] =>
  [...new Set([...errors, 401, ...(scopes.length === 0 ? [] : [403]), 429, 500])].sort((a, b) => a - b);

function answerOf(endpoint: Endpoint, status: number): Operation["responses"][string] {
  // An agent reads one shape of answer, also when its request could not be read.
  const isRpc = endpoint === agentEndpoints.rpc && status === 400;
  return { description: ANSWERS[status] ?? "", content: content(schemaOf(isRpc ? RpcJson : Problem)) };
}

const content = (schema: JsonSchema): Content => ({ "application/json": { schema } });

const takesNothing = (schema: JsonSchema): boolean =>
  schema["properties"] !== undefined && Object.keys(schema["properties"] as object).length === 0;

const pathParameters = ({ path }: Endpoint): Parameter[] =>
  Array.from(path.matchAll(/:(\w+)/g), ([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));

function queryParameters({ query }: Endpoint): Parameter[] {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    ...(typeof description === "string" ? { description } : {}),
    schema,
  }));
}

/** Definitions are referred to by name. */
function schemaOf(schema: v.GenericSchema): JsonSchema {
  const name = Object.keys(DEFINITIONS).find((key) => DEFINITIONS[key] === schema);
  if (name !== undefined) return { $ref: referenceTo(name) };
  const { $schema: _, $defs: __, ...rest } = convert(schema);
  return rest;
}

function componentSchemas(): Record<string, JsonSchema> {
  const all = Object.keys(DEFINITIONS).map((name): [string, JsonSchema] => {
    const definition = convert(DEFINITIONS[name] as v.GenericSchema, name);
    const { $schema: _, $defs: __, ...schema } = definition;
    return [name, schema];
  });
  const schemas = Object.fromEntries(all);
  for (const [path, values] of Object.entries(VALUES)) limitTo(schemas, path, values);
  return schemas;
}

const referenceTo = (name: string): string => `#/components/schemas/${name}`;

/** @param self a definition is written out where it is defined */
function convert(schema: v.GenericSchema, self?: string): JsonSchema {
  const { [self ?? ""]: _, ...definitions } = DEFINITIONS;
  return toJsonSchema(schema, {
    target: "draft-2020-12",
    definitions,
    overrideRef: ({ referenceId }) => referenceTo(referenceId),
    ignoreActions: ["check", "finite"], // no JSON Schema says what they ask for
  }) as JsonSchema;
}

/** @throws Error for a path that does not exist, so that the table above cannot outlive what it describes */
function limitTo(schemas: Record<string, JsonSchema>, path: string, values: readonly string[]): void {
  const [name = "", ...members] = path.split(".");
  let schema = schemas[name] as { properties?: Record<string, JsonSchema>; enum?: unknown } | undefined;
  for (const member of members) schema = plain(schema?.properties?.[member]);
  if (schema === undefined) throw new Error(`OpenAPI: there is no "${path}"`);
  schema.enum = values;
}

/** Without the alternative null. */
const plain = (
  schema: JsonSchema | undefined,
): { enum?: unknown; properties?: Record<string, JsonSchema> } | undefined => {
  const alternatives = schema?.["anyOf"] as JsonSchema[] | undefined;
  return alternatives?.find(({ type }) => type !== "null") ?? schema;
};
