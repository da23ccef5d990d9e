// Between the program and the server: notes each request with its status, and answers what the server does not serve yet.
import type { Json } from "../golden/vector.ts";
import type { CliRequest } from "./case.ts";
import { answerRecordings } from "./recordings_stub.ts";
import type { Rows } from "../golden_rest/vector.ts";

export interface Proxy extends AsyncDisposable {
  /** host:port */
  readonly host: string;
  /** What was asked since, which is then forgotten; `given` is for the stub. */
  watch(given: Rows): { readonly requests: CliRequest[] };
}

const NOTED_HEADERS = ["user-agent", "authorization", "content-type"];

/** @param origin of the server */
export function startProxy(origin: string): Proxy {
  let requests: CliRequest[] = [];
  let rows: Rows = {};
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (req) => {
    const path = req.url.slice(req.url.indexOf("/", "http://".length));
    const body = await req.text();
    const headers = Object.fromEntries([...req.headers].filter(([name]) => NOTED_HEADERS.includes(name)));
    const response = answerRecordings({ method: req.method, path, body }, rows) ??
      await fetch(origin + path, { method: req.method, headers, body: body || undefined, redirect: "manual" });
    requests.push({ method: req.method, path, headers, status: response.status, ...bodyOf(body) });
    return response;
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    watch: (given) => {
      requests = [];
      rows = given;
      return { requests };
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const bodyOf = (text: string): { json?: Json } => text === "" ? {} : { json: JSON.parse(text) as Json };
