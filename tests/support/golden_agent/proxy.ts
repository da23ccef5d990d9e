// Stands between an agent and its server, passes everything on and keeps what was asked.
import type { Json } from "../golden/vector.ts";
import type { AgentRequest } from "./vector.ts";

export interface Recorder extends AsyncDisposable {
  readonly origin: string;
  /** All but the heartbeats, in the order of the answers. */
  requests(): readonly RecordedRequest[];
  heartbeats(): readonly RecordedRequest[];
}

export interface RecordedRequest extends AgentRequest {
  readonly bytes: number;
}

const KEPT_HEADERS = ["user-agent", "authorization", "content-type", "content-length"];
const HEARTBEAT = "/api/v1/agent/heartbeat";

export function startRecorder(target: string): Recorder {
  const all: RecordedRequest[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (req) => {
    const { pathname, search } = new URL(req.url);
    const path = pathname + search;
    const body = new Uint8Array(await req.arrayBuffer());
    const response = await fetch(target + path, {
      method: req.method,
      headers: req.headers,
      redirect: "manual",
      ...body.length === 0 ? {} : { body },
    });
    const answer = await response.text();
    const { method } = req;
    const headers = Object.fromEntries(KEPT_HEADERS.flatMap((name) => {
      const value = req.headers.get(name);
      return value === null ? [] : [[name, value]];
    }));
    const json = body.length === 0 ? {} : { json: JSON.parse(new TextDecoder().decode(body)) as Json };
    all.push({ method, path, headers, status: response.status, bytes: body.length, ...json });
    return new Response(answer, { status: response.status, headers: { "content-type": "application/json" } });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    requests: () => all.filter(({ path }) => path !== HEARTBEAT),
    heartbeats: () => all.filter(({ path }) => path === HEARTBEAT),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
