// Between the program and the server: notes each request with its status.
import type { Json } from "../golden/vector.ts";
import type { CliRequest } from "./case.ts";

export interface Proxy extends AsyncDisposable {
  /** host:port */
  readonly host: string;
  /** What is asked from now on; what was is forgotten. */
  watch(): { readonly requests: CliRequest[] };
}

const NOTED_HEADERS = ["user-agent", "authorization", "content-type"];

/** @param origin of the server */
export function startProxy(origin: string): Proxy {
  let requests: CliRequest[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (req) => {
    const path = req.url.slice(req.url.indexOf("/", "http://".length));
    const body = await req.text();
    const headers = Object.fromEntries([...req.headers].filter(([name]) => NOTED_HEADERS.includes(name)));
    const { method } = req;
    const response = await fetch(origin + path, { method, headers, body: body || undefined, redirect: "manual" });
    requests.push({ method, path, headers, status: response.status, ...bodyOf(body) });
    return response;
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    watch: () => {
      requests = [];
      return { requests };
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const bodyOf = (text: string): { json?: Json } => text === "" ? {} : { json: JSON.parse(text) as Json };
