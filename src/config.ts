// Settings of b3scaled: the only place that knows variable names and defaults (control-plane contract §1.1).
import { type AllowList, readAllowList } from "./lib/address_ranges.ts";
import { LOG_LEVELS, type LogFormat, type LogLevel } from "./log.ts";

export type LoadModel = "expected" | "stress";
export type Env = Readonly<Record<string, string | undefined>>;

/** Folders of recordings: `<path>/<format>/<record id>`. */
export interface RecordingsConfig {
  readonly publishedPath: string;
  readonly unpublishedPath: string;
  /** Where nodes lay down new ones; may be one of the other two. */
  readonly inboxPath: string;
  /** Of one uploaded format, unpacked. */
  readonly uploadMaxBytes: number;
  /** How long deleted files are kept; 0 = not at all. */
  readonly trashDays: number;
}

export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

export interface Config {
  readonly dbUrl: string;
  readonly dbPoolSize: number;
  readonly dbMigrate: boolean;
  readonly commandWorkers: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly listen: ListenAddress;
  /** Where metrics are served instead of on the main address; null = there. */
  readonly listenMetrics: ListenAddress | null;
  /** Bearer token that a scrape must carry; "" = none. */
  readonly metricsToken: string;
  readonly metricsPerMeeting: boolean;
  /** How long `/readyz` says no before connections are closed, so that a proxy sends nobody here any more. */
  readonly drainMs: number;
  readonly reverseProxyMode: boolean;
  readonly jwtSecret: string;
  /** Public base URL without a slash at its end. */
  readonly apiUrl: string;
  /** Where callbacks of frontends may go besides public addresses. */
  readonly callbackAllow: AllowList;
  readonly loadModel: LoadModel;
  readonly pendingMeetingSeconds: number;
  /** null = no paths are set, and nothing is done with recordings' files. */
  readonly recordings: RecordingsConfig | null;
  /** Scheme and host that recordings are played from; "" = the nodes themselves. */
  readonly playbackHost: string;
  /** 0 = no limit. */
  readonly requestTimeoutMs: number;
  /** Settings that were not used as given; logged at start. */
  readonly warnings: readonly string[];
}

/** Lists every wrong variable, each in a line of its own. */
export class ConfigError extends Error {
  override name = "ConfigError";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("; "));
  }
}

/** As milliseconds they must fit into a timer's 32 bits, else it fires at once. */
const MOST_SECONDS = 2_147_483;

export const DEFAULT_DB_URL = "postgres://postgres:postgres@localhost:5432/b3scale";

