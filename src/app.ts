// The whole server as one function from Request to Response: what lives at which path.
import { type Context, Hono } from "hono";
import { failure, toHttp } from "./bbb/response.ts";
import type { Deps } from "./deps.ts";
import { createGateway } from "./gateway/gateway.ts";
import { serveRetryPage } from "./gateway/retry_join.ts";
import { chain } from "./lib/chain.ts";
import {
  accessLog,
  type HttpRequest,
  recoverErrors,
  remoteIP,
  requestID,
  sendRequestID,
  timeLimit,
} from "./lib/http.ts";
import { methodNotAllowed, sizedJson, sizedResponse } from "./lib/sized_response.ts";
import type { MetricsEndpoint } from "./metrics/endpoint.ts";
import { DOCS_PAGE, serveDocs } from "./rest/docs.ts";
import { answerLive, answerReady, createHealth, type Health, isProbe } from "./rest/health.ts";
import { createRest } from "./rest/rest.ts";
import { BUILD, VERSION } from "./version.ts";

/** @param peer address of the other end of the connection */
export type App = (req: Request, peer?: string) => Promise<Response>;

interface AppOptions {
  readonly health?: Health;
  /** Undefined where they are not served on this address. */
  readonly metrics?: MetricsEndpoint;
  /** Whether BBB's calls can be served. */
  readonly isUsable?: () => Promise<boolean>;
}

export function createApp(
  deps: Deps,
  { health = createHealth(deps, () => true), metrics, isUsable = () => Promise.resolve(true) }: AppOptions = {},
): App {
  const gateway = createGateway(deps);
  const rest = createRest(deps);
  const router = new Hono<{ Bindings: HttpRequest }>();

  router.all("/bbb/*", async (c) => await isUsable() ? await gateway(c.env) : bbbFailure(NOT_USABLE));
  router.all("/api/v1", (c) => rest(c.env));
  router.all("/api/v1/*", (c) => rest(c.env));
  /** HEAD is no GET here, as in 1.x. */
  const get = (path: string, handler: (c: Context) => Response | Promise<Response>) =>
    router.all(path, (c) => {
      if (c.req.raw.method === "GET") return handler(c);
      return methodNotAllowed("OPTIONS, GET");
    });
  const probe = (path: string, answer: () => Response | Promise<Response>) =>
    router.all(path, (c) => {
      if (["GET", "HEAD"].includes(c.req.raw.method)) return answer();
      return methodNotAllowed("GET, HEAD");
    });
  probe("/healthz", answerLive);
  probe("/readyz", () => answerReady(health));
  const notFound = () => sizedJson({ message: "Not Found" }, 404);
  const front = `<h1>B3Scale! v.${VERSION} (${BUILD})</h1>`;
  get("/", () => sizedResponse(front, 200, [["content-type", "text/html; charset=UTF-8"]]));
  get("/b3s/retry-join/:blob", (c) => serveRetryPage(c.req.param("blob") ?? ""));
  get("/docs/api/v1", (c) => c.redirect(DOCS_PAGE, 302));
  get("/static/*", (c) => serveDocs(c.req.path) ?? notFound());
  get("/metrics", (c) => metrics === undefined ? notFound() : metrics(c.env));
  router.notFound(notFound);
  router.onError((error) => {
    throw error; // recoverErrors logs and answers it
  });

  const serve = chain<HttpRequest, Response>([
    accessLog({ ...deps, quiet: ({ req }) => isProbe(req) }),
    sendRequestID,
    recoverErrors(deps),
    timeLimit({ clock: deps.clock, ms: deps.config.requestTimeoutMs, expired: answerExpired, exempt: isUpload }),
  ], async (request) => await router.fetch(request.req, request));

  return (req, peer = "") => serve({ req, id: requestID(req), remoteIP: remoteIP(req, peer) });
}

/** An address of their own for the metrics, and nothing else. */
export function createMetricsApp(deps: Pick<Deps, "clock" | "log" | "metrics">, metrics: MetricsEndpoint): App {
  const serve = chain<HttpRequest, Response>([accessLog(deps), sendRequestID, recoverErrors(deps)], async (request) => {
    if (!/^https?:\/\/[^/]*\/metrics(\?|$)/.test(request.req.url)) {
      return sizedJson({ message: "Not Found" }, 404);
    }
    if (request.req.method === "GET") return await metrics(request);
    return methodNotAllowed("OPTIONS, GET");
  });
  return (req, peer = "") => serve({ req, id: requestID(req), remoteIP: remoteIP(req, peer) });
}

/** Its own deadline is between two parts of its body. */
const isUpload = ({ req }: HttpRequest): boolean =>
  req.method === "POST" && /^https?:\/\/[^/]*\/api\/v1\/recordings-upload(\?|$)/.test(req.url);

/** BBB's clients get BBB's envelope whatever happens. */
const bbbFailure = (message: string): Response => toHttp(failure("internalError", message), () => "");
const NOT_USABLE = "The request could not be processed. Please try again.";

function answerExpired({ req }: HttpRequest): Response {
  return /^https?:\/\/[^/]*\/bbb\//.test(req.url)
    ? bbbFailure("The request took too long. Please try again.")
    : sizedJson({ message: "Service Unavailable" }, 503);
}
