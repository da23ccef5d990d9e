// Every setting of every program, as values: config.ts and agent/settings.ts read them, docs/generate.ts makes
// docs/configuration.md of them. With settings_of_*.ts the only place that knows variable names and defaults
// (control-plane contract §1.1).
import type { Settings } from "./lib/read_setting.ts";
import {
  allowList,
  listenAddress,
  logFormat,
  logLevel,
  MOST_SECONDS,
  oneOf,
  optional,
  text,
  truth,
  webUrl,
  whole,
} from "./lib/setting_kinds.ts";
import { AGENT, TESTS, UPLOAD } from "./settings_of_others.ts";
import { RECORDINGS } from "./settings_of_recordings.ts";

const server = ["b3scaled"] as const;
const everyProgram = ["b3scaled", "b3scalectl", "b3scaleagent"] as const;

const SERVER = {
  apiUrl: {
    name: "B3SCALE_API_URL",
    programs: [...everyProgram, "b3scale_upload.sh"],
    kind: webUrl,
    requiredBy: ["b3scaled", "b3scaleagent", "b3scale_upload.sh"],
    meaning: "Public base URL of b3scaled. The server makes links of it (callbacks, protected recordings); the " +
      "others call it. b3scalectl takes `http://127.0.0.1:42353` where neither this nor `--api` is given.",
  },
  jwtSecret: {
    name: "B3SCALE_API_JWT_SECRET",
    programs: ["b3scaled", "b3scalectl"],
    kind: text,
    requiredBy: server,
    isSecret: true,
    meaning:
      "Shared secret of all tokens, taken byte by byte, at least 32 of them (`openssl rand -hex 32`). The same on every " +
      "b3scaled of a cluster. `b3scalectl auth` takes it where `--secret` is not given.",
  },
  listen: {
    name: "B3SCALE_LISTEN_HTTP",
    programs: server,
    kind: listenAddress,
    default: "127.0.0.1:42353",
    meaning: "Address of the HTTP server; `:8080` means all addresses of the machine. TLS is a reverse proxy's, see " +
      "[security.md](security.md).",
  },
  reverseProxyMode: {
    name: "B3SCALE_REVERSE_PROXY_MODE",
    programs: server,
    kind: truth,
    default: "false",
    meaning: "Join by proxying the node's answer instead of a redirect to the node.",
  },
  requestTimeout: {
    name: "B3SCALE_HTTP_REQUEST_TIMEOUT",
    programs: server,
    kind: whole(0, MOST_SECONDS, "seconds"),
    default: "60",
    isLenient: true,
    meaning: "Until a request is answered with an error; 0 = no limit. Uploads of recordings have their own.",
  },
  drain: {
    name: "B3SCALE_DRAIN_SECONDS",
    programs: server,
    kind: whole(0, 600, "seconds"),
    default: "3",
    meaning:
      "How long `/readyz` says no after SIGTERM before connections are closed, so that the proxy in front sends nobody " +
      "here any more. Longer than two of its health checks.",
  },
} satisfies Settings;

const DATABASE = {
  dbUrl: {
    name: "B3SCALE_DB_URL",
    programs: server,
    kind: text,
    default: "postgres://postgres:postgres@localhost:5432/b3scale",
    isSecret: true,
    meaning:
      "PostgreSQL, as URL or keywords (`host=… dbname=…`). While it is not in the environment, b3scaled and b3scalectl " +
      "read the [files](#where-settings-come-from).",
  },
  dbPoolSize: {
    name: "B3SCALE_DB_POOL_SIZE",
    programs: server,
    kind: whole(1, undefined, "connections"),
    default: "32",
    meaning: "Most connections of the pool, opened on demand; two more listen for changes.",
  },
  dbMigrate: {
    name: "B3SCALE_DB_MIGRATE",
    programs: server,
    kind: truth,
    default: "true",
    meaning: "`false`: wait until somebody else has migrated the database.",
  },
} satisfies Settings;

const CLUSTER = {
  loadModel: {
    name: "B3SCALE_LOAD_MODEL",
    programs: server,
    kind: oneOf("expected", "stress"),
    default: "expected",
    meaning: "What a node's load is: the people `expected` and present, or the formula of 1.x (`stress`).",
  },
  pendingMeetingSeconds: {
    name: "B3SCALE_PENDING_MEETING_SECONDS",
    programs: server,
    kind: whole(10, 3600, "seconds"),
    default: "20",
    meaning: "Age at which a create that never ended, because its process died, is cleared up.",
  },
  commandWorkers: {
    name: "B3SCALE_CMD_WORKER_POOL_SIZE",
    programs: server,
    kind: whole(0, MOST_SECONDS, "commands"),
    default: "64",
    isLenient: true,
    meaning: "Commands (polls of nodes …) that run at once; 0 counts as 1. A waiting one holds no connection.",
  },
  callbackAllow: {
    name: "B3SCALE_CALLBACK_ALLOW",
    programs: server,
    kind: allowList,
    meaning:
      "Where callbacks of frontends may go besides public addresses. Needed for each frontend that b3scaled reaches in a " +
      "private, loopback or link-local network.",
  },
} satisfies Settings;

const WATCHING = {
  logLevel: {
    name: "B3SCALE_LOG_LEVEL",
    programs: everyProgram,
    kind: logLevel,
    default: "info",
    meaning: "The least that is logged. Numbers are those of 1.x: 1 is `info`.",
  },
  logFormat: {
    name: "B3SCALE_LOG_FORMAT",
    programs: everyProgram,
    kind: logFormat,
    default: "structured",
    meaning:
      "Always on stderr; every word but `structured` means plain. b3scalectl and b3scaleagent write for people: plain " +
      "unless told otherwise. See [logs.md](logs.md).",
  },
  listenMetrics: {
    name: "B3SCALE_LISTEN_METRICS",
    programs: server,
    kind: optional(listenAddress),
    meaning: "Where `/metrics` is served instead of on the main address, see [monitoring.md](monitoring.md).",
  },
  metricsToken: {
    name: "B3SCALE_METRICS_TOKEN",
    programs: server,
    kind: text,
    isSecret: true,
    meaning: "Bearer token that a scrape of `/metrics` must carry.",
  },
  metricsPerMeeting: {
    name: "B3SCALE_METRICS_PER_MEETING",
    programs: server,
    kind: truth,
    default: "false",
    meaning: "Series for each meeting, as in 1.x. Their number grows with the meetings.",
  },
} satisfies Settings;

/** In the order of the reference. */
export const SETTING_GROUPS: readonly (readonly [heading: string, settings: Settings])[] = [
  ["Server", SERVER],
  ["Database", DATABASE],
  ["Cluster", CLUSTER],
  ["Recordings", RECORDINGS],
  ["Logs and metrics", WATCHING],
  ["Agent", AGENT],
  ["Upload of recordings from a node", UPLOAD],
  ["Tests", TESTS],
];

export const SETTINGS = {
  ...SERVER,
  ...DATABASE,
  ...CLUSTER,
  ...RECORDINGS,
  ...WATCHING,
  ...AGENT,
  ...UPLOAD,
  ...TESTS,
};
