// Calls we know nothing about, handed to the node of the meeting they name: BBB gets new ones with each release.
import { NodeError } from "../../bbb/client.ts";
import { UNSUPPORTED_RESOURCES } from "../../bbb/resources.ts";
import { type BbbResponse } from "../../bbb/response.ts";
import type { Deps } from "../../deps.ts";
import { AppError, type ErrorCode } from "../../errors.ts";
import { callNode, handedBack, readXml } from "../call_node.ts";
import { type GatewayHandler, type GatewayRequest } from "../types.ts";
import { findBound } from "./meetings.ts";

const TIMEOUT_MS = 9500;

type PassDeps = Pick<Deps, "db" | "view" | "nodes" | "clock" | "log">;

/** Not to be sent twice, so over a connection of its own. @throws meeting_not_found */
export const insertDocument = (deps: PassDeps): GatewayHandler => (req) => forward(deps, req, "meeting_not_found");

/** @throws chat_meeting_not_found, BBB's own key here */
export const sendChatMessage = (deps: PassDeps): GatewayHandler => (req) =>
  forward(deps, req, "chat_meeting_not_found");

/** @throws unsupported_request for calls of a session, dead calls, and whatever names no meeting of the frontend */
export const passThrough = (deps: PassDeps): GatewayHandler => async (req) => {
  if (!isMeetingScoped(req.resource) || req.meeting === undefined) {
    throw new AppError("unsupported_request", `Resource "${req.resource}" is not served`);
  }
  return await forward(deps, req, "unsupported_request");
};

/**
 * Calls about recordings and hooks reach every tenant's on that node whatever meeting they name, so they never get
 * through; a name with other characters than letters could be read as a resource with a query.
 */
const isMeetingScoped = (resource: string): boolean =>
  /^[A-Za-z]+$/.test(resource) && !/recording|hook|session/i.test(resource) && !UNSUPPORTED_RESOURCES.has(resource);

async function forward(deps: PassDeps, req: GatewayRequest, unknown: ErrorCode): Promise<BbbResponse> {
  const bound = await findBound(deps, req);
  if (bound === undefined) throw new AppError(unknown, `The meeting of "${req.resource}" is unknown`);
  try {
    const answer = await callNode(deps, bound.backend, req, { timeoutMs: TIMEOUT_MS, once: true });
    const isXml = (answer.headers.get("content-type") ?? "").includes("xml");
    if (isXml) return (await readXml(deps, bound.backend, req, answer)).response;
    // Some calls answer in JSON; a page of an error is nobody's answer.
    if (answer.status < 200 || answer.status > 299) throw new NodeError("status", req.resource, String(answer.status));
    return { kind: "bytes", body: answer.body, status: answer.status, headers: handedBack(answer) };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    throw new AppError("node_failed", `Backend "${bound.backend.id}" gave no answer`, { cause: error });
  }
}
