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
import { DOCS_PAGE, serveDocs } from "./rest/docs.ts";
import { createRest } from "./rest/rest.ts";
import { BUILD, VERSION } from "./version.ts";

/** @param peer address of the other end of the connection */
export type App = (req: Request, peer?: string) => Promise<Response>;

export function createApp(deps: Deps): App {
  const gateway = createGateway(deps);
  const rest = createRest(deps);
  const router = new Hono<{ Bindings: HttpRequest }>();

  router.all("/bbb/*", (c) => gateway(c.req.raw, c.env.id));
  router.all("/api/v1", (c) => rest(c.env));
  router.all("/api/v1/*", (c) => rest(c.env));
  /** HEAD is no GET here, as in 1.x. */
  const get = (path: string, handler: (c: Context) => Response | Promise<Response>) =>
    router.all(path, (c) => {
      if (c.req.raw.method === "GET") return handler(c);
      return c.json({ message: "Method Not Allowed" }, 405, { allow: "OPTIONS, GET" });
    });
  const notFound = (c: Context) => c.json({ message: "Not Found" }, 404);
  get("/", (c) => c.html(`<h1>B3Scale! v.${VERSION} (${BUILD})</h1>`));
  get("/b3s/retry-join/:blob", (c) => serveRetryPage(c.req.param("blob") ?? ""));
  get("/docs/api/v1", (c) => c.redirect(DOCS_PAGE, 302));
  get("/static/*", (c) => serveDocs(c.req.path) ?? notFound(c));
  get("/metrics", notFound); // known, and not there yet
  router.notFound(notFound);
  router.onError((error) => {
    throw error; // recoverErrors logs and answers it
  });

  const serve = chain<HttpRequest, Response>([
    accessLog(deps),
    sendRequestID,
    recoverErrors(deps),
    timeLimit({ clock: deps.clock, ms: deps.config.requestTimeoutMs, expired: answerExpired, exempt: isUpload }),
  ], async (request) => await router.fetch(request.req, request));

  return (req, peer = "") => serve({ req, id: requestID(req), remoteIP: remoteIP(req, peer) });
}

/** Its own deadline is between two parts of its body. */
const isUpload = ({ req }: HttpRequest): boolean =>
  req.method === "POST" && /^https?:\/\/[^/]*\/api\/v1\/recordings-upload(\?|$)/.test(req.url);

/** BBB's clients get BBB's envelope whatever happens. */
function answerExpired({ req }: HttpRequest): Response {
  return /^https?:\/\/[^/]*\/bbb\//.test(req.url)
    ? toHttp(failure("internalError", "The request took too long. Please try again."), () => "")
    : Response.json({ message: "Service Unavailable" }, { status: 503 });
}
