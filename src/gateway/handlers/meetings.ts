// The reads about meetings, and their end.
import { NodeError } from "../../bbb/client.ts";
import { readMeeting } from "../../bbb/meeting.ts";
import { encodeQuery } from "../../bbb/query.ts";
import { type BbbResponse, isSuccess, messageKeyOf, success, XML_CONTENT_TYPE } from "../../bbb/response.ts";
import { element, findChild, textElement, wrapElement } from "../../bbb/xml.ts";
import { meetingFragment } from "../../cluster/fragment.ts";
import { hasLiveAgent } from "../../cluster/health.ts";
import type { Deps } from "../../deps.ts";
import { AppError } from "../../errors.ts";
import { createSingleFlight } from "../../lib/single_flight.ts";
import type { Backend } from "../../store/backends.ts";
import { endMeeting } from "../../store/ended_meetings.ts";
import type { MeetingRow } from "../../store/meetings.ts";
import { callNodeXml } from "../call_node.ts";
import { saveMeetingInfo } from "../save_answer.ts";
import { type GatewayHandler, type GatewayRequest, meetingIDOf } from "../types.ts";

const INFO_MS = 5000;
const END_MS = 9500;
/** Callers that ask the same within this time share one call. */
const SHARE_MS = 1000;

type MeetingDeps = Pick<Deps, "db" | "view" | "nodes" | "clock" | "log" | "metrics">;

/** The request's meeting and its node; undefined for one that is unknown or on no node. */
export async function findBound(
  { view }: Pick<Deps, "view">,
  req: GatewayRequest,
): Promise<{ row: MeetingRow; backend: Backend } | undefined> {
  meetingIDOf(req);
  const backend = req.meeting?.backend_id ? await view.findBackend(req.meeting.backend_id) : undefined;
  return req.meeting === undefined || backend === undefined ? undefined : { row: req.meeting, backend };
}

const nodeFailed = (cause: NodeError, backend: Backend) =>
  new AppError("node_failed", `Backend "${backend.id}" gave no answer`, { cause });

/** Exact while the node's agent reports; else the node's own word, and the last known state when it does not answer. */
export function isMeetingRunning(deps: MeetingDeps): GatewayHandler {
  const flights = createSingleFlight<BbbResponse>({ clock: deps.clock, keepMs: SHARE_MS });
  const running = (value: boolean) => success(element("running", String(value)));

  return async (req) => {
    const bound = await findBound(deps, req);
    if (bound === undefined) return running(false);
    const { row, backend } = bound;
    if (hasLiveAgent(backend)) return running(row.meeting.running);
    try {
      return await flights.run(row.id, async () => {
        const { root, response } = await callNodeXml(deps, backend, req, { timeoutMs: INFO_MS });
        const silent = findChild(root, "running") === undefined && response.kind === "xml";
        return silent
          ? { ...response, root: { ...root, children: [...root.children, element("running", "false")] } }
          : response;
      });
    } catch (error) {
      if (error instanceof NodeError) return running(row.meeting.running);
      throw error;
    }
  };
}

/** Always the node's answer, which knows more than the view; the row follows it. @throws meeting_not_found, node_failed */
export function getMeetingInfo(deps: MeetingDeps): GatewayHandler {
  const flights = createSingleFlight<BbbResponse>({ clock: deps.clock, keepMs: SHARE_MS });

  async function ask(req: GatewayRequest, row: MeetingRow, backend: Backend): Promise<BbbResponse> {
    const askedAt = deps.clock.monotonic();
    const { root, response } = await callNodeXml(deps, backend, req, { timeoutMs: INFO_MS });
    if (isSuccess(root)) await saveMeetingInfo(deps, row, readMeeting(root), askedAt);
    return response;
  }

  return async (req) => {
    const bound = await findBound(deps, req);
    if (bound === undefined) throw unknownMeeting(req);
    try {
      return await flights.run(`${bound.row.id}?${encodeQuery(req.params)}`, () => ask(req, bound.row, bound.backend));
    } catch (error) {
      if (error instanceof NodeError) throw nodeFailed(error, bound.backend);
      throw error;
    }
  };
}

/**
 * The row is gone at once when the node says so, does not know the meeting, or does not answer (the poll ends its copy);
 * any other refusal, such as a wrong password, keeps it. @throws meeting_not_found, node_failed
 */
export const end = (deps: MeetingDeps): GatewayHandler => async (req) => {
  const bound = await findBound(deps, req);
  if (bound === undefined) throw unknownMeeting(req);
  const forget = async () => {
    const ended = await endMeeting(deps.db, bound.row.id, bound.backend.id);
    deps.view.forgetMeeting(bound.row.id);
    if (ended !== undefined) deps.metrics.meetingEnded(ended);
  };
  try {
    const { root, response } = await callNodeXml(deps, bound.backend, req, { timeoutMs: END_MS });
    if (isSuccess(root) || isUnknownMeeting(response)) await forget();
    return response;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    await forget();
    throw nodeFailed(error, bound.backend);
  }
};

const isUnknownMeeting = (response: BbbResponse): boolean =>
  response.kind === "xml" && !isSuccess(response.root) &&
  ["notFound", "meetingNotFound", "invalidMeetingIdentifier"].includes(messageKeyOf(response.root));

const unknownMeeting = (req: GatewayRequest) =>
  new AppError("meeting_not_found", `Meeting "${meetingIDOf(req)}" is unknown`);

/** From the view alone; the text is kept until one of the frontend's meetings changes. */
export function getMeetings({ view }: Pick<Deps, "view">): GatewayHandler {
  const lists = new Map<string, { readonly revision: number; readonly body: Uint8Array<ArrayBuffer> }>();

  return async ({ frontend }) => {
    const revision = view.revisionOf(frontend.id);
    const kept = lists.get(frontend.id);
    if (kept !== undefined && kept.revision === revision) return xmlBytes(kept.body);
    const rows = await view.listFrontendMeetings(frontend.id);
    const body = new TextEncoder().encode(meetingList(rows, frontend.key));
    if (revision !== undefined) lists.set(frontend.id, { revision, body });
    return xmlBytes(body);
  };
}

function meetingList(rows: readonly MeetingRow[], frontendKey: string): string {
  const meetings = wrapElement("meetings", rows.map((row) => meetingFragment(row, frontendKey)).join(""));
  const nothing = rows.length > 0 ? "" : textElement("messageKey", "noMeetings") +
    textElement("message", "no meetings were found on this server");
  return wrapElement("response", textElement("returncode", "SUCCESS") + meetings + nothing);
}

const xmlBytes = (body: Uint8Array<ArrayBuffer>): BbbResponse => ({
  kind: "bytes",
  body,
  status: 200,
  headers: { contentType: XML_CONTENT_TYPE },
});
