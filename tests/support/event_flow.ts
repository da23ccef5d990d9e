// An agent's event half against a server that exists in memory only: what it was asked, and what it does to that.
import { createEventFlow } from "../../agent/event_flow.ts";
import { createApiClient } from "../../src/contract/client.ts";
import { createFakeClock } from "./fake_clock.ts";
import { makeLog, uuid } from "./make.ts";

export interface AskedRequest {
  /** `POST meeting_add_attendee`, `DELETE /api/v1/meetings/internal:int-1` … */
  readonly what: string;
  /** Params of an rpc, else the body. */
  readonly params: unknown;
  readonly at: number;
}

export type FakeAnswer = { readonly status?: number; readonly json: unknown } | "down" | "hang";

export interface FlowOptions {
  readonly features?: readonly string[];
  /** Instead of what a server says that is well; looked at each time. */
  readonly answer?: (asked: AskedRequest) => FakeAnswer | undefined;
}

export const POLL = "PATCH /api/v1/backends/" + uuid(1);
export const STATUS = "GET /api/v1";
export const SEEN = "GET /api/v1/agent/backend";

/** The server's time, which is no matter of the agent's clock. */
export const PATCHED_AT = "2026-01-01T10:00:00.5Z";
export const POLLED_AT = "2026-01-01T10:00:00.51Z";

export function makeFlow({ features = [], answer = () => undefined }: FlowOptions = {}) {
  const clock = createFakeClock();
  const stop = new AbortController();
  const { log, lines } = makeLog();
  const asked: AskedRequest[] = [];

  const well = (what: string): unknown => {
    if (what === STATUS) return { features };
    if (what === POLL) return { updated_at: PATCHED_AT };
    if (what === SEEN) return { synced_at: POLLED_AT, latency: 5e6 };
    return { status: "ok", result: null };
  };
  const fetch = (url: string, init: RequestInit) => {
    const request = readRequest(url, init, clock.monotonic());
    asked.push(request);
    const given = answer(request) ?? { json: well(request.what) };
    if (given === "down") return Promise.reject(new TypeError("connection refused"));
    if (given === "hang") {
      return new Promise<Response>((_, reject) =>
        init.signal?.addEventListener("abort", () => reject(init.signal?.reason))
      );
    }
    return Promise.resolve(Response.json(given.json, { status: given.status ?? 200 }));
  };
  const api = createApiClient({ url: "http://b3s.test", token: "t", userAgent: "a", fetch, clock, timeoutMs: 20_000 });
  const flow = createEventFlow(
    { api, clock, random: () => 1, log, registration: { backendID: uuid(1), features } },
    stop.signal,
  );
  const ended = flow.run();
  return {
    flow,
    clock,
    lines,
    asked,
    /** What was asked since the last time. */
    next: () => asked.splice(0).map(({ what }) => what),
    /** Follows events from a state that the server knows. */
    start: async () => {
      flow.missed("events are followed");
      await clock.advance(1000);
      asked.length = 0;
    },
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

function readRequest(url: string, { method, body }: RequestInit, at: number): AskedRequest {
  const path = url.slice("http://b3s.test".length);
  const json = typeof body === "string" ? JSON.parse(body) : undefined;
  if (path !== "/api/v1/agent/rpc") return { what: `${method} ${path}`, params: json, at };
  const params = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(json.payload)));
  return { what: `${method} ${json.action}`, params, at };
}

/** Who each rpc was about. */
export const users = (asked: readonly AskedRequest[]): string[] =>
  asked.flatMap(({ params }) => {
    const { attendee, internal_user_id } = (params ?? {}) as {
      attendee?: { InternalUserID?: string };
      internal_user_id?: string;
    };
    const id = internal_user_id ?? attendee?.InternalUserID;
    return id === undefined ? [] : [id];
  });
