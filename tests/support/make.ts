// Things a test works on, with what it does not care about filled in: values in memory, and rows of a database.
import { type Attendee, type Meeting, NO_MEETING } from "../../src/bbb/meeting.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { type ClusterMeetingID, encodeMeetingID, type FrontendMeetingID } from "../../src/contract/meeting_id.ts";
import type { Db } from "../../src/deps.ts";
import type { LogFields, Logger } from "../../src/log.ts";
import type { GatewayRequest } from "../../src/gateway/types.ts";
import type { Backend, BackendAges } from "../../src/store/backends.ts";
import { readFrontendSettings } from "../../src/store/frontend_settings.ts";
import type { Frontend } from "../../src/store/frontends.ts";
import type { MeetingRow } from "../../src/store/meetings.ts";
import { encodeStoredMeeting } from "../../src/store/stored_meeting.ts";

/** Ids that are easy to read in a failed assertion: `uuid(7)` ends in 7. */
export const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** The cluster's id of a meeting of frontend `fe1`. */
export const clusterID = (id: string, frontendKey = "fe1"): ClusterMeetingID =>
  encodeMeetingID(frontendKey, id as FrontendMeetingID);

export const makeAttendee = (fields: Partial<Attendee> = {}): Attendee => ({
  userID: "u1",
  internalUserID: "",
  fullName: "User 1",
  role: "VIEWER",
  isPresenter: false,
  isListeningOnly: false,
  hasJoinedVoice: false,
  hasVideo: false,
  clientType: "HTML5",
  ...fields,
});

export const makeAttendees = (count: number): Attendee[] =>
  Array.from({ length: count }, (_, index) => makeAttendee({ userID: `u${index}`, fullName: `User ${index}` }));

export const makeMeeting = (fields: Partial<Meeting> = {}): Meeting => ({
  ...NO_MEETING,
  meetingName: "Room",
  meetingID: clusterID("m1"),
  internalMeetingID: "int-m1",
  moderatorPW: "mp",
  attendeePW: "ap",
  running: true,
  metadata: {},
  attendees: [],
  ...fields,
});

export function makeMeetingRow({ meeting, ...fields }: Omit<Partial<MeetingRow>, "id"> & { id?: string } = {}) {
  const id = (fields.id ?? clusterID("m1")) as ClusterMeetingID;
  const row: MeetingRow = {
    internal_id: `int-${id}`,
    meeting: makeMeeting({ meetingID: id, internalMeetingID: fields.internal_id ?? `int-${id}`, ...meeting }),
    frontend_id: uuid(1),
    backend_id: uuid(11),
    created_at: new Date("2026-01-01T00:00:00Z"),
    updated_at: new Date("2026-01-01T00:00:00Z"),
    synced_at: new Date("2026-01-01T00:00:00Z"),
    ageSeconds: 0,
    expected: null,
    reserved_backend_id: null,
    version: "1/",
    ...fields,
    id,
  };
  return row;
}

/** A healthy node with a live agent, polled a second ago. */
export const makeBackend = (
  { ages, ...fields }: Omit<Partial<Backend>, "ages"> & { ages?: Partial<BackendAges> } = {},
): Backend => ({
  id: uuid(11),
  host: "https://n1.example/bigbluebutton/api/",
  secret: "node-secret",
  node_state: "ready",
  admin_state: "ready",
  load_factor: 1,
  last_error: null,
  agent_ref: null,
  tags: [],
  checksum_algorithm: "sha256",
  meetings_count: 0,
  attendees_count: 0,
  failed_polls: 0,
  version: "v",
  ...fields,
  ages: { heartbeat: 1, synced: 1, failed: null, good: 1, ...ages },
});

/** `heartbeat` of a node that never had an agent. */
export const NEVER = 26 * 365 * 86400;

export const makeFrontend = (
  { settings, ...fields }: Omit<Partial<Frontend>, "settings"> & { settings?: unknown } = {},
) =>
  ({
    id: uuid(1),
    key: "fe1",
    secret: "fe1-secret",
    active: true,
    settings: readFrontendSettings(settings ?? {}),
    account_ref: null,
    created_at: new Date("2026-01-01T00:00:00Z"),
    updated_at: new Date("2026-01-01T00:00:00Z"),
    version: "1",
    ...fields,
  }) satisfies Frontend;

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error" | "fatal";
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that is read instead of written. */
export function makeLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine["level"]) => (message: string, fields: LogFields = {}) =>
    void lines.push({ level, message, fields });
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), fatal: at("fatal") };
  return { log, lines };
}

