// From the environment to the settings of b3scaled: main.ts reads them once. settings.ts says what each of them may be.
import type { AllowList } from "./lib/address_ranges.ts";
import { type Env, type Findings, readSetting, type Setting, textOf } from "./lib/read_setting.ts";
import type { ListenAddress } from "./lib/setting_kinds.ts";
import { nearestName } from "./lib/unknown_names.ts";
import type { LogFormat, LogLevel } from "./log.ts";
import { SETTINGS } from "./settings.ts";

export type LoadModel = "expected" | "stress";

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

export const DEFAULT_DB_URL = SETTINGS.dbUrl.default;

const PREFIX = "B3SCALE_";

/** Their limits are the reverse proxy's, or Deno's own. */
const IGNORED_OF_1X: readonly string[] = [
  "B3SCALE_HTTP_READ_HEADER_TIMEOUT",
  "B3SCALE_HTTP_WRITE_TIMEOUT",
  "B3SCALE_HTTP_IDLE_TIMEOUT",
];

/** What Kubernetes tells each container of services whose names begin with `b3scale`. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT\w*|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)$/;

/** @throws ConfigError */
export function readConfig(env: Env): Config {
  const findings: Findings = { problems: [], warnings: [] };
  const { problems, warnings } = findings;
  const read = <T>(setting: Setting<T>): T => readSetting(env, setting, findings);

  const missing = Object.values<Setting<unknown>>(SETTINGS).filter((setting) =>
    setting.requiredBy?.includes("b3scaled") && textOf(env, setting) === ""
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    problems.push(`configuration incomplete: missing environment variables: ${names}`);
  }
  const config: Config = {
    dbUrl: read(SETTINGS.dbUrl),
    dbPoolSize: read(SETTINGS.dbPoolSize),
    dbMigrate: read(SETTINGS.dbMigrate),
    commandWorkers: Math.max(1, read(SETTINGS.commandWorkers)),
    logLevel: read(SETTINGS.logLevel),
    logFormat: read(SETTINGS.logFormat),
    listen: read(SETTINGS.listen),
    listenMetrics: read(SETTINGS.listenMetrics),
    metricsToken: read(SETTINGS.metricsToken),
    metricsPerMeeting: read(SETTINGS.metricsPerMeeting),
    drainMs: read(SETTINGS.drain) * 1000,
    reverseProxyMode: read(SETTINGS.reverseProxyMode),
    jwtSecret: env[SETTINGS.jwtSecret.name] ?? "", // byte by byte
    apiUrl: read(SETTINGS.apiUrl),
    callbackAllow: read(SETTINGS.callbackAllow),
    loadModel: read(SETTINGS.loadModel),
    pendingMeetingSeconds: read(SETTINGS.pendingMeetingSeconds),
    recordings: readRecordings(read, warnings),
    playbackHost: read(SETTINGS.playbackHost),
    requestTimeoutMs: read(SETTINGS.requestTimeout) * 1000,
    warnings,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  if (new TextEncoder().encode(config.jwtSecret).length < 32) {
    warnings.push("B3SCALE_API_JWT_SECRET is shorter than 32 bytes: choose a longer one");
  }
  warnings.push(...unknownSettings(env));
  return Object.freeze(config);
}

function readRecordings(read: <T>(setting: Setting<T>) => T, warnings: string[]): RecordingsConfig | null {
  const publishedPath = read(SETTINGS.publishedPath);
  const unpublishedPath = read(SETTINGS.unpublishedPath);
  const byVisibility = read(SETTINGS.defaultVisibility) === "unpublished" ? unpublishedPath : publishedPath;
  const recordings = {
    publishedPath,
    unpublishedPath,
    inboxPath: read(SETTINGS.inboxPath) || byVisibility,
    uploadMaxBytes: read(SETTINGS.uploadMaxBytes),
    trashDays: read(SETTINGS.trashDays),
  };
  if (publishedPath !== "" && unpublishedPath !== "") return recordings;
  if (publishedPath !== unpublishedPath) {
    warnings.push("B3SCALE_RECORDINGS_PUBLISHED_PATH and B3SCALE_RECORDINGS_UNPUBLISHED_PATH: only one of them is set");
  }
  return null;
}

/** At most one line, of all names with our prefix that nothing reads: a typo must not look like a setting. */
export function unknownSettings(env: Env): string[] {
  const known = Object.values(SETTINGS).map(({ name }) => name);
  const isUnknown = (name: string) => name.startsWith(PREFIX) && !known.includes(name) && !SERVICE_LINK.test(name);
  const unknown = Object.keys(env).filter(isUnknown).sort();
  const what = unknown.map((name) => {
    if (IGNORED_OF_1X.includes(name)) return `${name} (of b3scale 1.x, not used here)`;
    const near = nearestName(name.slice(PREFIX.length), known.map((one) => one.slice(PREFIX.length)));
    return near === undefined ? name : `${name} (did you mean ${PREFIX}${near}?)`;
  });
  return what.length === 0 ? [] : [`nothing reads ${what.join(", ")}`];
}

/** Of the CLI and the agent, which write for people unless told otherwise. */
export function readLogConfig(env: Env): { readonly level: LogLevel; readonly format: LogFormat } {
  const findings: Findings = { problems: [], warnings: [] };
  const level = readSetting(env, SETTINGS.logLevel, findings);
  const format = readSetting(env, { ...SETTINGS.logFormat, default: "plain" }, findings);
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return { level, format };
}
