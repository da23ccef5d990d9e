// One meeting, asked of its node.
import { readAnswer } from "../bbb/answer.ts";
import { readMeeting } from "../bbb/meeting.ts";
import { isSuccess, messageKeyOf } from "../bbb/response.ts";
import { findBackend } from "../store/backends.ts";
import { deleteMeeting, findMeeting } from "../store/meetings.ts";
import { savePolledMeetings } from "../store/polled_meetings.ts";
import { askMeetingInfo } from "./node_calls.ts";
import { type CommandHandler, textParam } from "./types.ts";

/** A row that was compared so recently is left alone. */
const FRESH_MS = 15_000;

export const updateMeetingState: CommandHandler = async ({ db, view, nodes, clock, metrics }, params) => {
  const row = await findMeeting(db, textParam(params, "ID"));
  const backend = row?.backend_id ? await findBackend(db, row.backend_id) : undefined;
  const syncedAgoMs = row === undefined
    ? 0
    : row.ageSeconds * 1000 - (row.synced_at.getTime() - row.created_at.getTime());
  if (row === undefined || backend === undefined || syncedAgoMs < FRESH_MS) return false;
  const askedAt = clock.monotonic();
  const root = readAnswer(await askMeetingInfo(nodes, backend, row.id), "getMeetingInfo");
  if (!isSuccess(root) && messageKeyOf(root) !== "notFound") {
    throw new Error(`getMeetingInfo failed: ${messageKeyOf(root)}`);
  }
  if (!isSuccess(root)) {
    const ended = await deleteMeeting(db, row.id, backend.id);
    if (ended !== undefined) metrics.meetingEnded(ended);
    view.forgetMeeting(row.id);
    return true;
  }
  const saved = await db.begin(async (tx) => {
    const meetings = [{ meeting: readMeeting(root), frontend_id: row.frontend_id }];
    const askedAgoMs = clock.monotonic() - askedAt;
    await savePolledMeetings(tx, { backendID: backend.id, askedAgoMs, meetings, mayTakeFrom: () => false });
    return await findMeeting(tx, row.id);
  });
  if (saved !== undefined) view.applyMeeting(saved);
  return true;
};
