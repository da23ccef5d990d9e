// The server, its database, and the changes made through REST.
import * as v from "valibot";
import { endpoint, TimeJson } from "./endpoint.ts";

export const DatabaseJson = v.object({
  available: v.boolean(),
  database: v.string(),
  migrated: v.boolean(),
  migration: v.nullable(v.object({
    applied_at: TimeJson,
    description: v.string(),
    version: v.pipe(v.number(), v.integer()),
  })),
  pending_migrations: v.pipe(v.number(), v.integer()),
  error: v.nullable(v.string()),
});
export type DatabaseJson = v.InferOutput<typeof DatabaseJson>;

export const StatusJson = v.object({
  version: v.string(),
  build: v.string(),
  api: v.literal("v1"),
  account_ref: v.string(),
  is_admin: v.boolean(),
  database: DatabaseJson,
  features: v.pipe(v.array(v.string()), v.description("what this server can beyond 1.x")),
});
export type StatusJson = v.InferOutput<typeof StatusJson>;

export const AuditJson = v.object({
  time: TimeJson,
  subject: v.string(),
  scope: v.string(),
  method: v.string(),
  resource: v.string(),
  changed_keys: v.array(v.string()),
  request_id: v.string(),
});
export type AuditJson = v.InferOutput<typeof AuditJson>;

const status = { method: "GET", scopes: [], response: StatusJson } as const;

export const statusEndpoints = {
  root: endpoint({ ...status, path: "/v1", summary: "Status of server and database, for any valid token" }),
  status: endpoint({ ...status, path: "/v1/status", summary: "The same" }),
  migrate: endpoint({
    method: "POST",
    path: "/v1/ctrl/migrate",
    summary: "Apply pending migrations",
    scopes: ["b3scale:admin"],
    response: DatabaseJson,
  }),
  audit: endpoint({
    method: "GET",
    path: "/v1/audit",
    summary: "Changes made through this API, newest first, kept for 90 days",
    scopes: ["b3scale:admin"],
    query: v.object({ since: v.optional(v.string()), limit: v.optional(v.string()) }),
    response: v.array(AuditJson),
    errors: [400],
  }),
};
