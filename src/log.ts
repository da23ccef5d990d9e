// Log lines of all three programs in the shapes of 1.x, on stderr: JSON lines or plain. LogTape carries the records;
// the two formats and what must never be written are ours. Nothing is written until configureLogging() was called.
import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";

export type LogFields = Readonly<Record<string, unknown>>;
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "panic";
export type LogFormat = "structured" | "plain";

/** Messages are constant and lower case; what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The process ends. */
  fatal(message: string, fields?: LogFields): void;
}

/** 1.x's numbers are the places in this list minus one. */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal", "panic"];
const LOGTAPE_LEVEL = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
  fatal: "fatal",
  panic: "fatal",
} as const;

/** Once per process, at its start. */
export function configureLogging(
  { level, format, write = writeStderr }: { level: LogLevel; format: LogFormat; write?: (line: string) => void },
): void {
  const toLine = format === "structured" ? jsonLine : plainLine;
  const sink = (record: LogRecord) => write(toLine(record));
  configureSync({
    reset: true,
    sinks: { out: sink },
    loggers: [
      { category: ["b3scale"], lowestLevel: LOGTAPE_LEVEL[level], sinks: ["out"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["out"] }, // without a sink it prints to the console
    ],
  });
}

export function createLogger(): Logger {
  const logger = getLogger(["b3scale"]);
  return {
    debug: (message, fields) => logger.debug(message, fields),
    info: (message, fields) => logger.info(message, fields),
    warn: (message, fields) => logger.warn(message, fields),
    error: (message, fields) => logger.error(message, fields),
    fatal: (message, fields) => logger.fatal(message, fields),
  };
}

/** One constant line before logging is set up, or when the process cannot start. */
export function writeStderr(line: string): void {
  const bytes = new TextEncoder().encode(line + "\n");
  for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
}

/** A write of its own would cost each line more than all that goes into it. */
const GATHER_MS = 10;

/** Writes the lines of some ms together; `flush` writes what still waits, for the end of the process. */
export function gatherLines(
  after: (ms: number, run: () => void) => unknown,
  write: (lines: string) => void = writeStderr,
): { write: (line: string) => void; flush: () => void } {
  let waiting: string[] = [];
  const flush = () => {
    const lines = waiting;
    waiting = [];
    if (lines.length > 0) write(lines.join("\n"));
  };
  return {
    flush,
    write: (line) => {
      if (waiting.push(line) === 1) after(GATHER_MS, flush);
    },
  };
}

const levelOf = (record: LogRecord): LogLevel => record.level === "warning" ? "warn" : record.level;

function jsonLine(record: LogRecord): string {
  const message = messageOf(record);
  return JSON.stringify({
    level: levelOf(record),
    ...redactFields(record.properties),
    time: localTime(record.timestamp),
    ...(message === "" ? {} : { message }), // the access log has none
  });
}

const PLAIN_LEVEL: Readonly<Record<string, string>> = {
  trace: "TRC",
  debug: "DBG",
  info: "INF",
  warn: "WRN",
  error: "ERR",
  fatal: "FTL",
};

function plainLine(record: LogRecord): string {
  const at = new Date(record.timestamp);
  const time = `${at.getHours() % 12 || 12}:${String(at.getMinutes()).padStart(2, "0")}${
    at.getHours() < 12 ? "AM" : "PM"
  }`;
  const { error, ...rest } = redactFields(record.properties);
  const fields = Object.keys(rest).sort().map((key) => `${key}=${plainValue(rest[key])}`);
  if (error !== undefined) fields.unshift(`error=${JSON.stringify(String(error))}`);
  return [time, PLAIN_LEVEL[levelOf(record)], messageOf(record), ...fields].filter((part) => part !== "").join(" ");
}

function plainValue(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) ?? "" : String(value);
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

const messageOf = (record: LogRecord): string =>
  typeof record.rawMessage === "string" ? record.rawMessage : record.message.join("");

let cachedSecond = -1;
let cachedTime = "";
/** RFC 3339 with seconds in the local zone, as 1.x writes it; formatted once a second. */
function localTime(timestamp: number): string {
  const second = Math.floor(timestamp / 1000);
  if (second === cachedSecond) return cachedTime;
  const at = new Date(timestamp);
  const offset = -at.getTimezoneOffset();
  const local = new Date(timestamp + offset * 60_000).toISOString().slice(0, 19);
  const pad = (n: number) => String(Math.floor(Math.abs(n))).padStart(2, "0");
  cachedSecond = second;
  cachedTime = local + (offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${pad(offset / 60)}:${pad(offset % 60)}`);
  return cachedTime;
}

const SECRET_KEY =
  /secret|password|passwd|token|checksum|authorization|cookie|PW$|^fullName$|^full_name$|^user_?name$/i;
const SECRET_PARAMETER =
  /((?<![\w-])(?:checksum|password|attendeePW|moderatorPW|fullName|firstName|lastName|userID|avatarURL|sessionToken|auth_token|userdata-[^=&]*|guestName)=)[^&\s"']*/gi;
/** JSON in base64: a JWT, or the address of the retry page, which holds a signed join. */
const ENCODED_JSON = /eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*/g;
const PASSWORD_IN_URL = /(:\/\/[^\s/@:]*:)[^\s/@]*@/g;

function redactFields(fields: LogFields): Record<string, unknown> {
  const redacted: Record<string, unknown> = {};
  for (const key in fields) if (fields[key] !== undefined) redacted[key] = redactField(key, fields[key]);
  return redacted;
}

function redactField(key: string, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (SECRET_KEY.test(key)) return "[redacted]";
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return key === "uri" ? redactTarget(value) : redactText(value);
  if (value instanceof Error) return redactText(value.message);
  if (Array.isArray(value)) return value.map((item) => redactField("", item));
  if (typeof value === "object") return redactFields(value as LogFields);
  return String(value);
}

const SECRET_NAMES: ReadonlySet<string> = new Set([
  "checksum",
  "password",
  "attendeepw",
  "moderatorpw",
  "fullname",
  "firstname",
  "lastname",
  "userid",
  "avatarurl",
  "sessiontoken",
  "auth_token",
  "guestname",
]);

/** The same for the one URL that each request logs, without looking at each of its characters several times. */
function redactTarget(target: string): string {
  const start = target.indexOf("?") + 1;
  if (start === 0) return redactText(target);
  const pairs = target.slice(start).split("&").map((pair) => {
    const end = pair.indexOf("=");
    const name = pair.slice(0, end).toLowerCase();
    // A name that hides behind escapes is not worth the risk.
    const isSecret = SECRET_NAMES.has(name) || name.startsWith("userdata-") || name.includes("%");
    return end >= 0 && isSecret ? `${pair.slice(0, end)}=[redacted]` : pair;
  });
  const redacted = target.slice(0, start) + pairs.join("&");
  return redacted.includes("eyJ") ? redacted.replace(ENCODED_JSON, "[redacted]") : redacted;
}

/** Values of secret URL parameters, passwords in URLs, and what is shaped like a JWT. */
export function redactText(text: string): string {
  if (!text.includes("=") && !text.includes("eyJ") && !text.includes("@")) return text;
  return text.replace(SECRET_PARAMETER, "$1[redacted]").replace(ENCODED_JSON, "[redacted]")
    .replace(PASSWORD_IN_URL, "$1[redacted]@");
}
