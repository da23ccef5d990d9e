// create: the meeting's own node when it has one, else a node of our choice; one node always (design §4).
import { NodeError } from "../../bbb/client.ts";
import { type Meeting, readMeeting } from "../../bbb/meeting.ts";
import { type BbbResponse, isSuccess } from "../../bbb/response.ts";
import { type Health, healthOf, isDraining } from "../../cluster/health.ts";
import type { ClusterMeetingID } from "../../contract/meeting_id.ts";
import type { Deps } from "../../deps.ts";
import { AppError, errorText } from "../../errors.ts";
import { within } from "../../lib/within.ts";
import { type Backend, findBackend } from "../../store/backends.ts";
import { isPending, type MeetingRow } from "../../store/meetings.ts";
import { callNodeXml } from "../call_node.ts";
import { createPlacements, type Placement } from "../placement.ts";
import { saveAnsweredCreate } from "../save_answer.ts";
import { type GatewayHandler, type GatewayRequest, meetingIDOf } from "../types.ts";

/** Greenlight gives up after 10 s. */
const BUDGET_MS = 9500;
/** What is under way then is finished without its client: a database that hangs has no deadline of its own. */
const GIVE_UP_MS = BUDGET_MS + 200;
const NODE_MS = 6000;
const INFO_MS = 2000;
const MOST_NODES = 3;
/** How often we look, without a change in sight, while another request or the poll decides. */
const LOOK_AGAIN_MS = 250;

type CreateDeps = Pick<Deps, "config" | "db" | "view" | "nodes" | "clock" | "random" | "log">;

