// A node's answer about one meeting, into its row and the view. The request is answered even when this fails.
import { isDeepStrictEqual } from "node:util";
import type { Meeting } from "../bbb/meeting.ts";
import { mergeMeeting } from "../bbb/merge_meeting.ts";
import type { Db, Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import { findMeeting, type MeetingRow, updateMeeting } from "../store/meetings.ts";
import { savePolledMeetings } from "../store/polled_meetings.ts";

type SaveDeps = Pick<Deps, "db" | "view" | "log">;

/**
 * getMeetingInfo says everything: the row follows, but for what changed after the node was asked.
 * @param askedAt on the monotonic clock
 */
export async function saveMeetingInfo(
  deps: SaveDeps & Pick<Deps, "clock">,
  row: MeetingRow,
  meeting: Meeting,
  askedAt: number,
): Promise<void> {
  const { backend_id } = row;
  if (backend_id === null || isDeepStrictEqual(mergeMeeting(row.meeting, meeting, false), row.meeting)) return;
  await save(deps, row, async (tx) => {
    const meetings = [{ meeting, frontend_id: row.frontend_id }];
    const askedAgoMs = deps.clock.monotonic() - askedAt; // measured here: a connection may have been waited for
    await savePolledMeetings(tx, { backendID: backend_id, askedAgoMs, meetings, mayTakeFrom: () => false });
  });
}

/**
 * create says no people and no name, so only another session than the stored one counts; and none that was built while
 * the meeting moved elsewhere: the next poll ends that copy.
 */
export async function saveAnsweredCreate(
  deps: SaveDeps,
  row: MeetingRow,
  backendID: string,
  meeting: Meeting,
): Promise<void> {
  if (meeting.internalMeetingID === row.internal_id || meeting.internalMeetingID === "") return;
  await save(deps, row, (tx) => updateMeeting(tx, { id: row.id, backendID, meeting, whileOn: backendID }));
}

async function save({ db, view, log }: SaveDeps, row: MeetingRow, write: (tx: Db) => Promise<void>): Promise<void> {
  try {
    const saved = await db.begin(async (tx) => {
      await write(tx);
      return await findMeeting(tx, row.id);
    });
    if (saved !== undefined) view.applyMeeting(saved);
  } catch (error) {
    log.warn("a node's answer could not be stored", { meeting_id: row.id, error: errorText(error) });
  }
}
