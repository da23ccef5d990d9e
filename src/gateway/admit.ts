// Who asks for what: path → frontend key and resource, checksum → a request that may go down the chain.
import { isSigned, readRequest } from "../bbb/request.ts";
import { RESOURCES, UNSUPPORTED_RESOURCES } from "../bbb/resources.ts";
import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { reportAuthFailure } from "../lib/auth_failure.ts";
import type { HttpRequest } from "../lib/http.ts";
import type { Frontend } from "../store/frontends.ts";
import type { GatewayRequest } from "./types.ts";

export interface Address {
  readonly frontendKey: string;
  /** Empty for the index. */
  readonly resource: string;
  readonly target: string;
}

/**
 * Segment 1 after the mount is the key, the last one the resource, whatever lies between (gateway contract §2.1).
 * @param url as it arrived; never through `new URL()`, which would rewrite what was signed
 */
export function readAddress(url: string): Address {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("//") + 2);
  const target = url.slice(start);
  const [path = ""] = target.split("?", 1);
  const [key = "", ...rest] = path.slice("/bbb/".length).split("/").map(decodeSegment);
  const resource = rest.at(-1) ?? "";
  if (rest.at(-2) === "hooks") return { frontendKey: key, resource: `hooks/${resource}`, target };
  return { frontendKey: key, resource: resource === "api" ? "" : resource, target };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Compared for unknown keys, so that they cost what a wrong checksum costs. */
const NO_FRONTEND_SECRET = "no frontend has this secret";

/**
 * @throws checksum_mismatch alike for a wrong checksum and an unknown or disabled frontend, unsupported_request for an
 * unknown resource of somebody who did not sign it
 */
export async function admit(
  deps: Pick<Deps, "view" | "log" | "metrics">,
  http: HttpRequest,
  address: Address,
): Promise<GatewayRequest> {
  const { req } = http;
  const request = await readRequest(req, address.resource);
  const frontend = await deps.view.findFrontend(address.frontendKey);
  const signed = isSigned(request, frontend?.secret ?? NO_FRONTEND_SECRET);
  if (!signed || !isServed(frontend)) {
    if (!isKnown(address.resource)) {
      throw new AppError("unsupported_request", `Resource "${address.resource}" is not served`);
    }
    reportAuthFailure(deps, http, "checksum", frontend?.key);
    throw new AppError(
      "checksum_mismatch",
      `Request of frontend "${address.frontendKey}" is not signed with its secret`,
    );
  }
  if (request.problem !== undefined) throw new AppError("invalid_parameter", request.problem);
  return {
    ...request,
    frontend,
    target: address.target,
    accept: req.headers.get("accept") ?? "",
    userAgent: req.headers.get("user-agent") ?? "",
    requestID: http.id,
  };
}

/** A frontend without a secret could be impersonated by anybody. */
const isServed = (frontend: Frontend | undefined): frontend is Frontend =>
  frontend !== undefined && frontend.active && frontend.secret !== "";

const isKnown = (resource: string): boolean =>
  (RESOURCES as readonly string[]).includes(resource) && !UNSUPPORTED_RESOURCES.has(resource);
