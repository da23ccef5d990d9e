// `/api/v1/callbacks/proxy/:token`: nodes call it instead of the frontend, which is told in its own meeting ids and with its
// own secret. The token in the path is all the caller needs. Accepted is what stands in the outbox (store/callbacks.ts).
import { decodeMeetingID } from "../contract/meeting_id.ts";
import { type NodeTokenAlgorithm, verifyNodeToken } from "../contract/node_token.ts";
import { verifyToken } from "../contract/token.ts";
import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { reportAuthFailure } from "../lib/auth_failure.ts";
import type { HttpRequest } from "../lib/http.ts";
import { readBody } from "../lib/read_bytes.ts";
import { listBackends } from "../store/backends.ts";
import { insertCallback, type NewCallback } from "../store/callbacks.ts";
import { type Frontend, listFrontendsByID } from "../store/frontends.ts";
import { isUuid } from "./input.ts";
import type { OpenRoute } from "./route.ts";

type ProxyDeps = Pick<Deps, "config" | "db" | "view" | "clock" | "log" | "metrics">;

const SCOPE = "b3scale:callback";
/** In a query; BBB's own spelling is the second. */
const ID_PARAMETERS = ["meeting_id", "meetingID", "meetingId", "meetingid"];
/** With shared files a node reports a recording as soon as it has built it: its import may take until then. */
const RECORDING_WAIT_SECONDS = 600;

export const callbackProxyRoutes = (deps: ProxyDeps): readonly OpenRoute[] =>
  (["GET", "POST"] as const).map((method) => ({
    method,
    path: "/v1/callbacks/proxy/:token",
    serve: (request, { token = "" }) => accept(deps, request, token),
  }));

async function accept(deps: ProxyDeps, request: HttpRequest, token: string): Promise<Response> {
  const { req, id: request_id } = request;
  const { frontend, target } = await readTarget(deps, request, token);
  const content = req.method === "GET"
    ? readGet(req, frontend, target)
    : await readPost(deps, request, frontend, target);
  const origin = `${target.protocol}//${target.host}`;
  const callback_id = await insertCallback(deps.db, { frontend_id: frontend.id, origin, request_id, ...content });
  deps.log.info("callback accepted", { kind: content.kind, host: target.host, callback_id, request_id });
  return new Response(null, { status: 200 });
}

/** @throws forbidden, scope_missing, bad_request, not_found */
async function readTarget(
  deps: ProxyDeps,
  request: HttpRequest,
  token: string,
): Promise<{ frontend: Frontend; target: URL }> {
  const { config, db, clock } = deps;
  const verified = await verifyToken(config.jwtSecret, token, clock.now());
  if (verified === undefined) {
    reportAuthFailure(deps, request, "token");
    throw new AppError("forbidden", "The token of the callback is wrong or has expired");
  }
  if (!verified.scopes.has(SCOPE)) throw new AppError("scope_missing", `${SCOPE} scope required`);
  const target = URL.parse(verified.aud[0] ?? "");
  if (target === null) throw new AppError("bad_request", "The token of the callback names no URL");
  const [frontend] = isUuid(verified.sub) ? await listFrontendsByID(db, [verified.sub]) : [];
  if (frontend === undefined) throw new AppError("not_found", `Frontend "${verified.sub}" is unknown`);
  return { frontend, target };
}

type Content = Pick<NewCallback, "kind" | "url" | "claims" | "body" | "wait_for">;

/** What the node adds replaces what the target has. */
function readGet(req: Request, frontend: Frontend, target: URL): Content {
  const url = new URL(target);
  const query = new URL(req.url).searchParams;
  for (const name of new Set(query.keys())) {
    url.searchParams.delete(name);
    for (const value of query.getAll(name)) url.searchParams.append(name, value);
  }
  for (const name of ID_PARAMETERS) {
    const ids = url.searchParams.getAll(name);
    url.searchParams.delete(name);
    for (const id of ids) url.searchParams.append(name, decodeMeetingID(frontend.key, id));
  }
  url.searchParams.sort();
  return { kind: "meeting_ended", url: url.href, claims: null, body: null };
}

/** @throws bad_request, token_invalid, body_too_large, invalid_parameter */
async function readPost(
  deps: ProxyDeps,
  request: HttpRequest,
  frontend: Frontend,
  target: URL,
): Promise<Content> {
  const given = await readGiven(request.req);
  const signed = given["signed_parameters"];
  if (typeof signed === "string" && signed !== "") {
    const claims = ownClaims(frontend, await verify(deps, request, "HS256", signed));
    return {
      kind: "recording_ready",
      url: target.href,
      claims: JSON.stringify(claims),
      body: null,
      wait_for: deps.config.recordings === null ? undefined : waitFor(claims["record_id"]),
    };
  }
  const bearer = /^Bearer +(\S+)\s*$/i.exec(request.req.headers.get("authorization") ?? "")?.[1];
  if (bearer === undefined) throw new AppError("bad_request", "The callback has neither signed_parameters nor a token");
  const claims = await verify(deps, request, "HS512", bearer);
  const body = JSON.stringify(withOwnUrl(ownClaims(frontend, given), target));
  return { kind: "analytics", url: target.href, claims: JSON.stringify(claims), body };
}

/** It names no node: one of them must have signed it, perhaps one that the view has not seen yet. @throws token_invalid */
async function verify(
  deps: ProxyDeps,
  request: HttpRequest,
  alg: NodeTokenAlgorithm,
  token: string,
): Promise<JsonObject> {
  const { db, view, clock } = deps;
  for (const list of [() => view.listBackends(), () => listBackends(db)]) {
    const secrets = (await list()).map(({ secret }) => secret);
    const claims = verifyNodeToken(alg, secrets, token, clock.now());
    if (claims !== undefined) return claims;
  }
  reportAuthFailure(deps, request, "token");
  throw new AppError("token_invalid", "No node has signed the callback");
}

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An id that is not one of this frontend stays as it is. */
function ownClaims({ key }: Frontend, claims: JsonObject): JsonObject {
  const id = claims["meeting_id"];
  return typeof id === "string" ? { ...claims, meeting_id: decodeMeetingID(key, id) } : claims;
}

/** The analytics repeat the URL that the meeting was created with: on the node that is ours. */
function withOwnUrl(analytics: JsonObject, target: URL): JsonObject {
  const data = analytics["data"];
  const metadata = isObject(data) ? data["metadata"] : undefined;
  if (!isObject(data) || !isObject(metadata) || metadata["analytics_callback_url"] === undefined) return analytics;
  return { ...analytics, data: { ...data, metadata: { ...metadata, analytics_callback_url: target.href } } };
}

function waitFor(record_id: unknown): Content["wait_for"] {
  const isText = typeof record_id === "string" && record_id !== "" && record_id.isWellFormed();
  return isText && !record_id.includes("\0") ? { record_id, seconds: RECORDING_WAIT_SECONDS } : undefined;
}

/** Members of a JSON object, or fields of a form. @throws bad_request, body_too_large, invalid_parameter */
async function readGiven(req: Request): Promise<JsonObject> {
  const body = await readBody(req);
  const contentType = req.headers.get("content-type") ?? "";
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  try {
    if (type === "multipart/form-data") {
      return Object.fromEntries(await new Response(body, { headers: { "content-type": contentType } }).formData());
    }
    const text = new TextDecoder().decode(body);
    if (type !== "application/json") return Object.fromEntries(new URLSearchParams(text));
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw new AppError("bad_request", "The body of the callback cannot be read", { cause });
  }
  throw new AppError("bad_request", "The body of the callback is no object");
}
