// The whole server as one function from Request to Response: what lives at which path.
import { Hono } from "hono";
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
  router.get("/", (c) => c.html(`<h1>B3Scale! v.${VERSION} (${BUILD})</h1>`));
  router.get("/b3s/retry-join/:blob", (c) => serveRetryPage(c.req.param("blob")));
  for (const path of ["/", "/b3s/retry-join/:blob"]) {
    router.all(path, (c) => c.json({ message: "Method Not Allowed" }, 405, { allow: "OPTIONS, GET" }));
  }
  router.notFound((c) => c.json({ message: "Not Found" }, 404));
  router.onError((error) => {
    throw error; // recoverErrors logs and answers it
  });

  const serve = chain<HttpRequest, Response>([
    accessLog(deps),
    sendRequestID,
    recoverErrors(deps),
    timeLimit({ clock: deps.clock, ms: deps.config.requestTimeoutMs, expired: answerExpired }),
  ], async (request) => await router.fetch(request.req, request));

  return (req, peer = "") => serve({ req, id: requestID(req), remoteIP: remoteIP(req, peer) });
}

/** BBB's clients get BBB's envelope whatever happens. */
function answerExpired({ req }: HttpRequest): Response {
  return /^https?:\/\/[^/]*\/bbb\//.test(req.url)
    ? toHttp(failure("internalError", "The request took too long. Please try again."), () => "")
    : Response.json({ message: "Service Unavailable" }, { status: 503 });
}
