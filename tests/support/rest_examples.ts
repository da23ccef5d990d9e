// One request per documented answer that depends on the route; the scene is that of rest_app.ts.
import { contentDigest } from "../../src/recordings/content_digest.ts";
import { ACCOUNT, ADMIN, AGENT, type Ask, IDS, UPLOAD_DIGEST } from "./rest_app.ts";
import { metadataXml } from "./upload_server.ts";

export type Example = Partial<Pick<Ask, "json" | "text" | "token" | "headers">> & Pick<Ask, "path">;

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

const UPLOAD = `/v1/recordings-upload?record_id=${IDS.recording1}&format=video`;
const OTHER_UPLOAD = `/v1/recordings-upload?record_id=${IDS.recording2}&format=notes`;
const DIGEST = { "content-digest": contentDigest(UPLOAD_DIGEST) };

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

  "GET /api/v1/recordings": {
    200: { path: "/v1/recordings?frontend_key=fe1" },
    400: { path: "/v1/recordings" },
    404: { path: `/v1/recordings?frontend_id=${IDS.nobody}` },
  },
  "GET /api/v1/recordings/{id}": {
    200: { path: `/v1/recordings/${IDS.recording1}` },
    404: { path: "/v1/recordings/aaaa1" },
  },
  "GET /api/v1/recordings-expiring": {
    200: { path: "/v1/recordings-expiring" },
    400: { path: "/v1/recordings-expiring?frontend_key=%00" },
  },
  "POST /api/v1/recordings-import": {
    200: { path: "/v1/recordings-import", text: metadataXml({ meetingID: "m1" }) },
    400: { path: "/v1/recordings-import", text: "hello" },
    404: { path: "/v1/recordings-import", text: metadataXml({ meetingID: "elsewhere" }) },
  },
  "POST /api/v1/recordings-upload": {
    200: { path: UPLOAD, headers: DIGEST },
    400: { path: UPLOAD, headers: {} },
    408: { path: OTHER_UPLOAD, headers: DIGEST },
    413: { path: OTHER_UPLOAD, headers: { ...DIGEST, "content-length": String(2 * 10 ** 15) } },
    415: { path: OTHER_UPLOAD, headers: { ...DIGEST, "content-encoding": "br" } },
    507: { path: OTHER_UPLOAD, headers: { ...DIGEST, "content-length": String(10 ** 15) } },
  },
  "GET /api/v1/recordings-imports": {
    200: { path: "/v1/recordings-imports?state=failed" },
    400: { path: "/v1/recordings-imports?state=lost" },
  },
  "POST /api/v1/recordings-imports/{id}/retry": {
    200: { path: `/v1/recordings-imports/${IDS.upload}/retry` },
    404: { path: `/v1/recordings-imports/${IDS.nobody}/retry` },
  },
  "POST /api/v1/recordings-visibility": {
    200: { path: "/v1/recordings-visibility", json: { record_id: IDS.recording1, visibility: "public" } },
    400: { path: "/v1/recordings-visibility", json: { record_id: IDS.recording1, visibility: "all" } },
    404: { path: "/v1/recordings-visibility", json: { record_id: "aaaa1", visibility: "public" } },
  },

  "GET /api/v1/commands": { 200: { path: "/v1/commands" } },
  "POST /api/v1/commands": {
    200: { path: "/v1/commands", json: { action: "end_all_meetings", params: { BackendID: IDS.node1 } } },
    400: { path: "/v1/commands", json: { action: "collect_garbage" } },
  },
  "GET /api/v1/commands/{id}": {
    200: { path: `/v1/commands/${IDS.command}` },
    404: { path: `/v1/commands/${IDS.nobody}` },
  },

  "GET /api/v1/callbacks": {
    200: { path: "/v1/callbacks?state=dead" },
    400: { path: "/v1/callbacks?state=lost" },
  },
  "POST /api/v1/callbacks/{id}/retry": {
    200: { path: `/v1/callbacks/${IDS.callback}/retry` },
    404: { path: `/v1/callbacks/${IDS.nobody}/retry` },
  },
  "DELETE /api/v1/callbacks/{id}": {
    200: { path: `/v1/callbacks/${IDS.callback}` },
    404: { path: `/v1/callbacks/${IDS.nobody}` },
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
    .replace("/meetings/{id}", "/meetings/m1").replace("/commands/{id}", `/commands/${IDS.command}`)
    .replace("/recordings/{id}", `/recordings/${IDS.recording1}`).replace(
      "/callbacks/{id}",
      `/callbacks/${IDS.callback}`,
    ).replace("/recordings-imports/{id}", `/recordings-imports/${IDS.upload}`);

/** One that suffices; the admin's before an agent's. */
export const tokenFor = (scopes: readonly string[]): NonNullable<Ask["token"]> =>
  [ADMIN, AGENT, ACCOUNT].find(({ scope }) => scopes.includes(scope)) ?? ACCOUNT;
