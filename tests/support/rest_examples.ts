// One request per documented answer that depends on the route; the scene is that of rest_app.ts.
import { ACCOUNT, ADMIN, AGENT, type Ask, IDS } from "./rest_app.ts";

export type Example = Partial<Pick<Ask, "json" | "text" | "token">> & Pick<Ask, "path">;

const base64 = (value: unknown) => btoa(JSON.stringify(value));
const rpc = (action: string, params: object) => ({ action, payload: base64(params) });
const OTHER_AGENT = { scope: "b3scale:node", sub: "agent7" };

/** What a client may send besides, without effect. */
export const READ_ONLY = {
  id: IDS.nobody,
  created_at: "2001-01-01T00:00:00Z",
  updated_at: "2001-01-01T00:00:00Z",
  synced_at: "2001-01-01T00:00:00Z",
  node_state: "error",
  meetings_count: 99,
  attendees_count: 99,
  latency: 99,
  agent_ref: "agent9",
  agent_heartbeat: "2001-01-01T00:00:00Z",
  last_error: "x",
  internal_id: "int-x",
  backend_id: IDS.nobody,
  frontend_id: IDS.nobody,
  state: "running",
  seq: 99,
  result: "x",
  deadline: "2001-01-01T00:00:00Z",
  unknown: { deep: [1] },
};

const newBackend = { bbb: { host: "http://new.invalid/bigbluebutton/api/", secret: "s" } };

