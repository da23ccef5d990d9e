// bbb-web.properties, where BBB keeps the node's address, secret and Redis: text → what the agent needs. Pure.
import type { RedisSettings } from "./types.ts";

export type Properties = ReadonlyMap<string, string>;

/** The node as the server calls it. */
export interface BbbNode {
  /** Base URL of its API, a slash at its end. */
  readonly host: string;
  readonly secret: string;
}

/** Lines `key=value`; the last one of a key wins, references to others are resolved. */
export function readProperties(text: string): Properties {
  const raw = new Map<string, string>();
  for (const line of text.split("\n").map((line) => line.trim())) {
    const split = line.indexOf("=");
    if (line.startsWith("#") || split < 0) continue;
    raw.set(line.slice(0, split).trim(), line.slice(split + 1).trim());
  }
  return new Map(raw.entries().map(([key, value]) => [key, resolve(value, raw)]));
}

/** One `${other}` per value, whose own references stay as they are; so does one to a key that does not exist. */
const resolve = (value: string, raw: Properties): string =>
  value.replace(/\$\{([^}]*)\}/, (reference, key: string) => raw.get(key.trim()) ?? reference);

/** @throws Error that names the property */
export function readNode(properties: Properties): BbbNode {
  const url = required(properties, "bigbluebutton.web.serverURL");
  if (!/^https?:\/\/[^/]/.test(url)) {
    throw new Error(`bigbluebutton.web.serverURL: "${url}" does not start with http:// or https://`);
  }
  const host = `${url}${url.endsWith("/") ? "" : "/"}bigbluebutton/api/`;
  return { host, secret: required(properties, "securitySalt") };
}

/** @throws Error that names the property */
export function readRedis(properties: Properties): RedisSettings {
  const given = (key: string, fallback: string) => properties.get(key) || fallback;
  const port = given("redisPort", "6379");
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65535) {
    throw new Error(`redisPort: "${port}" is no port`);
  }
  return { host: given("redisHost", "localhost"), port: Number(port), password: given("redisPassword", "") };
}

function required(properties: Properties, key: string): string {
  const value = properties.get(key);
  if (!value) throw new Error(`${key} property not found in config`);
  return value;
}
