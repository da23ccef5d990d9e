// The typed client of the REST API, for the CLI and the agent. It works against a 1.x server too.
import type { Clock, Fetch } from "../deps.ts";
import { fetchProblem } from "../lib/fetch_problem.ts";
import type { Endpoint } from "./endpoint.ts";

/** Members that a 1.x server does not send. */
type OurMember = "features" | "health" | "eligible" | "reasons" | "load" | "frontend_key" | "backend_host";

/** An answer as it arrives: what 1.x does not know may be missing. */
export type Answer<Result> = Result extends readonly (infer Item)[] ? readonly Answer<Item>[]
  : Result extends object ? Omit<Result, OurMember> & Partial<Pick<Result, OurMember & keyof Result>>
  : Result;

export interface Given {
  /** For the `:name` parts of the path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface ApiClient {
  /** Without a slash at its end. */
  readonly url: string;
  /** @throws ApiError for whatever is not a 2xx with JSON, and the signal's reason when that aborts */
  call<Query, Body, Result>(endpoint: Endpoint<Query, Body, Result>, given?: Given): Promise<Answer<Result>>;
}

/** @param status of the answer; undefined when there was none */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(message: string, readonly status?: number) {
    super(message);
  }
}

export interface ApiClientOptions {
  /** Base of the server, slashes at its end are dropped. */
  readonly url: string;
  readonly token: string;
  /** `b3scalectl/<version>` */
  readonly userAgent: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** For a whole call, its answer's body included. */
  readonly timeoutMs?: number;
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { token, userAgent, fetch, clock, timeoutMs = 10_000 } = options;
  const url = options.url.replace(/\/+$/, "");
  return {
    url,
    async call<Query, Body, Result>(endpoint: Endpoint<Query, Body, Result>, given: Given = {}) {
      if (!/^https?:\/\/[^/]/.test(url)) {
        throw new ApiError(`"${url}" is no address: it should start with http:// or https://`);
      }
      if (!/^[\w.~+/=-]+$/.test(token)) {
        throw new ApiError("the access token is damaged: it has characters that no token has");
      }
      const { method } = endpoint;
      const writes = method === "POST" || method === "PATCH";
      const deadline = new AbortController();
      const cancel = clock.after(timeoutMs, () => deadline.abort());
      const signals = given.signal === undefined ? [deadline.signal] : [deadline.signal, given.signal];
      try {
        const response = await fetch(url + targetOf(endpoint, given), {
          method,
          redirect: "manual",
          signal: AbortSignal.any(signals),
          headers: {
            authorization: `Bearer ${token}`,
            "user-agent": userAgent,
            ...writes ? { "content-type": "application/json" } : {},
          },
          ...given.body === undefined ? {} : { body: JSON.stringify(given.body) },
        });
        return readAnswer(response, await response.text()) as Answer<Result>;
      } catch (error) {
        given.signal?.throwIfAborted();
        if (error instanceof ApiError) throw error;
        if (deadline.signal.aborted) throw new ApiError(`${url} did not answer within ${timeoutMs / 1000} s`);
        throw new ApiError(`cannot reach ${url}: ${fetchProblem(error)}`);
      } finally {
        cancel();
      }
    },
  };
}

/** 1.x decodes no escapes in paths: only what would break the path is escaped, the colon of `internal:` is not. */
function targetOf(endpoint: { path: string }, { params = {}, query = {} }: Given): string {
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => encodePathPart(params[name] ?? ""));
  const search = new URLSearchParams(query).toString();
  return `/api${path}${search === "" ? "" : `?${search}`}`;
}

const encodePathPart = (text: string): string =>
  encodeURIComponent(text).replace(/%(3A|40|24|26|2B|2C|3B|3D)/g, (escape) => decodeURIComponent(escape));

function readAnswer(response: Response, text: string): unknown {
  const { status } = response;
  if (status >= 300 && status < 400) {
    const location = response.headers.get("location") ?? "elsewhere";
    throw new ApiError(`the server redirects to ${location}: use that address (B3SCALE_API_URL)`, status);
  }
  if (status === 404) throw new ApiError("the resource could not be found (404)", status);
  if (status < 200 || status >= 300) throw new ApiError(errorOf(text) || `the server answered ${status}`, status);
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(`the server's answer (${status}) is no JSON: is this the address of b3scaled?`, status);
  }
}

/** Every member of the JSON error as `key: value`, `error` first; other bodies as text, pages of proxies not at all. */
function errorOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return String(value);
    const rank = (key: string) => key === "error" ? "" : key;
    return Object.entries(value).sort(([a], [b]) => rank(a) < rank(b) ? -1 : 1)
      .map(([key, member]) => `${key}: ${typeof member === "string" ? member : JSON.stringify(member)}`).join("; ");
  } catch {
    return text.trimStart().startsWith("<") ? "" : text.trim().slice(0, 500);
  }
}
