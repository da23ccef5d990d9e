// join: a browser is sent to the meeting's node; nothing is asked of the node unless the client wants XML or we are its proxy.
import { type NodeAnswer, NodeError, signedUrl } from "../../bbb/client.ts";
import { encodeQuery, rawQueryOf, readQuery } from "../../bbb/query.ts";
import { type BbbResponse } from "../../bbb/response.ts";
import { element, textOf, type XmlElement } from "../../bbb/xml.ts";
import { healthOf } from "../../cluster/health.ts";
import type { Deps } from "../../deps.ts";
import { AppError } from "../../errors.ts";
import type { Backend } from "../../store/backends.ts";
import { callNode, handedBack, readXml } from "../call_node.ts";
import { retryLocation } from "../retry_join.ts";
import { type GatewayHandler, type GatewayRequest, meetingIDOf } from "../types.ts";

const JOIN_MS = 9500;

/** @throws join_meeting_not_found; meeting_not_ready and node_failed for clients that no page can send back later */
export function join(deps: Pick<Deps, "config" | "db" | "view" | "nodes" | "clock" | "log">): GatewayHandler {
  const { config, view } = deps;

  return async (req) => {
    const id = meetingIDOf(req);
    const row = req.meeting ?? await findPending(req);
    if (row === undefined) throw new AppError("join_meeting_not_found", `Meeting "${id}" is unknown`);
    const backend = row.backend_id === null ? undefined : await view.findBackend(row.backend_id);
    if (backend === undefined || healthOf(backend) === "offline") return notReady(req);
    if (config.reverseProxyMode || req.params.get("redirect") === "false") return await joinOnNode(req, backend);
    return { kind: "redirect", location: signedUrl(backend, req), page: true, headers: {} };
  };

  /** A create that is under way: the browser waits for it. */
  async function findPending(req: GatewayRequest) {
    const row = await view.findAnyMeeting(meetingIDOf(req));
    return row?.frontend_id === req.frontend.id ? row : undefined;
  }

  async function joinOnNode(req: GatewayRequest, backend: Backend): Promise<BbbResponse> {
    let answer: NodeAnswer;
    try {
      answer = await callNode(deps, backend, req, { timeoutMs: JOIN_MS });
      const location = answer.headers.get("location");
      const headers = { ...handedBack(answer), setCookie: answer.headers.getSetCookie() };
      if (answer.status >= 300 && answer.status <= 399 && location !== null) {
        const to = config.reverseProxyMode ? throughUs(location, backend) : location;
        return { kind: "redirect", location: to, page: false, headers };
      }
      const { root } = await readXml(deps, backend, req, answer);
      const shown = config.reverseProxyMode
        ? { ...root, children: root.children.map((child) => proxied(child, backend)) }
        : root;
      return { kind: "xml", root: shown, status: answer.status, headers };
    } catch (error) {
      if (error instanceof NodeError) return notReady(req, error);
      throw error;
    }
  }

  function proxied(child: XmlElement["children"][number], backend: Backend) {
    if (typeof child === "string" || "cdata" in child || child.name !== "url") return child;
    return element("url", new URL(config.apiUrl).origin + throughUs(textOf(child).trim(), backend));
  }
}

/** A browser waits on the retry page; a program gets an error and asks again itself. */
function notReady(req: GatewayRequest, cause?: NodeError): BbbResponse {
  if (req.params.get("redirect") === "false") {
    throw new AppError("meeting_not_ready", `Meeting "${meetingIDOf(req)}" has no node at the moment`, { cause });
  }
  return { kind: "redirect", location: retryLocation(req.method, req.target), page: true, headers: {} };
}

/** The node's page under our own host; the operator's proxy routes what follows by `b3shost` (gateway contract §9). */
function throughUs(location: string, backend: Backend): string {
  const path = location.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const params = new Map(readQuery(rawQueryOf(path)) ?? []).set("b3shost", new URL(backend.host).host);
  return `${path.split("?", 1)[0] || "/"}?${encodeQuery(params)}`;
}
