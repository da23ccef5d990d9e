// Backends in REST: documents, what may be sent, and the endpoints.
import * as v from "valibot";
import { endpoint, Text, TimeJson } from "./endpoint.ts";

export const ADMIN_STATES = ["init", "ready", "stopped", "decommissioned"] as const;

export const CHECKSUM_ALGORITHMS = ["sha1", "sha256", "sha384", "sha512"] as const;

const text = (most: number) => v.pipe(Text, v.maxLength(most, `is longer than ${most} characters`));

export const BackendSettingsJson = v.object({
  tags: v.nullable(v.array(v.string())),
  checksum_algorithm: v.pipe(
    v.optional(v.picklist(CHECKSUM_ALGORITHMS)),
    v.description("for calls to the node; sha256 when it is not set"),
  ),
});

export const BackendJson = v.object({
  id: v.string(),
  node_state: v.string(),
  /** `destroyed` only in the answer of a forced removal. */
  admin_state: v.string(),
  agent_heartbeat: TimeJson,
  agent_ref: v.nullable(v.string()),
  last_error: v.nullable(v.string()),
  latency: v.pipe(v.number(), v.integer(), v.description("of the last poll, in nanoseconds")),
  meetings_count: v.pipe(v.number(), v.integer()),
  attendees_count: v.pipe(v.number(), v.integer()),
  load_factor: v.number(),
  bbb: v.object({ host: v.string(), secret: v.string() }),
  settings: BackendSettingsJson,
  created_at: TimeJson,
  updated_at: TimeJson,
  synced_at: TimeJson,
  health: v.picklist(["available", "unstable", "offline"]),
  eligible: v.pipe(v.boolean(), v.description("whether it takes new meetings")),
  reasons: v.pipe(v.array(v.string()), v.description("why it does not")),
  load: v.pipe(
    v.number(),
    v.description("what the router orders by, least first: people expected and present, times load_factor"),
  ),
});
export type BackendJson = v.InferOutput<typeof BackendJson>;

/** Other members, and those only we write, are ignored: 1.x clients send back whole objects. */
export const BackendInput = v.object({
  bbb: v.nullish(v.object({ host: v.nullish(text(2048)), secret: v.nullish(text(255)) })),
  settings: v.nullish(v.object({
    tags: v.nullish(v.array(Text)),
    checksum_algorithm: v.nullish(
      v.picklist(CHECKSUM_ALGORITHMS, `should be one of ${CHECKSUM_ALGORITHMS.join(", ")}`),
    ),
  })),
  admin_state: v.nullish(v.string()),
  load_factor: v.nullish(v.pipe(
    v.number(),
    v.minValue(0, "should not be negative"),
    v.maxValue(1e6, "should not be greater than 1000000"),
    v.check((factor) => factor === 0 || factor >= 1e-6, "should be 0 or at least 0.000001"), // the column is a float4
  )),
});
export type BackendInput = v.InferOutput<typeof BackendInput>;

const changing = [400, 404, 409, 413, 415] as const;

export const backendEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/backends",
    summary: "List backends, ordered by host",
    scopes: ["b3scale:admin"],
    query: v.object({
      host: v.optional(Text),
      host__like: v.optional(Text),
      host__ilike: v.optional(Text),
    }),
    response: v.array(BackendJson),
    errors: [400],
  }),
  create: endpoint({
    method: "POST",
    path: "/v1/backends",
    summary: "Create a backend; an agent binds itself to one that exists with the same secret",
    scopes: ["b3scale:admin", "b3scale:node"],
    body: BackendInput,
    response: BackendJson,
    errors: [400, 409, 413, 415],
  }),
  show: endpoint({
    method: "GET",
    path: "/v1/backends/:id",
    summary: "Show a backend",
    scopes: ["b3scale:admin", "b3scale:node"],
    response: BackendJson,
    errors: [404],
  }),
  update: endpoint({
    method: "PATCH",
    path: "/v1/backends/:id",
    summary: "Change a backend and poll its node; an empty body only polls it",
    scopes: ["b3scale:admin", "b3scale:node"],
    body: BackendInput,
    response: BackendJson,
    errors: changing,
  }),
  delete: endpoint({
    method: "DELETE",
    path: "/v1/backends/:id",
    summary: "Decommission a backend: it goes when nothing runs on it, with ?force=true at once",
    scopes: ["b3scale:admin"],
    query: v.object({ force: v.optional(v.string()) }),
    response: BackendJson,
    errors: [404],
  }),
};
