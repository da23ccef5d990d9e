// What every HTTP request passes before it is served: an id, a deadline, a line in the access log.
import { isIP } from "node:net";
import type { Clock, Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Middleware } from "./chain.ts";
import { countBody } from "./count_body.ts";
import { sizedJson } from "./sized_response.ts";

export interface HttpRequest {
  readonly req: Request;
  readonly id: string;
  /** Of the client, as a trusted proxy names it. */
  readonly remoteIP: string;
}

export type HttpMiddleware = Middleware<HttpRequest, Response>;

/** A client's own id is kept when it is harmless, so that its logs and ours meet. */
export function requestID(req: Request): string {
  const given = req.headers.get("x-request-id");
  return given !== null && /^[\w.:-]{1,64}$/.test(given) ? given : crypto.randomUUID();
}

/**
 * 1.x trusts these headers; the server listens behind the operator's proxy, which must set them, not add to what a client
 * sends. What is no address is not believed: this names who is shut out for wrong checksums and tokens.
 */
export function remoteIP(req: Request, peer: string): string {
  const forwarded = req.headers.get("x-forwarded-for");
  const named = forwarded === null ? "" : withoutPort(forwarded.split(",", 1)[0]?.trim() ?? "");
  if (isIP(named) !== 0) return named;
  const real = req.headers.get("x-real-ip");
  return real !== null && isIP(real) !== 0 ? real : peer;
}

/** Some proxies write `192.0.2.1:5678` or `[2001:db8::1]:5678`. */
const withoutPort = (address: string): string =>
  /^(\d[\d.]*):\d+$/.exec(address)?.[1] ?? /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? address;

/**
 * One line per request with the status that was really sent, and the same for the metrics. For an answer that does not say
 * its length the line comes when its body has been sent, in whole or until the client went away.
 * @param quiet requests whose line is for debugging only
 */
export function accessLog(
  { log, clock, metrics, quiet = () => false }: Pick<Deps, "log" | "clock" | "metrics"> & {
    quiet?: (request: HttpRequest) => boolean;
  },
): HttpMiddleware {
  return async (request, next) => {
    const startedAt = clock.monotonic();
    const response = await next(request);
    const { req } = request;
    return countBody(req.method, response, (responseBytes) => {
      const latency = clock.monotonic() - startedAt;
      const host = req.headers.get("host") ?? "";
      const target = targetOf(req.url);
      const requestBytes = Number(req.headers.get("content-length") ?? 0);
      const { status } = response;
      log[quiet(request) ? "debug" : "info"]("", {
        remote_ip: request.remoteIP,
        host,
        method: req.method,
        uri: target,
        user_agent: req.headers.get("user-agent") ?? "",
        status,
        referer: req.headers.get("referer") ?? "",
        latency: Math.round(latency * 1000) / 1000,
        latency_human: latency < 1000 ? `${latency.toFixed(3)}ms` : `${(latency / 1000).toFixed(3)}s`,
        bytes_in: requestBytes,
        bytes_out: responseBytes,
        request_id: request.id,
      });
      const seconds = latency / 1000;
      metrics.httpRequest({ status, host, method: req.method, target, seconds, requestBytes, responseBytes });
    });
  };
}

/** Path and query as they arrived. */
export function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  return start < 0 ? "/" : url.slice(start);
}

/**
 * @param expired the answer of a request that takes longer than `ms`; 0 = no limit
 * @param exempt what may take as long as it likes
 */
export function timeLimit(
  { clock, ms, expired, exempt = () => false }: {
    clock: Clock;
    ms: number;
    expired: (request: HttpRequest) => Response;
    exempt?: (request: HttpRequest) => boolean;
  },
): HttpMiddleware {
  return async (request, next) => {
    if (ms === 0 || exempt(request)) return await next(request);
    let cancel = () => {};
    const deadline = new Promise<Response>((resolve) => {
      cancel = clock.after(ms, () => resolve(expired(request)));
    });
    try {
      return await Promise.race([next(request), deadline]);
    } finally {
      cancel();
    }
  };
}

/** A bug: logged with its stack, answered without a word of it. */
export function recoverErrors({ log }: { log: Logger }): HttpMiddleware {
  return async (request, next) => {
    try {
      return await next(request);
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      log.error("request crashed", { error: errorText(error), stack, request_id: request.id });
      return sizedJson({ message: "Internal Server Error" }, 500);
    }
  };
}

/** The id goes out on every answer. */
export const sendRequestID: HttpMiddleware = async (request, next) => {
  const response = await next(request);
  response.headers.set("x-request-id", request.id);
  return response;
};