export function create(deps: CreateDeps): GatewayHandler {
  const { view, clock } = deps;
  const placements = createPlacements(deps);

  return async (req) => {
    const id = meetingIDOf(req);
    const late = () => new AppError("timeout", `Meeting "${id}" could not be created in time`);
    return await within(clock, GIVE_UP_MS, createMeeting(req, id), late);
  };

  async function createMeeting(req: GatewayRequest, id: ClusterMeetingID): Promise<BbbResponse> {
    const deadline = clock.monotonic() + BUDGET_MS;
    const leftMs = () => Math.max(0, deadline - clock.monotonic());
    /** The node that failed us and that the poll has not judged yet. */
    let failedOn: string | undefined;

    while (leftMs() > 0) {
      const row = await view.findAnyMeeting(id);
      const step = await nextStep(req, row, { failedOn, leftMs });
      if (step.kind === "place") {
        const placement = await placements.reserve(req, id, row);
        if (placement !== undefined) return await buildAnywhere(req, placement, leftMs);
      } else if (step.kind === "forward" && (step.backend.id !== failedOn || step.health === "available")) {
        const response = await forward(req, step.row, step.backend, leftMs());
        if (response !== undefined) return response;
        failedOn = step.backend.id;
      }
      // Another create has the meeting, or its node is failing: a notification says when that is over.
      await view.nextChange(id, Math.min(leftMs(), LOOK_AGAIN_MS));
    }
    throw new AppError("node_failed", `Meeting "${id}" has no node that answers`);
  }

  type Step =
    | { readonly kind: "place" }
    | { readonly kind: "wait" }
    | { readonly kind: "forward"; readonly row: MeetingRow; readonly backend: Backend; readonly health: Health };

  async function nextStep(
    req: GatewayRequest,
    row: MeetingRow | undefined,
    { failedOn, leftMs }: { failedOn: string | undefined; leftMs: () => number },
  ): Promise<Step> {
    if (row === undefined) return { kind: "place" };
    if (row.frontend_id !== req.frontend.id) {
      throw new AppError("meeting_id_taken", `Meeting "${row.id}" is another frontend's`);
    }
    if (isPending(row)) return { kind: "wait" };
    const backend = row.backend_id === null ? undefined : await findBackendNow(row.backend_id);
    if (backend === undefined) return { kind: "place" };
    const health = healthOf(backend);
    if (health === "offline") return { kind: "place" };
    const isAsked = isDraining(backend) && (backend.id !== failedOn || health === "available");
    if (isAsked && await isUnknownOn(req, backend, Math.min(INFO_MS, leftMs()))) return { kind: "place" };
    return { kind: "forward", row, backend, health };
  }

  /**
   * The rows of a node go with its third failed poll. One that is there may have been adopted just now, when the node
   * came back, and the view learns of meetings before it learns of health: then it must not be built elsewhere.
   */
  async function findBackendNow(id: string): Promise<Backend | undefined> {
    const backend = await view.findBackend(id);
    return backend !== undefined && healthOf(backend) === "offline" ? await findBackend(deps.db, id) : backend;
  }

  /** A draining node keeps the meetings it still knows. One that did not answer is not asked again here. */
  async function isUnknownOn(req: GatewayRequest, backend: Backend, timeoutMs: number): Promise<boolean> {
    const id = meetingIDOf(req);
    const info: GatewayRequest = {
      ...req,
      method: "GET",
      resource: "getMeetingInfo",
      params: new Map([["meetingID", id]]),
      body: new Uint8Array(0),
    };
    try {
      return !isSuccess((await callNodeXml(deps, backend, info, { timeoutMs })).root);
    } catch (error) {
      if (error instanceof NodeError) return false;
      throw error;
    }
  }

  /** To the node that has the meeting. @returns undefined when it did not answer and the poll has to judge it */
  async function forward(
    req: GatewayRequest,
    row: MeetingRow,
    backend: Backend,
    leftMs: number,
  ): Promise<BbbResponse | undefined> {
    try {
      const { root, response } = await callNodeXml(deps, backend, req, callOptions(req, leftMs));
      if (isSuccess(root)) await saveAnsweredCreate(deps, row, backend.id, readMeeting(root));
      return response;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      if (error.reason === "unreadable") {
        throw new AppError("node_failed", `Backend "${backend.id}" gave no answer`, { cause: error });
      }
      return undefined;
    }
  }

  /** One candidate after the other; whatever happens, no reservation is left that only the sweeper could resolve. */
  async function buildAnywhere(req: GatewayRequest, first: Placement, leftMs: () => number): Promise<BbbResponse> {
    let placement = first;
    let built = false;
    try {
      for (let attempt = 1;; attempt++) {
        try {
          if (leftMs() === 0) throw new NodeError("timeout", "create"); // the place came too late
          const { root, response } = await callNodeXml(deps, placement.backend, req, callOptions(req, leftMs()));
          if (isSuccess(root)) {
            built = true; // from here on the row must not be deleted: the meeting exists
            await confirm(req, placement, readMeeting(root), leftMs);
          }
          return response;
        } catch (error) {
          if (!(error instanceof NodeError)) throw error;
          if (attempt === MOST_NODES || leftMs() < 1) throw failed(placement.id, error);
          placement = await moveOn(req, placement, error);
        }
      }
    } finally {
      if (!built) await release(req, placement);
    }
  }

  /** Of a database that is away for a moment the meeting would wait for the sweeper, and every create of it as well. */
  async function confirm(
    { requestID }: GatewayRequest,
    placement: Placement,
    meeting: Meeting,
    leftMs: () => number,
  ): Promise<void> {
    while (true) {
      try {
        return await placements.confirm(placement, meeting);
      } catch (error) {
        if (leftMs() < LOOK_AGAIN_MS) throw error;
        deps.log.warn("a new meeting could not be stored, trying on", {
          meeting_id: placement.id,
          error: errorText(error),
          request_id: requestID,
        });
        await clock.sleep(LOOK_AGAIN_MS);
      }
    }
  }

  async function moveOn(req: GatewayRequest, placement: Placement, cause: NodeError): Promise<Placement> {
    try {
      return await placements.move(req, placement);
    } catch (error) {
      if (error instanceof AppError && error.code === "no_backend_available") throw failed(placement.id, cause);
      throw error;
    }
  }

  async function release({ requestID }: GatewayRequest, placement: Placement): Promise<void> {
    try {
      await placements.release(placement);
    } catch (error) { // the sweeper will
      deps.log.warn("reservation could not be released", {
        meeting_id: placement.id,
        error: errorText(error),
        request_id: requestID,
      });
    }
  }
}

const failed = (id: ClusterMeetingID, cause: NodeError) =>
  new AppError("node_failed", `No node built meeting "${id}"`, { cause });

/** BBB takes slides as XML whatever the client called them; a form body has become parameters and has no type left. */
const callOptions = (req: GatewayRequest, leftMs: number) => ({
  timeoutMs: Math.min(NODE_MS, leftMs),
  contentType: req.form.size > 0 && req.body.length === 0 ? "" : "application/xml",
});
