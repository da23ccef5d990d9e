// The REST API: the table of routes, and what every request passes: token, scope, input, audit, answer.
import { type Context, Hono } from "hono";
import type * as v from "valibot";
import type { Endpoint } from "../contract/endpoint.ts";
import type { Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { HttpRequest } from "../lib/http.ts";
import { withFields } from "../log.ts";
import { insertAudit } from "../store/audit.ts";
import { agentRoutes } from "./agent.ts";
import { createAgentEvents } from "./agent_events.ts";
import { auditRoutes } from "./audit.ts";
import { createAuthenticator, type Principal, requireScope } from "./auth.ts";
import { backendRoutes } from "./backends.ts";
import { callbackProxyRoutes } from "./callback_proxy.ts";
import { callbackRoutes } from "./callbacks.ts";
import { commandRoutes } from "./commands.ts";
import { expiringRecordingRoutes } from "./expiring_recordings.ts";
import { frontendRoutes } from "./frontends.ts";
import { createHeartbeats } from "./heartbeats.ts";
import { checkInput, readJsonBody, readQueryObject } from "./input.ts";
import { meetingRoutes } from "./meetings.ts";
import { jsonResponse, renderProblem } from "./problem.ts";
import { createProtectedRecordings } from "./protected_recordings.ts";
import { recordingImportRoutes } from "./recordings_import.ts";
import { recordingUploadRoutes } from "./recordings_upload.ts";
import type { OpenRoute, RestDeps, Route } from "./route.ts";
import { recordingRoutes } from "./recordings.ts";
import { statusRoutes } from "./status.ts";

const ROUTES: readonly Route[] = [
  ...statusRoutes,
  ...frontendRoutes,
  ...backendRoutes,
  ...meetingRoutes,
  ...recordingRoutes,
  ...expiringRecordingRoutes,
  ...commandRoutes,
  ...callbackRoutes,
  ...recordingImportRoutes,
  ...recordingUploadRoutes,
  ...agentRoutes,
  ...auditRoutes,
];

/** Serves `/api/v1…`. */
export type Rest = (request: HttpRequest) => Promise<Response>;

type Bindings = { readonly request: HttpRequest };

export function createRest(deps: Deps): Rest {
  const heartbeats = createHeartbeats(deps);
  const events = createAgentEvents(deps);
  const restDeps: RestDeps = { ...deps, heartbeats, events };
  const authenticator = createAuthenticator(deps);
  const router = new Hono<{ Bindings: Bindings }>();

  const openRoutes: readonly OpenRoute[] = [...createProtectedRecordings(deps), ...callbackProxyRoutes(deps)];
  for (const { method, path, serve } of openRoutes) {
    router.on(method, `/api${path}`, async (c, next) => {
      if (c.req.raw.method !== method) return await next();
      return await serve(c.env.request, c.req.param() as Record<string, string>);
    });
  }

  for (const { endpoint, handler, renderError } of ROUTES) {
    const serve = async (c: Context<{ Bindings: Bindings }>, principal: Principal): Promise<Response> => {
      const { request } = c.env;
      if (c.req.raw.method !== endpoint.method) return notFound(); // HEAD is no GET here
      requireScope(principal, endpoint.scopes);
      const given = takesBody(endpoint) ? await readJsonBody(request.req) : {};
      const body = checkInput(endpoint.body, given);
      const result = await handler({
        req: request.req,
        deps: { ...restDeps, log: withFields(deps.log, { request_id: request.id }) },
        principal,
        params: c.req.param() as Record<string, string>,
        query: checkInput(endpoint.query, readQueryObject(request.req.url)),
        body,
        requestID: request.id,
      });
      if (endpoint.audited) await audit(request, principal, body);
      return jsonResponse(result, endpoint.status);
    };
    router.on(endpoint.method, `/api${endpoint.path}`, async (c) => {
      const principal = await authenticator.authenticate(c.env.request);
      try {
        return await serve(c, principal);
      } catch (error) {
        const rendered = renderError?.(error);
        if (rendered === undefined) throw error;
        return rendered;
      }
    });
  }
  /** What is wrong with the token is said before anything else. */
  router.notFound(async ({ env: { request } }) => {
    await authenticator.authenticate(request);
    return notFound();
  });
  router.onError((error) => {
    throw error;
  });

  /** The change is made; that it could not be noted must not undo it for the client. */
  async function audit({ req, id }: HttpRequest, principal: Principal, body: unknown): Promise<void> {
    const entry = {
      subject: principal.sub,
      scope: [...principal.scopes].join(" "),
      method: req.method,
      resource: new URL(req.url).pathname,
      changed_keys: changedKeys(body),
      request_id: id,
    };
    try {
      await insertAudit(deps.db, entry);
    } catch (error) {
      deps.log.error("change could not be noted in the audit", { ...entry, error: errorText(error) });
    }
  }

  return async (request) => {
    try {
      return await router.fetch(request.req, { request });
    } catch (error) {
      return renderProblem(error, deps.log, request.id);
    }
  };
}

/** Whatever else is sent along is not even read. */
const takesBody = ({ body }: Endpoint): boolean =>
  Object.keys((body as Partial<v.ObjectSchema<v.ObjectEntries, undefined>>).entries ?? {}).length > 0;

const notFound = (): Response => jsonResponse({ message: "Not Found" }, 404);

/** Deeper is no setting of ours, and a body may be nested until the stack is full. */
const MOST_DEPTH = 5;
const MOST_KEYS = 200;

/** Dotted names of what a body sets, never the values. */
function changedKeys(given: unknown, prefix = "", depth = 0): string[] {
  const isLeaf = typeof given !== "object" || given === null || Array.isArray(given) || depth === MOST_DEPTH;
  const keys = isLeaf
    ? []
    : Object.entries(given).flatMap(([key, value]) =>
      changedKeys(value, prefix === "" ? key : `${prefix}.${key}`, depth + 1)
    );
  return keys.length === 0 && prefix !== "" ? [prefix] : keys.slice(0, MOST_KEYS);
}
