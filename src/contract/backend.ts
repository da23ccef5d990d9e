// Backends in REST: documents, what may be sent, and the endpoints.
import * as v from "valibot";
import { endpoint, TimeJson } from "./endpoint.ts";

export const ADMIN_STATES = ["init", "ready", "stopped", "decommissioned"] as const;

const text = (most: number) => v.pipe(v.string(), v.maxLength(most, `is longer than ${most} characters`));

export const BackendSettingsJson = v.object({ tags: v.nullable(v.array(v.string())) });

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
});
export type BackendJson = v.InferOutput<typeof BackendJson>;

/** Other members, and those only we write, are ignored: 1.x clients send back whole objects. */
export const BackendInput = v.object({
  bbb: v.nullish(v.object({ host: v.nullish(text(2048)), secret: v.nullish(text(255)) })),
  settings: v.nullish(v.object({ tags: v.nullish(v.array(v.string())) })),
  admin_state: v.nullish(v.string()),
  load_factor: v.nullish(v.pipe(v.number(), v.minValue(0, "should not be negative"), v.finite())),
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
      host: v.optional(v.string()),
      host__like: v.optional(v.string()),
      host__ilike: v.optional(v.string()),
    }),
    response: v.array(BackendJson),
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
