// Reads `B3SCALE_DB_URL`: a postgres:// URL or libpq's keywords. Used by pool.ts, and by status texts for the name.

/** Where a database is. What is undefined is left to postgres.js: the `PG…` variables, then its defaults. */
export interface DatabaseAddress {
  /** Names, addresses, or directories of a unix socket; several are tried in order. */
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly ssl: "require" | "prefer" | "verify-full" | false;
  /** PEM files: the server's authority, our certificate and its key. */
  readonly sslFiles: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Sent as run-time parameters of the session, like `search_path`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** @throws Error that names the variable and never quotes the text, which holds a password */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const fields = /^postgres(ql)?:\/\//.test(text) ? urlFields(text) : keywordFields(text);
  const take = (...names: string[]) => {
    const found = names.map((name) => fields.get(name)).find((value) => value !== undefined && value !== "");
    for (const name of names) fields.delete(name);
    return found;
  };
  const hosts = (take("hostaddr", "host") ?? "localhost").split(",");
  const ports = (take("port") ?? "").split(",").map((port) => port === "" ? 5432 : Number(port));
  if (ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65535)) throw unreadable();
  const [database, user, password] = [take("dbname", "database"), take("user"), take("password")];
  const sslFiles = withoutUndefined({ ca: take("sslrootcert"), cert: take("sslcert"), key: take("sslkey") });
  const ssl = sslOf(take("sslmode"), hosts, sslFiles.ca !== undefined);
  // Settings of the 1.x client library and of libpq, which the server would refuse as unknown parameters.
  const client =
    /^(pool_.*|connect_timeout|target_session_attrs|channel_binding|gssencmode|krbsrvname|passfile|service)$/;
  const parameters = Object.fromEntries([...fields].filter(([name]) => !client.test(name)));
  return {
    hosts,
    ports: hosts.map((_, i) => ports[i] ?? ports[0] ?? 5432),
    database,
    user,
    password,
    ssl,
    sslFiles,
    parameters,
  };
}

/** The name of the database for status texts; like libpq it is the user's name when none is given. */
export function databaseName(url: string): string {
  const { database, user } = parseDatabaseUrl(url);
  return database ?? user ?? "postgres";
}

function urlFields(text: string): Map<string, string> {
  const parts = /^\w+:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?/.exec(text);
  if (parts === null) throw unreadable();
  const authority = parts[1] ?? "";
  const at = authority.lastIndexOf("@"); // a password may hold an unescaped @
  const [user = "", ...password] = authority.slice(0, Math.max(at, 0)).split(":");
  const fields = new Map<string, string>();
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const part of authority.slice(at + 1).split(",")) {
    const [, v6, name = "", port = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(part) ?? unreadableParts();
    hosts.push(decode(v6 ?? name));
    ports.push(port);
  }
  if (hosts.some((host) => host !== "")) fields.set("host", hosts.join(","));
  if (ports.some((port) => port !== "")) fields.set("port", ports.join(","));
  fields.set("user", decode(user)).set("password", decode(password.join(":"))).set("dbname", decode(parts[2] ?? ""));
  for (const [name, value] of new URLSearchParams((parts[3] ?? "").replaceAll("+", "%2B"))) fields.set(name, value);
  return fields;
}

/** `host=localhost dbname='b3 scale'`: values with spaces stand in quotes, `\` escapes. */
function keywordFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  const pair = /\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/sy;
  const end = text.trimEnd().length;
  while (pair.lastIndex < end) {
    const match = pair.exec(text);
    if (match === null) throw unreadable();
    fields.set(match[1] ?? "", (match[2] ?? match[3] ?? "").replace(/\\(.)/gs, "$1"));
  }
  if (fields.size === 0) throw unreadable();
  return fields;
}

const unreadable = () =>
  new Error("The database URL is neither postgres://user:password@host:port/name nor keywords like host=… dbname=…");

function unreadableParts(): never {
  throw unreadable();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable(); // the cause would quote the text
  }
}

/** As libpq: try TLS and go on without. On this machine it would only cost, so there it takes an explicit `sslmode`. */
function sslOf(mode: string | undefined, hosts: readonly string[], hasAuthority: boolean): DatabaseAddress["ssl"] {
  const local = hosts.every((host) => host.startsWith("/") || ["localhost", "127.0.0.1", "::1"].includes(host));
  if (mode === undefined) return local ? false : "prefer";
  if (mode === "disable" || mode === "allow") return false;
  if (mode === "prefer") return "prefer";
  if (mode === "require") return hasAuthority ? "verify-full" : "require";
  if (mode === "verify-ca" || mode === "verify-full") return "verify-full";
  throw new Error(`The database URL has an unknown sslmode "${mode}"`);
}

/** Without the members that are undefined, which spreading would set. */
export const withoutUndefined = <T extends Record<string, unknown>>(
  record: T,
): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
