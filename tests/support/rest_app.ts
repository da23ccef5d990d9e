// The REST API called as a function, with rows of two tenants and two nodes, and nothing in the background that writes.
import { type App, createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import type { Deps, Pool } from "../../src/deps.ts";
import type { Logger } from "../../src/log.ts";
import { startServer } from "../../src/server.ts";
import { createFolders } from "./golden/files.ts";
import { holdBackground, holdCallbacks, holdSchedule } from "./golden_rest/hold.ts";
import { setRows } from "./golden_rest/rows.ts";
import { buildToken, JWT_SECRET } from "./golden_rest/token.ts";
import type { Rows } from "./golden_rest/vector.ts";
import { silentLog, testDatabase } from "./test_db.ts";

const id = (kind: string) => `00000000-0000-4000-8000-0000000000${kind}`;

/** `fe1` of account `acct1` has `m1` on the node of `agent1`, and so on with 2. */
export const IDS = {
  fe1: id("f1"),
  fe2: id("f2"),
  node1: id("b1"),
  node2: id("b2"),
  command: id("c1"),
  callback: id("c2"),
  upload: id("c3"),
  recording1: "aaaa1-1700000000001",
  recording2: "aaaa2-1700000000002",
  nobody: id("00"),
} as const;

/** Of what was uploaded for both recordings. */
export const UPLOAD_DIGEST = btoa("a SHA-256 of 32 bytes in base64.");

const AT = "2024-01-02T03:04:05";
const times = { created_at: AT, updated_at: AT, synced_at: AT };

const tenant = (n: 1 | 2) => ({
  frontend: {
    id: IDS[`fe${n}`],
    key: `fe${n}`,
    secret: `fe${n}-secret`,
    account_ref: `acct${n}`,
    settings: { required_tags: [`tag${n}`], create_default_params: { welcome: `hello${n}` } },
    active: true,
    ...times,
  },
  backend: {
    id: IDS[`node${n}`],
    host: `http://node${n}.invalid/bigbluebutton/api/`,
    secret: `node${n}-secret`,
    agent_ref: `agent${n}`,
    node_state: "ready",
    admin_state: "ready",
    meetings_count: 1,
    attendees_count: 0,
    ...times,
    synced_at: "2099-01-01T00:00:00",
  },
  meeting: {
    id: `m${n}`,
    internal_id: `int-m${n}`,
    state: {
      MeetingName: `Room ${n}`,
      MeetingID: `m${n}`,
      InternalMeetingID: `int-m${n}`,
      ModeratorPW: `mp${n}`,
      Running: true,
    },
    frontend_id: IDS[`fe${n}`],
    backend_id: IDS[`node${n}`],
    ...times,
  },
  recording: {
    record_id: IDS[`recording${n}`],
    meeting_id: `m${n}`,
    internal_meeting_id: `DEPRECATED:m${n}`,
    frontend_id: IDS[`fe${n}`],
    state: {
      RecordID: IDS[`recording${n}`],
      Name: `Room ${n}`,
      Published: true,
      State: "published",
      Metadata: { secret: `meta${n}` },
      Formats: [],
    },
    ...times,
  },
});

const [one, two] = [tenant(1), tenant(2)];
export const SCENE: Rows = {
  frontends: [one.frontend, two.frontend],
  backends: [one.backend, two.backend],
  meetings: [one.meeting, two.meeting],
  frontend_meetings: [1, 2].map((n) => ({ frontend_id: id(`f${n}`), meeting_id: `m${n}`, seen_at: AT })),
  recordings: [one.recording, two.recording],
  commands: [{
    id: IDS.command,
    seq: 7,
    state: "success",
    action: "end_all_meetings",
    params: { BackendID: IDS.node1 },
    result: true,
    deadline: "2099-01-01T00:00:00",
    created_at: AT,
  }],
  b3scale_recording_imports: [{
    id: IDS.upload,
    record_id: IDS.recording2,
    format: "video",
    digest: UPLOAD_DIGEST,
    folder: IDS.nobody,
    state: "failed",
    reason: "No frontend is known",
    created_at: AT,
    due_at: "2099-01-01T00:00:00",
  }, {
    record_id: IDS.recording1,
    format: "video",
    digest: UPLOAD_DIGEST,
    folder: IDS.nobody,
    state: "done",
    created_at: AT,
    due_at: AT,
    finished_at: AT,
  }],
  b3scale_callbacks: [{
    id: IDS.callback,
    frontend_id: IDS.fe2,
    kind: "meeting_ended",
    url: "http://10.0.0.2/fe2/hook?token=s3cret",
    origin: "http://10.0.0.2",
    request_id: "r1",
    attempts: 1,
    last_error: "10.0.0.2 is a private address, which B3SCALE_CALLBACK_ALLOW does not list",
    created_at: AT,
    due_at: AT,
    give_up_at: AT,
    died_at: AT,
    reason: "refused",
  }],
};

/** Tokens that suffice for everything that their scope allows here. */
export const ADMIN = { scope: "b3scale:admin", sub: "root" };
export const AGENT = { scope: "b3scale:node", sub: "agent1" };
export const ACCOUNT = { scope: "b3scale", sub: "acct1" };

export interface Ask {
  readonly method: string;
  /** Below `/api`, with query. */
  readonly path: string;
  /** Undefined: none at all. */
  readonly token?: { readonly scope?: string; readonly sub?: string; readonly secret?: string };
  readonly json?: unknown;
  /** Instead of `json`. */
  readonly text?: string;
  readonly stream?: ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: string;
}

export interface Told {
  readonly status: number;
  readonly json: unknown;
  readonly text: string;
  readonly headers: Headers;
}

export interface RestApp extends AsyncDisposable {
  readonly db: Pool;
  readonly deps: Deps;
  /** The scene anew. */
  reset(): Promise<void>;
  /** Everything that REST could change, times of writing included, as text. */
  snapshot(): Promise<string>;
  ask(ask: Ask): Promise<Told>;
}

export async function startRestApp(log: Logger = silentLog): Promise<RestApp> {
  await using stack = new AsyncDisposableStack();
  const { pool: db, url } = stack.use(await testDatabase());
  await holdBackground(db);
  await db`insert into held_counters values (${IDS.node1}), (${IDS.node2})`;
  await holdCallbacks(db);
  stack.use(await holdSchedule(url));
  const folders = stack.use(await createFolders());
  const running = await startServer(
    readConfig({
      B3SCALE_DB_URL: url,
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_API_URL: "http://b3scale.test",
      B3SCALE_API_JWT_SECRET: JWT_SECRET,
      ...folders.env,
      B3SCALE_RECORDINGS_UPLOAD_MAX_BYTES: String(10 ** 15),
    }),
    { log },
  );
  stack.defer(() => running.stop());
  await running.ready;
  const app = createApp(running.deps);
  const reset = () => setRows(db, SCENE);
  await reset();
  const kept = stack.move();
  return {
    db,
    deps: running.deps,
    reset,
    snapshot: () => snapshot(db),
    ask: (ask) => tell(app, ask),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function snapshot(db: Pool): Promise<string> {
  const [row] = await db<{ all: string }[]>`
    select concat_ws(' ', (select json_agg(t order by id) from frontends t), (select json_agg(t order by id) from backends t),
      (select json_agg(t order by id) from meetings t), (select json_agg(t order by meeting_id) from frontend_meetings t),
      (select json_agg(t order by record_id) from recordings t),
      (select json_agg(t order by seq) from commands t), (select json_agg(t order by id) from b3scale_callbacks t),
      (select json_agg(t order by id) from b3scale_recording_imports t), (select count(*) from b3scale_audit)) as all`;
  return row?.all ?? "";
}

export async function tell(app: App, { method, path, token, json, text, stream, headers, peer }: Ask): Promise<Told> {
  const sent = new Headers(headers);
  if (token !== undefined && !sent.has("authorization")) sent.set("authorization", `Bearer ${tokenOf(token)}`);
  const body = stream ?? text ?? (json === undefined ? undefined : JSON.stringify(json));
  if (body !== undefined && !sent.has("content-type")) sent.set("content-type", "application/json");
  const response = await app(new Request(`http://b3scale.test/api${path}`, { method, headers: sent, body }), peer);
  const answer = await response.text();
  return { status: response.status, json: parse(answer), text: answer, headers: response.headers };
}

/** Signed once, since thousands of requests carry the same one. */
const tokens = new Map<string, string>();
function tokenOf(token: NonNullable<Ask["token"]>): string {
  const key = JSON.stringify(token);
  const known = tokens.get(key) ?? buildToken(token);
  tokens.set(key, known);
  return known;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
