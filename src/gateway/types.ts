// The request as it goes down the chain, and the shapes of what stands in the chain.
import type { BbbRequest } from "../bbb/request.ts";
import { MEETING_ID } from "../bbb/resources.ts";
import type { BbbResponse } from "../bbb/response.ts";
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import { AppError } from "../errors.ts";
import type { Handler, Middleware } from "../lib/chain.ts";
import type { Frontend } from "../store/frontends.ts";
import type { MeetingRow } from "../store/meetings.ts";

export interface GatewayRequest extends BbbRequest {
  readonly frontend: Frontend;
  /** Path and query as they arrived: where the retry page leads back to. */
  readonly target: string;
  readonly accept: string;
  readonly userAgent: string;
  readonly requestID: string;
  /** The frontend's meeting that `meetingID` names, bound or not; undefined for none, and for lists of ids. */
  readonly meeting?: MeetingRow;
}

export type GatewayHandler = Handler<GatewayRequest, BbbResponse>;
export type GatewayMiddleware = Middleware<GatewayRequest, BbbResponse>;

/** The request with one parameter set. */
export const withParam = (req: GatewayRequest, name: string, value: string): GatewayRequest => ({
  ...req,
  params: new Map(req.params).set(name, value),
});

/** Parts of a list with commas; blanks around them and empty ones do not count (bbb-api §4.1). */
export const splitList = (text: string): string[] =>
  text.split(",").map((part) => part.trim()).filter((part) => part !== "");

/** Whether a person's browser waits for the answer; `redirect=false` asks for XML. */
export const wantsPage = (req: Pick<GatewayRequest, "resource" | "accept" | "params">): boolean =>
  req.resource === "join" && req.params.get("redirect") !== "false" && req.accept.includes("text/html");

/** @throws missing_meeting_id; an empty id is none, as for BBB */
export function meetingIDOf(req: GatewayRequest): ClusterMeetingID {
  const id = req.params.get(MEETING_ID) ?? "";
  if (id === "") throw new AppError("missing_meeting_id", `Parameter "${MEETING_ID}" is missing`);
  return id as ClusterMeetingID;
}