/** @throws ConfigError */
export function readConfig(env: Env): Config {
  const problems: string[] = [];
  const warnings: string[] = [];
  const text = (name: string, fallback = ""): string => env[name]?.trim() || fallback;
  const truth = (name: string, fallback: boolean): boolean => {
    const value = text(name).toLowerCase();
    return value === "" ? fallback : ["yes", "true", "1"].includes(value);
  };
  const whole = (name: string, fallback: number, least: number, most = 2 ** 31 - 1): number => {
    const value = text(name, String(fallback));
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    problems.push(`${name}: "${value}" is not a whole number from ${least} to ${most}`);
    return fallback;
  };
  /** 1.x goes on with its default when these are wrong. */
  const lenientWhole = (name: string, fallback: number): number => {
    const value = text(name, String(fallback));
    if (/^\d+$/.test(value) && Number(value) <= MOST_SECONDS) return Number(value);
    warnings.push(`${name}: "${value}" is not a whole number, ${fallback} is used`);
    return fallback;
  };
  const oneOf = <T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const value = text(name, fallback);
    const known = values.find((candidate) => candidate === value);
    if (known === undefined) problems.push(`${name}: "${value}" is none of ${values.join(", ")}`);
    return known ?? fallback;
  };

  const required = ["B3SCALE_API_URL", "B3SCALE_API_JWT_SECRET"];
  const missing = required.filter((name) => text(name) === "");
  if (missing.length > 0) {
    problems.push(`configuration incomplete: missing environment variables: ${missing.join(", ")}`);
  }
  const apiUrl = text("B3SCALE_API_URL").replace(/\/+$/, "");
  if (apiUrl !== "" && !/^https?:\/\/[^/]/.test(apiUrl)) {
    problems.push(`B3SCALE_API_URL: "${apiUrl}" does not start with http:// or https://`);
  }
  const folder = (name: string) => text(name).replace(/(?<=.)\/+$/, "");
  const playbackHost = text("B3SCALE_RECORDINGS_PLAYBACK_HOST").replace(/\/+$/, "");
  if (playbackHost !== "" && !/^https?:\/\/[^/]/.test(playbackHost)) {
    problems.push(`B3SCALE_RECORDINGS_PLAYBACK_HOST: "${playbackHost}" does not start with http:// or https://`);
  }
  const visibility = oneOf(
    "B3SCALE_RECORDINGS_DEFAULT_VISIBILITY",
    ["unpublished", "published", "protected", "public", "public_protected"],
    "published",
  );
  const readRecordings = (): RecordingsConfig | null => {
    const publishedPath = folder("B3SCALE_RECORDINGS_PUBLISHED_PATH");
    const unpublishedPath = folder("B3SCALE_RECORDINGS_UNPUBLISHED_PATH");
    const byVisibility = visibility === "unpublished" ? unpublishedPath : publishedPath;
    const recordings = {
      publishedPath,
      unpublishedPath,
      inboxPath: folder("B3SCALE_RECORDINGS_INBOX_PATH") || byVisibility,
      uploadMaxBytes: whole("B3SCALE_RECORDINGS_UPLOAD_MAX_BYTES", 20 * 1024 ** 3, 1, Number.MAX_SAFE_INTEGER),
      trashDays: whole("B3SCALE_RECORDINGS_TRASH_DAYS", 7, 0, 36_500),
    };
    if (publishedPath !== "" && unpublishedPath !== "") return recordings;
    if (publishedPath !== unpublishedPath) {
      warnings.push(
        "B3SCALE_RECORDINGS_PUBLISHED_PATH and B3SCALE_RECORDINGS_UNPUBLISHED_PATH: only one of them is set",
      );
    }
    return null;
  };

  const config: Config = {
    dbUrl: text("B3SCALE_DB_URL", DEFAULT_DB_URL),
    dbPoolSize: whole("B3SCALE_DB_POOL_SIZE", 32, 1),
    dbMigrate: truth("B3SCALE_DB_MIGRATE", true),
    commandWorkers: Math.max(1, lenientWhole("B3SCALE_CMD_WORKER_POOL_SIZE", 64)),
    logLevel: readLogLevel(text("B3SCALE_LOG_LEVEL", "info"), problems),
    logFormat: text("B3SCALE_LOG_FORMAT", "structured") === "structured" ? "structured" : "plain",
    listen: readListen("B3SCALE_LISTEN_HTTP", text("B3SCALE_LISTEN_HTTP", "127.0.0.1:42353"), problems),
    listenMetrics: text("B3SCALE_LISTEN_METRICS") === ""
      ? null
      : readListen("B3SCALE_LISTEN_METRICS", text("B3SCALE_LISTEN_METRICS"), problems),
    metricsToken: text("B3SCALE_METRICS_TOKEN"),
    metricsPerMeeting: truth("B3SCALE_METRICS_PER_MEETING", false),
    drainMs: whole("B3SCALE_DRAIN_SECONDS", 3, 0, 600) * 1000,
    reverseProxyMode: truth("B3SCALE_REVERSE_PROXY_MODE", false),
    jwtSecret: env["B3SCALE_API_JWT_SECRET"] ?? "",
    apiUrl,
    callbackAllow: readCallbackAllow(text("B3SCALE_CALLBACK_ALLOW"), problems),
    loadModel: oneOf("B3SCALE_LOAD_MODEL", ["expected", "stress"], "expected"),
    pendingMeetingSeconds: whole("B3SCALE_PENDING_MEETING_SECONDS", 20, 10, 3600),
    recordings: readRecordings(),
    playbackHost,
    requestTimeoutMs: lenientWhole("B3SCALE_HTTP_REQUEST_TIMEOUT", 60) * 1000,
    warnings,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  if (new TextEncoder().encode(config.jwtSecret).length < 32) {
    warnings.push("B3SCALE_API_JWT_SECRET is shorter than 32 bytes: choose a longer one");
  }
  return Object.freeze(config);
}

/** Of the CLI and the agent, which write for people unless told otherwise. */
export function readLogConfig(env: Env): { readonly level: LogLevel; readonly format: LogFormat } {
  const problems: string[] = [];
  const level = readLogLevel(env["B3SCALE_LOG_LEVEL"]?.trim() || "info", problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { level, format: env["B3SCALE_LOG_FORMAT"]?.trim() === "structured" ? "structured" : "plain" };
}

function readLogLevel(value: string, problems: string[]): LogLevel {
  const level = /^-?\d+$/.test(value)
    ? LOG_LEVELS[Number(value) + 1]
    : LOG_LEVELS.find((name) => name === value.toLowerCase());
  if (level === undefined) {
    problems.push(`B3SCALE_LOG_LEVEL: "${value}" is neither -1 to 5 nor one of ${LOG_LEVELS.join(", ")}`);
  }
  return level ?? "info";
}

function readCallbackAllow(value: string, problems: string[]): AllowList {
  const { list, wrong } = readAllowList(value);
  for (const entry of wrong) {
    problems.push(`B3SCALE_CALLBACK_ALLOW: "${entry}" is no network (10.0.0.0/8), address or host name`);
  }
  return list;
}

function readListen(name: string, value: string, problems: string[]): ListenAddress {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:]*)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    problems.push(`${name}: "${value}" is not host:port`);
    return { hostname: "127.0.0.1", port: 0 };
  }
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}
