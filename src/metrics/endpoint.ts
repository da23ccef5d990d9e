// `GET /metrics`, on the main address or on its own: whoever knows the token, if there is one, gets the text.
import { hash, timingSafeEqual } from "node:crypto";
import type { Config } from "../config.ts";
import type { Deps } from "../deps.ts";
import { reportAuthFailure } from "../lib/auth_failure.ts";
import type { HttpRequest } from "../lib/http.ts";
import { sizedJson, sizedResponse } from "../lib/sized_response.ts";
import type { Exposition } from "./exposition.ts";

export type MetricsEndpoint = (request: HttpRequest) => Promise<Response>;

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function createMetricsEndpoint(
  { config, log, metrics }: Pick<Deps, "config" | "log" | "metrics">,
  exposition: Exposition,
): MetricsEndpoint {
  async function answer(request: HttpRequest): Promise<Response> {
    const access = checkToken(config, request.req);
    if (access === "granted") {
      return sizedResponse(await exposition.scrape(), 200, [["content-type", CONTENT_TYPE]]);
    }
    if (access === "refused") reportAuthFailure({ log, metrics }, request, "token");
    return sizedJson({ message: "Unauthorized" }, 401, [["www-authenticate", "Bearer"]]);
  }

  return async (request) => {
    const end = exposition.beginRequest();
    let status = 500;
    try {
      const response = await answer(request);
      status = response.status;
      return response;
    } finally {
      end(status);
    }
  };
}

/** "missing": no attempt to guess one. */
function checkToken({ metricsToken }: Pick<Config, "metricsToken">, req: Request): "granted" | "missing" | "refused" {
  if (metricsToken === "") return "granted";
  const given = /^Bearer +(\S.*)$/i.exec(req.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) return "missing";
  const digest = (text: string) => hash("sha256", text, "buffer");
  return timingSafeEqual(digest(given), digest(metricsToken)) ? "granted" : "refused";
}
