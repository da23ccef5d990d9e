// One call to a meeting's node on behalf of a request: what is handed on, what it costs the node's health, what comes back.
import { readAnswer } from "../bbb/answer.ts";
import { type NodeAnswer, NodeError, type NodeRequest } from "../bbb/client.ts";
import type { BbbResponse, NodeHeaders } from "../bbb/response.ts";
import type { XmlElement } from "../bbb/xml.ts";
import { healthOf } from "../cluster/health.ts";
import type { Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { Backend } from "../store/backends.ts";
import { recordFailedCall, requestPoll } from "../store/backend_health.ts";
import type { GatewayRequest } from "./types.ts";

type CallDeps = Pick<Deps, "db" | "nodes" | "clock" | "log">;

/** A node that has not answered by then is polled at once. */
const SLOW_MS = 3000;

export interface CallOptions {
  readonly timeoutMs: number;
  /** Not sent twice: insertDocument, sendChatMessage. */
  readonly once?: boolean;
  /** Instead of the client's own label. */
  readonly contentType?: string;
}

/** @throws NodeError */
export async function callNode(
  deps: CallDeps,
  backend: Backend,
  req: GatewayRequest,
  options: CallOptions,
): Promise<NodeAnswer> {
  const stopWatch = deps.clock.after(SLOW_MS, () => {
    requestPoll(deps.db, backend.id).catch((error) => logLost(deps, backend, req, error));
  });
  try {
    return await deps.nodes.call(backend, nodeRequest(req, options));
  } catch (error) {
    if (error instanceof NodeError) await noteFailure(deps, backend, req, error);
    throw error;
  } finally {
    stopWatch();
  }
}

/** The same for calls that answer in XML. @throws NodeError also for what is no answer of the BBB API */
export async function callNodeXml(
  deps: CallDeps,
  backend: Backend,
  req: GatewayRequest,
  options: CallOptions,
): Promise<{ root: XmlElement; response: BbbResponse }> {
  const answer = await callNode(deps, backend, req, options);
  return await readXml(deps, backend, req, answer);
}

/** Only a bad status is the node's failure; a 200 that cannot be read leaves its health as it was (design §6). */
export async function readXml(
  deps: CallDeps,
  backend: Backend,
  req: GatewayRequest,
  answer: NodeAnswer,
): Promise<{ root: XmlElement; response: BbbResponse }> {
  try {
    const root = readAnswer(answer, req.resource);
    return { root, response: { kind: "xml", root, status: answer.status, headers: handedBack(answer) } };
  } catch (error) {
    if (error instanceof NodeError) await noteFailure(deps, backend, req, error);
    throw error;
  }
}

/** What a client may see of a node's headers; cookies only where the caller adds them. */
export const handedBack = ({ headers }: NodeAnswer): NodeHeaders => ({
  contentType: headers.get("content-type") ?? undefined,
  cacheControl: headers.get("cache-control") ?? undefined,
});

function nodeRequest(req: GatewayRequest, { timeoutMs, once, contentType }: CallOptions): NodeRequest {
  const hasBody = req.body.length > 0;
  const label = contentType ?? (hasBody || req.form.size === 0 ? req.contentType : "");
  const headers: Record<string, string> = { "x-request-id": req.requestID };
  if (label !== "") headers["content-type"] = label;
  if (req.accept !== "") headers["accept"] = req.accept;
  if (req.userAgent !== "") headers["user-agent"] = req.userAgent;
  return {
    method: hasBody ? "POST" : req.method, // `fetch` refuses a GET with a body, and BBB wants a POST
    resource: req.resource,
    params: req.params,
    body: hasBody ? req.body : undefined,
    headers,
    idempotent: once !== true,
    timeoutMs,
  };
}

async function noteFailure(deps: CallDeps, backend: Backend, req: GatewayRequest, error: NodeError): Promise<void> {
  deps.log.warn("node call failed", {
    backend_id: backend.id,
    resource: error.resource,
    error: error.message,
    request_id: req.requestID,
  });
  if (error.reason === "unreadable") return;
  try {
    // The first failure says it; while the node is known to be failing, polls decide.
    if (healthOf(backend) === "available") await recordFailedCall(deps.db, backend.id, error.message);
    else await requestPoll(deps.db, backend.id);
  } catch (lost) {
    logLost(deps, backend, req, lost);
  }
}

const logLost = ({ log }: CallDeps, backend: Backend, { requestID }: GatewayRequest, error: unknown): void =>
  log.warn("node failure could not be stored", {
    backend_id: backend.id,
    error: errorText(error),
    request_id: requestID,
  });
