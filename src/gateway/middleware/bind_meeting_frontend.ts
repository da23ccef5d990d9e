// Finds the meeting that a request names, once for the whole chain, and gives an unclaimed one to the frontend that asks.
import { isRecordingResource, MEETING_ID } from "../../bbb/resources.ts";
import type { Deps } from "../../deps.ts";
import { AppError } from "../../errors.ts";
import { touchFrontendMeeting } from "../../store/frontend_meetings.ts";
import { bindMeetingFrontend as bindRow, findMeeting, isPending, type MeetingRow } from "../../store/meetings.ts";
import type { GatewayMiddleware } from "../types.ts";

/** @throws meeting_id_taken on create; elsewhere a meeting of another frontend is unknown */
export function bindMeetingFrontend({ db, view }: Pick<Deps, "db" | "view">): GatewayMiddleware {
  /** A row that no frontend has claimed: the poll found it on a node. */
  async function claim(row: MeetingRow, frontendID: string): Promise<MeetingRow | undefined> {
    const bound = await db.begin(async (tx) => {
      if (!await bindRow(tx, row.id, frontendID)) return undefined;
      await touchFrontendMeeting(tx, frontendID, row.id);
      return await findMeeting(tx, row.id);
    });
    if (bound !== undefined) view.applyMeeting(bound);
    return bound ?? await findMeeting(db, row.id);
  }

  return async (req, next) => {
    const id = req.params.get(MEETING_ID) ?? "";
    if (id === "" || id.includes(",") || isRecordingResource(req.resource)) return await next(req);
    const found = await view.findAnyMeeting(id);
    const row = found?.frontend_id === null ? await claim(found, req.frontend.id) : found;
    if (row === undefined) return await next(req);
    if (row.frontend_id !== req.frontend.id) {
      if (req.resource === "create") throw new AppError("meeting_id_taken", `Meeting "${id}" is another frontend's`);
      return await next(req);
    }
    return await next(isPending(row) ? req : { ...req, meeting: row });
  };
}
