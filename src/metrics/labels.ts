// What may stand in a label: whatever a request or a node says, each function answers from a finite set. Used by the
// recorder, and by the families of the cluster for how they name its backends.
import type { NodeErrorReason } from "../bbb/client.ts";
import { MESSAGE_KEYS } from "../bbb/message_keys.ts";
import { RESOURCES, UNSUPPORTED_RESOURCES } from "../bbb/resources.ts";
import { ENDPOINTS } from "../contract/openapi_tables.ts";

/** For what is none of the values that are known. */
export const OTHER = "other";
/** For what belongs to no frontend or backend, as 1.x writes it. */
export const NO_RELATION = "undefined";

const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
export const methodLabel = (method: string): string => METHODS.has(method) ? method : OTHER;

export const codeLabel = (status: number): string =>
  Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : OTHER;

/** @param served the hosts, with their ports, that this server is known by */
export function createHostLabel(served: readonly string[]): (host: string) => string {
  const known = new Set(served.map((host) => host.toLowerCase()));
  return (host) => {
    const lower = host.toLowerCase();
    return known.has(lower) ? lower : OTHER;
  };
}

const KNOWN_RESOURCES: ReadonlyMap<string, string> = new Map([
  ...[...RESOURCES, ...UNSUPPORTED_RESOURCES].map((resource) => [resource, resource] as const),
  ["", "index"],
]);
export const resourceLabel = (resource: string): string => KNOWN_RESOURCES.get(resource) ?? OTHER;

const KNOWN_KEYS: ReadonlySet<string> = new Set(MESSAGE_KEYS);
export const messageKeyLabel = (key: string): string => key === "" ? "none" : KNOWN_KEYS.has(key) ? key : OTHER;

export const resultLabel = (error: NodeErrorReason | undefined): string =>
  error === undefined ? "ok" : error.replaceAll(" ", "_");

/** Host and port of a backend's address, as they are written there. */
export function backendLabel(address: string): string {
  const scheme = address.indexOf("//");
  const [authority = ""] = address.slice(scheme < 0 ? 0 : scheme + 2).split(/[/?#]/, 1);
  return authority.slice(authority.lastIndexOf("@") + 1);
}

/** Routes that no endpoint of the contract describes: those without a token, and what lies beside the API. */
const OTHER_PATHS = [
  "/",
  "/metrics",
  "/healthz",
  "/readyz",
  "/api/v1/protected/recordings/auth",
  "/api/v1/protected/recordings/:token",
  "/api/v1/callbacks/proxy/:token",
  "/b3s/retry-join/:blob",
  "/docs/api/v1",
];

/** Segments of a path, and below ":" whatever stands in a place that varies. */
interface Branch {
  readonly branches: Map<string, Branch>;
  pattern?: string;
}

const ROUTES = growTree([...Object.values(ENDPOINTS).map(({ path }) => `/api${path}`), ...OTHER_PATHS]);

function growTree(patterns: readonly string[]): Branch {
  const root: Branch = { branches: new Map() };
  for (const pattern of patterns) {
    let place = root;
    for (const segment of pattern.slice(1).split("/")) {
      const name = segment.startsWith(":") ? ":" : segment;
      const next: Branch = place.branches.get(name) ?? { branches: new Map() };
      place.branches.set(name, next);
      place = next;
    }
    place.pattern ??= pattern;
  }
  return root;
}

/** The pattern of the route, never the path itself. */
export function urlLabel(target: string): string {
  const end = target.indexOf("?");
  const path = end < 0 ? target : target.slice(0, end);
  if (path.startsWith("/bbb/")) return gatewayLabel(path);
  const known = patternOf(path);
  if (known !== undefined) return known;
  if (path.startsWith("/api/v1/")) return "/api/v1/*";
  return path.startsWith("/static/") ? "/static/*" : OTHER;
}

function patternOf(path: string): string | undefined {
  let place: Branch | undefined = ROUTES;
  for (let start = 1; place !== undefined && start <= path.length;) {
    const slash = path.indexOf("/", start);
    const end = slash < 0 ? path.length : slash;
    const segment = path.slice(start, end);
    place = place.branches.get(segment) ?? (segment === "" ? undefined : place.branches.get(":"));
    start = end + 1;
  }
  return place?.pattern;
}

const GATEWAY_LABELS: ReadonlyMap<string, string> = new Map(
  [...KNOWN_RESOURCES.keys(), "api"].map((resource) => [
    resource,
    resource === "" || resource === "api" ? "/bbb/:key" : `/bbb/:key/${resource}`,
  ]),
);

/** The last segment after the key is the resource, as the gateway reads it. */
function gatewayLabel(path: string): string {
  const keyEnd = path.indexOf("/", "/bbb/".length);
  const last = path.lastIndexOf("/");
  const resource = keyEnd < 0 ? "" : path.slice(last + 1);
  const ofHooks = path.slice(0, last).endsWith("/hooks");
  return ofHooks ? "/bbb/:key/other" : GATEWAY_LABELS.get(resource) ?? "/bbb/:key/other";
}