const EXAMPLES: Readonly<Record<string, Readonly<Record<number, Example>>>> = {
  "GET /api/v1": { 200: { path: "/v1" } },
  "GET /api/v1/status": { 200: { path: "/v1/status" } },
  "POST /api/v1/ctrl/migrate": { 200: { path: "/v1/ctrl/migrate" } },
  "GET /api/v1/audit": { 200: { path: "/v1/audit?limit=5" }, 400: { path: "/v1/audit?limit=0" } },

  "GET /api/v1/frontends": { 200: { path: "/v1/frontends" }, 400: { path: "/v1/frontends?key=%00" } },
  "POST /api/v1/frontends": {
    200: { path: "/v1/frontends", json: { bbb: { key: "new", secret: "s" } } },
    400: { path: "/v1/frontends", json: {} },
    409: { path: "/v1/frontends", json: { bbb: { key: "fe1", secret: "s" } } },
  },
  "GET /api/v1/frontends/{id}": {
    200: { path: `/v1/frontends/${IDS.fe1}` },
    404: { path: `/v1/frontends/${IDS.nobody}` },
  },
  "PATCH /api/v1/frontends/{id}": {
    200: { path: `/v1/frontends/${IDS.fe1}`, json: { settings: { attendees_limit: { limit: 5 } } } },
    400: { path: `/v1/frontends/${IDS.fe1}`, json: { bbb: null } },
    404: { path: `/v1/frontends/${IDS.nobody}`, json: {} },
    409: { path: `/v1/frontends/${IDS.fe1}`, json: { bbb: { key: "fe2" } } },
  },
  "DELETE /api/v1/frontends/{id}": {
    200: { path: `/v1/frontends/${IDS.fe1}` },
    404: { path: `/v1/frontends/${IDS.nobody}` },
  },

  "GET /api/v1/backends": { 200: { path: "/v1/backends" }, 400: { path: "/v1/backends?host=%00" } },
  "POST /api/v1/backends": {
    200: { path: "/v1/backends", json: newBackend },
    400: { path: "/v1/backends", json: { bbb: { host: "ftp://x/" } } },
    409: { path: "/v1/backends", json: { bbb: { host: "http://node2.invalid/bigbluebutton/api/", secret: "s" } } },
  },
  "GET /api/v1/backends/{id}": {
    200: { path: `/v1/backends/${IDS.node1}` },
    404: { path: `/v1/backends/${IDS.nobody}` },
  },
  "PATCH /api/v1/backends/{id}": {
    200: { path: `/v1/backends/${IDS.node1}`, json: { load_factor: 2 } },
    400: { path: `/v1/backends/${IDS.node1}`, json: { admin_state: "error" } },
    404: { path: `/v1/backends/${IDS.nobody}`, json: {} },
    409: { path: `/v1/backends/${IDS.node1}`, json: { bbb: { host: "http://node2.invalid/bigbluebutton/api/" } } },
  },
  "DELETE /api/v1/backends/{id}": {
    200: { path: `/v1/backends/${IDS.node1}?force=true` },
    404: { path: `/v1/backends/${IDS.nobody}` },
  },

  "GET /api/v1/meetings": {
    200: { path: `/v1/meetings?backend_id=${IDS.node1}` },
    400: { path: "/v1/meetings" },
    404: { path: `/v1/meetings?backend_id=${IDS.nobody}` },
  },
  "GET /api/v1/meetings/{id}": { 200: { path: "/v1/meetings/internal:int-m1" }, 404: { path: "/v1/meetings/m9" } },
  "PATCH /api/v1/meetings/{id}": {
    200: { path: "/v1/meetings/m1", json: { meeting: { Running: false } } },
    400: { path: "/v1/meetings/m1", json: { meeting: { Running: "no" } } },
    404: { path: "/v1/meetings/m9", json: {} },
    409: { path: "/v1/meetings/m1", json: { meeting: { InternalMeetingID: "int-m2" } } },
  },
  "DELETE /api/v1/meetings/{id}": { 200: { path: "/v1/meetings/m1" }, 404: { path: "/v1/meetings/m9" } },

  "GET /api/v1/commands": { 200: { path: "/v1/commands" } },
  "POST /api/v1/commands": {
    200: { path: "/v1/commands", json: { action: "end_all_meetings", params: { BackendID: IDS.node1 } } },
    400: { path: "/v1/commands", json: { action: "collect_garbage" } },
  },
  "GET /api/v1/commands/{id}": {
    200: { path: `/v1/commands/${IDS.command}` },
    404: { path: `/v1/commands/${IDS.nobody}` },
  },

  "POST /api/v1/callbacks-check": {
    // Refused without a connection or a look at DNS.
    200: { path: "/v1/callbacks-check", json: { url: "http://10.0.0.1/callback" } },
    400: { path: "/v1/callbacks-check", json: { url: "ftp://lms.example/" } },
  },

  "GET /api/v1/agent/backend": {
    200: { path: "/v1/agent/backend" },
    404: { path: "/v1/agent/backend", token: OTHER_AGENT },
  },
  "POST /api/v1/agent/heartbeat": {
    200: { path: "/v1/agent/heartbeat" },
    404: { path: "/v1/agent/heartbeat", token: OTHER_AGENT },
  },
  "POST /api/v1/agent/rpc": {
    200: { path: "/v1/agent/rpc", json: rpc("meeting_set_running", { internal_meeting_id: "int-m1", running: true }) },
    400: { path: "/v1/agent/rpc", text: "nope" },
  },
};

/** @throws for a route or an answer that is documented and has no request here */
export function exampleOf(operation: string, status: number): Example {
  const example = EXAMPLES[operation]?.[status];
  if (example === undefined) throw new Error(`There is no request for "${operation}" answering ${status}`);
  return example;
}

export const fillPath = (path: string): string =>
  path.replace("/frontends/{id}", `/frontends/${IDS.fe1}`).replace("/backends/{id}", `/backends/${IDS.node1}`)
    .replace("/meetings/{id}", "/meetings/m1").replace("/commands/{id}", `/commands/${IDS.command}`);

/** One that suffices; the admin's before an agent's. */
export const tokenFor = (scopes: readonly string[]): NonNullable<Ask["token"]> =>
  [ADMIN, AGENT, ACCOUNT].find(({ scope }) => scopes.includes(scope)) ?? ACCOUNT;
