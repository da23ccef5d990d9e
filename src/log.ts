// Log lines of all three programs in the shapes of 1.x, on stderr: JSON lines or plain. LogTape carries the records;
// the two formats and what must never be written are ours. Nothing is written until configureLogging() was called.
import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import { realClock } from "./deps.ts";
import { redactFields, redactText } from "./lib/redact.ts";

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

const CATEGORY = ["b3scale"];
/** LogTape's word for a sink that is done with a record when it returns: nothing is copied for it. */
const READS_AT_ONCE = { [Symbol.for("LogTape.sinkSnapshotPolicy.immediate")]: true };

/** Once per process, at its start. */
export function configureLogging(
  { level, format, write = writeStderr }: { level: LogLevel; format: LogFormat; write?: (line: string) => void },
): void {
  const toLine = format === "structured" ? jsonLine : plainLine;
  const sink = Object.assign((record: LogRecord) => write(withoutControls(toLine(record))), READS_AT_ONCE);
  configureSync({
    reset: true,
    sinks: { out: sink },
    loggers: [
      { category: CATEGORY, lowestLevel: LOGTAPE_LEVEL[level], sinks: ["out"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["out"] }, // without a sink it prints to the console
    ],
  });
}

export function createLogger(): Logger {
  const logger = getLogger(CATEGORY);
  /** As a finished record: of one that LogTape makes it copies every field three times, and remembers it until a full GC. */
  const at = (level: LogRecord["level"]) => (message: string, fields: LogFields = {}) => {
    const timestamp = realClock.now();
    const record = {
      category: CATEGORY,
      level,
      timestamp,
      message: [message],
      rawMessage: message,
      properties: fields,
    };
    logger.emit(record);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warning"), error: at("error"), fatal: at("fatal") };
}

/** The same logger with fields that each of its lines has. */
export function withFields(log: Logger, own: LogFields): Logger {
  return {
    debug: (message, fields) => log.debug(message, { ...fields, ...own }),
    info: (message, fields) => log.info(message, { ...fields, ...own }),
    warn: (message, fields) => log.warn(message, { ...fields, ...own }),
    error: (message, fields) => log.error(message, { ...fields, ...own }),
    fatal: (message, fields) => log.fatal(message, { ...fields, ...own }),
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
  // deno-lint-ignore no-control-regex
  return /[\s"=\\\x00-\x1f]/.test(text) ? JSON.stringify(text) : text;
}

/** What JSON leaves as it is and a terminal obeys, or an editor takes for the end of a line. */
const withoutControls = (line: string): string =>
  line.replace(
    /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const messageOf = (record: LogRecord): string =>
  redactText(typeof record.rawMessage === "string" ? record.rawMessage : record.message.join(""));

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
