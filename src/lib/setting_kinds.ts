// What the values of settings may be: each kind reads a text and says in words what it takes. settings.ts uses them;
// the words serve errors and the reference alike. Pure.
import { LOG_LEVELS, type LogFormat, type LogLevel } from "../log.ts";
import { type AllowList, readAllowList } from "./address_ranges.ts";

export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

export interface Kind<T> {
  /** Completes `"x" is not …`. */
  readonly what: string;
  /** @param text without white space around it; "" for a setting that has no default @returns undefined when wrong */
  read(text: string): T | undefined;
  /** The parts that are wrong, where it is not the whole. */
  wrongIn?(text: string): readonly string[];
}

/** As milliseconds they must fit into a timer's 32 bits, else it fires at once. */
export const MOST_SECONDS = 2_147_483;

export const text: Kind<string> = { what: "a text", read: (given) => given };

/** As in 1.x all that is not true is false. */
export const truth: Kind<boolean> = {
  what: "`true` (also `yes`, `1`), else it is false",
  read: (given) => ["yes", "true", "1"].includes(given.toLowerCase()),
};

/** @param of what is counted: `seconds` */
export function whole(least: number, most = 2 ** 31 - 1, of = ""): Kind<number> {
  return {
    what: `a whole number ${of === "" ? "" : `of ${of} `}from ${least} to ${most}`,
    read: (given) => {
      const number = Number(given);
      return /^\d+$/.test(given) && number >= least && number <= most ? number : undefined;
    },
  };
}

export const fromZero: Kind<number> = {
  what: "a number from 0 up",
  read: (given) => Number.isFinite(Number(given)) && Number(given) >= 0 ? Number(given) : undefined,
};

export function oneOf<T extends string>(...values: readonly T[]): Kind<T> {
  return {
    what: `one of ${values.map((value) => `\`${value}\``).join(", ")}`,
    read: (given) => values.find((value) => value === given),
  };
}

/** Without a slash at its end. */
export const webUrl: Kind<string> = {
  what: "a URL that starts with http:// or https://",
  read: (given) => given === "" || /^https?:\/\/[^/]/.test(given) ? given.replace(/\/+$/, "") : undefined,
};

/** Without a slash at its end. */
export const folder: Kind<string> = {
  what: "the path of a folder",
  read: (given) => given.replace(/(?<=.)\/+$/, ""),
};

/** Without a host, all addresses of the machine. */
export const listenAddress: Kind<ListenAddress> = {
  what: "`host:port` (an IPv6 address in brackets)",
  read: (given) => {
    const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:]*)):(\d{1,5})$/.exec(given);
    const port = Number(match?.[3]);
    if (match === null || port > 65535) return undefined;
    return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
  },
};

/** null where nothing is given. */
export const optional = <T>(kind: Kind<T>): Kind<T | null> => ({
  ...kind,
  read: (given) => given === "" ? null : kind.read(given),
});

export const allowList: Kind<AllowList> = {
  what: "a network (`10.0.0.0/8`), an address or a host name; several are separated by commas or spaces",
  read: (given) => {
    const { list, wrong } = readAllowList(given);
    return wrong.length === 0 ? list : undefined;
  },
  wrongIn: (given) => readAllowList(given).wrong,
};

/** 1.x's numbers are the places in the list minus one. */
export const logLevel: Kind<LogLevel> = {
  what: `one of ${LOG_LEVELS.map((level) => `\`${level}\``).join(", ")}, or a number from -1 to 5`,
  read: (given) =>
    /^-?\d+$/.test(given) ? LOG_LEVELS[Number(given) + 1] : LOG_LEVELS.find((level) => level === given.toLowerCase()),
};

/** As in 1.x every other word means plain text. */
export const logFormat: Kind<LogFormat> = {
  what: "`structured` (JSON lines) or `plain`",
  read: (given) => given === "structured" ? "structured" : "plain",
};
