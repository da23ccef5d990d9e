// The sweeper (design §4): rows whose creator died between reserving a place and storing the node's answer.
import { readAnswer } from "../bbb/answer.ts";
import { NodeError } from "../bbb/client.ts";
import { type Meeting, readMeeting } from "../bbb/meeting.ts";
import { isSuccess } from "../bbb/response.ts";
import { healthOf } from "../cluster/health.ts";
import { findBackend } from "../store/backends.ts";
import type { MeetingRow } from "../store/meetings.ts";
import {
  confirmMeetings,
  deletePendingMeeting,
  listStalePendingMeetings,
  pendingIDOf,
} from "../store/pending_meetings.ts";
import { askMeetingInfo } from "./node_calls.ts";
import type { CommandDeps } from "./types.ts";

/** The node knows the meeting: it is adopted. It does not, or is gone: the row is deleted. No answer: next time. */
export async function resolvePendingMeetings(deps: CommandDeps): Promise<void> {
  const rows = await listStalePendingMeetings(deps.db, deps.config.pendingMeetingSeconds);
  await Promise.all(rows.map((row) => resolve(deps, row))); // a node that hangs keeps nobody else's meetings
}

async function resolve(deps: CommandDeps, row: MeetingRow): Promise<void> {
  const verdict = await askReservedNode(deps, row);
  if (verdict === "unknown") await forget(deps, row);
  else if (verdict !== "no answer") await adopt(deps, row, verdict.backendID, verdict.meeting);
}

type Verdict = "unknown" | "no answer" | { readonly backendID: string; readonly meeting: Meeting };

async function askReservedNode({ db, nodes }: CommandDeps, row: MeetingRow): Promise<Verdict> {
  const backend = row.reserved_backend_id === null ? undefined : await findBackend(db, row.reserved_backend_id);
  if (backend === undefined) return "unknown";
  try {
    const root = readAnswer(await askMeetingInfo(nodes, backend, row.id), "getMeetingInfo");
    return isSuccess(root) ? { backendID: backend.id, meeting: readMeeting(root) } : "unknown";
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return healthOf(backend) === "offline" ? "unknown" : "no answer";
  }
}

async function forget({ db, view, log }: CommandDeps, row: MeetingRow): Promise<void> {
  await deletePendingMeeting(db, row.id, pendingIDOf(row));
  view.forgetMeeting(row.id);
  log.info("a meeting that was never built is forgotten", { meeting_id: row.id });
}

async function adopt(
  { db, view, log }: CommandDeps,
  row: MeetingRow,
  backendID: string,
  meeting: Meeting,
): Promise<void> {
  const pendingID = pendingIDOf(row);
  const adopted = (await confirmMeetings(db, [{ id: row.id, pendingID, backendID, meeting }])).get(pendingID);
  if (adopted === undefined) return;
  view.applyMeeting(adopted);
  log.info("a meeting whose creator died is adopted", { meeting_id: row.id, backend_id: backendID });
}