export const makeConfig = (env: Record<string, string> = {}): Config =>
  readConfig({
    B3SCALE_API_URL: "https://b3s.example",
    B3SCALE_API_JWT_SECRET: "jwt-secret-jwt-secret-jwt-secret-jwt-secret",
    ...env,
  });

export const makeRequest = (
  { params, ...fields }: Omit<Partial<GatewayRequest>, "params"> & { params?: Record<string, string> } = {},
): GatewayRequest => ({
  method: "GET",
  resource: "create",
  rawQuery: "",
  params: new Map(Object.entries(params ?? {})),
  form: new Map(),
  files: new Map(),
  body: new Uint8Array(0),
  contentType: "",
  problem: undefined,
  frontend: makeFrontend(),
  target: "/bbb/fe1/bigbluebutton/api/create",
  accept: "",
  userAgent: "",
  requestID: "r1",
  ...fields,
});

/** @returns its id */
export async function insertFrontend(
  db: Db,
  row: { key?: string; secret?: string; settings?: object; active?: boolean; id?: string } = {},
): Promise<string> {
  const { key = "fe1", secret = "fe1-secret", settings = {}, active = true, id = crypto.randomUUID() } = row;
  await db`
    insert into frontends (id, key, secret, settings, active)
    values (${id}, ${key}, ${secret}, ${db.json(settings as never)}, ${active})`;
  return id;
}

export interface BackendFields {
  readonly id?: string;
  readonly host?: string;
  readonly secret?: string;
  readonly node_state?: string;
  readonly admin_state?: string;
  readonly load_factor?: number;
  readonly settings?: object;
  /** Seconds; undefined = never. */
  readonly heartbeatAge?: number;
  readonly syncedAge?: number;
  /** With any of these the node has a health record of ours. */
  readonly failedPolls?: number;
  readonly failedAge?: number;
  readonly goodAge?: number;
  /** Seconds from now until it is due. */
  readonly dueIn?: number;
}

/** Ready, synced a second ago by somebody, without an agent and without a record of ours. @returns its id */
export async function insertBackend(db: Db, row: BackendFields = {}): Promise<string> {
  const { id = crypto.randomUUID(), secret = "node-secret", load_factor = 1, settings = {} } = row;
  const ago = (seconds: number | undefined) =>
    seconds === undefined ? db`null::timestamp` : db`localtimestamp - make_interval(secs => ${seconds}::float8)`;
  await db`
    insert into backends (id, host, secret, node_state, admin_state, load_factor, settings, agent_heartbeat, synced_at)
    values (${id}, ${row.host ?? `https://${id}/`}, ${secret}, ${row.node_state ?? "ready"}, ${
    row.admin_state ?? "ready"
  }, ${load_factor}, ${db.json(settings as never)}, coalesce(${ago(row.heartbeatAge)}, timestamp '2000-01-01'), ${
    ago(row.syncedAge ?? 1)
  })`;
  const { failedPolls, failedAge, goodAge, dueIn } = row;
  if ([failedPolls, failedAge, goodAge, dueIn].some((value) => value !== undefined)) {
    await db`
      insert into b3scale_backend_health (backend_id, failed_polls, failed_at, good_at, due_at)
      values (${id}, ${failedPolls ?? 0}, ${ago(failedAge)}, ${ago(goodAge)}, ${
      ago(dueIn === undefined ? undefined : -dueIn)
    })`;
  }
  return id;
}

export interface MeetingFields {
  readonly id?: string;
  readonly internal_id?: string;
  readonly frontend_id?: string | null;
  readonly backend_id?: string | null;
  readonly meeting?: Partial<Meeting>;
  /** Seconds of `created_at`, `updated_at` and `synced_at` alike. */
  readonly age?: number;
}

/** An hour old unless said. @returns its id */
export async function insertMeeting(db: Db, row: MeetingFields = {}): Promise<ClusterMeetingID> {
  const id = (row.id ?? clusterID("m1")) as ClusterMeetingID;
  const internal_id = row.internal_id ?? `int-${id}`;
  const state = encodeStoredMeeting(makeMeeting({ meetingID: id, internalMeetingID: internal_id, ...row.meeting }));
  const at = db`localtimestamp - make_interval(secs => ${row.age ?? 3600}::float8)`;
  await db`
    insert into meetings (id, internal_id, state, frontend_id, backend_id, created_at, updated_at, synced_at)
    values (${id}, ${internal_id}, ${db.json(state)}, ${row.frontend_id ?? null}, ${
    row.backend_id ?? null
  }, ${at}, ${at}, ${at})`;
  return id;
}
