// The REST API on a database of its own, driven by requests: what the tests of its resources share.
import { createClusterFeed } from "../../../src/cluster/feed.ts";
import type { ClusterMemory } from "../../../src/cluster/memory.ts";
import { createClusterView } from "../../../src/cluster/view.ts";
import type { Scope } from "../../../src/contract/endpoint.ts";
import { signToken } from "../../../src/contract/token.ts";
import type { Db, Pool } from "../../../src/deps.ts";
import { createRest } from "../../../src/rest/rest.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { type BackendFields, insertBackend, makeConfig, makeLog } from "../../support/make.ts";
import { type NotedMetrics, noteMetrics } from "../../support/noted_metrics.ts";
import { openTestPool } from "../../support/test_db.ts";

/** Any JSON, objects and lists alike, to be looked into and compared. */
export interface Json {
  readonly [member: string]: Json;
}

export interface Answer {
  readonly status: number;
  readonly json: Json;
}

export interface Api {
  /** What the process holds of the cluster; nothing follows the database here. */
  readonly memory: ClusterMemory;
  readonly metrics: NotedMetrics;
  /** As an operator. */
  readonly admin: Caller;
  as(scope: Scope | "b3scale:admin b3scale:node", sub: string): Caller;
}

/** @param call method and path below `/api/v1`, as in `GET /backends` */
export type Caller = (call: string, body?: unknown) => Promise<Answer>;

export function createApi(db: Pool, url: string): Api {
  const [config, clock, { log }] = [makeConfig(), createFakeClock(), makeLog()];
  const feed = createClusterFeed({ db, openListener: () => openTestPool(url, 1), clock, log });
  const view = createClusterView({ db, clock, source: feed });
  const nodes = { call: () => Promise.reject(new Error("REST asks no node")) };
  const metrics = noteMetrics();
  const rest = createRest({ config, db, view, nodes, clock, random: () => 0.5, log, metrics });
  const as: Api["as"] = (scope, sub) => async (call, body) => {
    const token = await signToken(config.jwtSecret, { scope, sub }, clock.now());
    const [method = "", path = ""] = call.split(" ");
    const response = await rest({
      req: new Request(`http://b3s.test/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
      id: "r1",
      remoteIP: "192.0.2.1",
    });
    return { status: response.status, json: await response.json() };
  };
  return { memory: feed.memory, metrics, admin: as("b3scale:admin", "ops"), as };
}

/** One member of each row. */
export const pluck = (rows: Json, member: string): unknown[] => Object.values(rows).map((row) => row[member]);

export const NOT_FOUND = { status: 404, json: { message: "Not Found" } };

export const forbidden = (message: string) => ({ status: 403, json: { message } });

export const invalid = (fields: Record<string, string[]>) => ({
  status: 400,
  json: { error: "validation_error", fields, message: "validation failed with input" },
});

export const conflict = (field: string) => ({
  status: 409,
  json: {
    error: "conflict",
    fields: { [field]: ["already in use"] },
    message: "conflict with an existing resource",
  },
});

/** A backend that an agent belongs to. @returns its id */
export async function insertOwned(db: Db, agent: string, fields: BackendFields = {}): Promise<string> {
  const id = await insertBackend(db, fields);
  await db`update backends set agent_ref = ${agent} where id = ${id}`;
  return id;
}

/** Those that wait to be done. */
export const polls = (db: Db) =>
  db<{ id: string }[]>`
  select params ->> 'ID' as id from commands where action = 'update_node_state' and state = 'requested'`;

export async function storedBackend(db: Db, id: string) {
  const [row] = await db`
    select host, secret, admin_state, load_factor, settings, agent_ref from backends where id = ${id}`;
  return row;
}
