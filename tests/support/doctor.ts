// What the doctor's examinations are given in tests: objects as a server of ours lists them, and a server made up.
import type { BackendJson } from "../../src/contract/backend.ts";
import type { Answer, ApiClient, Given } from "../../src/contract/client.ts";
import type { CommandJson } from "../../src/contract/command.ts";
import type { Endpoint } from "../../src/contract/endpoint.ts";
import type { FrontendJson } from "../../src/contract/frontend.ts";

export type Backend = Answer<BackendJson>;
export type Frontend = Answer<FrontendJson>;
export type Command = Answer<CommandJson>;

/** Of the server, in tests. */
export const NOW = Date.UTC(2026, 0, 1, 12);
export const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const NEVER = "2000-01-01T00:00:00Z";

export const hostOf = (name: string): string => `https://${name}.example/bigbluebutton/api/`;

/** A node in good health without an agent, called by its name. */
export const makeNode = (name: string, fields: Partial<Backend> & { secret?: string } = {}): Backend => {
  const { secret = "node-secret", ...rest } = fields;
  return {
    id: name,
    node_state: "ready",
    admin_state: "ready",
    agent_heartbeat: NEVER,
    agent_ref: null,
    last_error: null,
    latency: 12e6,
    meetings_count: 0,
    attendees_count: 0,
    load_factor: 1,
    bbb: { host: hostOf(name), secret },
    settings: { tags: null },
    created_at: ago(86400),
    updated_at: ago(60),
    synced_at: ago(5),
    health: "available",
    eligible: true,
    reasons: [],
    ...rest,
  };
};

/** As a 1.x server lists it. */
export function make1xNode(name: string, fields: Partial<Backend> = {}): Backend {
  const { health: _, eligible: __, reasons: ___, ...node } = makeNode(name, { agent_heartbeat: ago(1), ...fields });
  return node;
}

export const makeTenant = (key: string, fields: Partial<Frontend> & { secret?: string } = {}): Frontend => {
  const { secret = "frontend-secret", settings, ...rest } = fields;
  return {
    id: key,
    active: true,
    bbb: { key, secret },
    settings: {
      required_tags: null,
      default_presentation: null,
      attendees_limit: null,
      create_default_params: {},
      create_override_params: {},
      join_default_params: {},
      join_override_params: {},
      recordings: null,
      ...settings,
    },
    account_ref: null,
    created_at: ago(86400),
    updated_at: ago(86400),
    ...rest,
  };
};

export const makeCommand = (fields: Partial<Command> = {}): Command => ({
  id: "c1",
  seq: 1,
  state: "success",
  action: "update_node_state",
  params: {},
  result: true,
  deadline: ago(-120),
  started_at: null,
  stopped_at: null,
  created_at: ago(1),
  ...fields,
});

/** @param answer to `GET /v1/backends` and so on, with what was given */
export const fakeApi = (answer: (asked: string, given: Given) => unknown): ApiClient => ({
  url: "http://b3scale.test",
  call: (async ({ method, path }: Endpoint, given: Given = {}) => {
    given.signal?.throwIfAborted();
    return await answer(`${method} ${path}`, given);
  }) as ApiClient["call"],
});
