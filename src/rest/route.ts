// Binds a handler to an endpoint: what passes between HTTP and the handler, checked on the way in.
import type { Endpoint } from "../contract/endpoint.ts";
import type { Deps } from "../deps.ts";
import type { HttpRequest } from "../lib/http.ts";
import type { AgentEvents } from "./agent_events.ts";
import type { Principal } from "./auth.ts";
import type { Heartbeats } from "./heartbeats.ts";

export interface RestDeps extends Deps {
  readonly heartbeats: Heartbeats;
  readonly events: AgentEvents;
}

export interface RestRequest<Query, Body> {
  /** For a body that is no JSON. */
  readonly req: Request;
  readonly deps: RestDeps;
  readonly principal: Principal;
  /** Values of the path, percent-decoded once. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly requestID: string;
}

export type RestHandler<Query, Body, Result> = (req: RestRequest<Query, Body>) => Promise<Result>;

export interface Route {
  readonly endpoint: Endpoint;
  readonly handler: RestHandler<unknown, unknown, unknown>;
  readonly renderError: ErrorRenderer | undefined;
}

/** What a route answers in a shape of its own; undefined = like all others. */
export type ErrorRenderer = (error: unknown) => Response | undefined;

export const route = <Query, Body, Result>(
  endpoint: Endpoint<Query, Body, Result>,
  handler: RestHandler<Query, Body, Result>,
  renderError?: ErrorRenderer,
): Route => ({ endpoint, handler, renderError }) as unknown as Route;

/** Needs no bearer token: what is in the path, or a cookie, says who asks. */
export interface OpenRoute {
  readonly method: Endpoint["method"];
  /** Below `/api`, with `:name` for what varies. */
  readonly path: string;
  readonly serve: (request: HttpRequest, params: RestRequest<unknown, unknown>["params"]) => Promise<Response>;
}
