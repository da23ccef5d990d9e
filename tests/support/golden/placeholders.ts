// Placeholders of the vectors ({{node1}}, {{b3scale}} …) and what they stand for in one run. What has no fixed value
// ({{now}}, {{jwt:0}}, {{html}} …) stays for the comparison.

/** The API URL's host. Nothing listens there: it only shows up in URLs, and the port of the server is not known yet. */
export const API_HOST = "b3scale.test";

export interface Hosts {
  /** host:port by the name of the backend. */
  readonly nodes: Readonly<Record<string, string>>;
  /** A port where nothing listens. */
  readonly deadNode: string;
}

/** Replaces the placeholders in every string of `value`. */
export function fill<T>(value: T, hosts: Hosts): T {
  const known: Record<string, string> = { b3scale: API_HOST, "dead-node": hosts.deadNode };
  for (const [name, host] of Object.entries(hosts.nodes)) {
    known[name] = host;
    known[`${name}-urlencoded`] = encodeURIComponent(host);
  }
  // Hosts and ports need no JSON escapes, so the text form will do.
  const text = JSON.stringify(value).replace(/\{\{([a-z0-9-]+)\}\}/g, (all, name: string) => known[name] ?? all);
  return JSON.parse(text) as T;
}

/** host:port that refuses connections: it was free a moment ago. */
export function deadHost(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return `127.0.0.1:${port}`;
}
