// A node's list of meetings against the cluster's: changed rows are written, missing ones deleted, strays ended or adopted.
import { isDeepStrictEqual } from "node:util";
import { NodeError } from "../bbb/client.ts";
import type { Meeting } from "../bbb/meeting.ts";
import { attendeesCount } from "../bbb/meeting.ts";
import { mergeMeeting } from "../bbb/merge_meeting.ts";
import { healthOf } from "../cluster/health.ts";
import { type ClusterMeetingID, MAX_CLUSTER_MEETING_ID, readMeetingID } from "../contract/meeting_id.ts";
import type { Backend } from "../store/backends.ts";
import { recordGoodPoll } from "../store/backend_health.ts";
import { listEndedMeetings } from "../store/ended_meetings.ts";
import { touchFrontendMeeting } from "../store/frontend_meetings.ts";
import { listMeetingsByID } from "../store/meetings.ts";
import { deleteMissingMeetings, type PolledMeeting, savePolledMeetings } from "../store/polled_meetings.ts";
import { raiseRoomPeaks } from "../store/room_peaks.ts";
import { endMeeting } from "./node_calls.ts";
import type { CommandDeps } from "./types.ts";

export interface Poll {
  readonly meetings: readonly Meeting[];
  /** False when some could not be read: then nothing is deleted. */
  readonly complete: boolean;
  /** On the monotonic clock. */
  readonly askedAt: number;
  readonly latencyMs: number;
  readonly nextPollMs: number;
}

export async function savePoll(deps: CommandDeps, backend: Backend, answered: Poll): Promise<void> {
  const { db, view, clock, metrics } = deps;
  const poll = { ...answered, meetings: answered.meetings.filter(isStorable) };
  const changed = await withFrontends(deps, changedMeetings(deps, backend, poll.meetings));
  const gone = await goneBackends(deps);
  const outcome = await db.begin(async (tx) => {
    const asked = { backendID: backend.id, askedAgoMs: clock.monotonic() - poll.askedAt };
    const over = await listEndedMeetings(tx, changed.map(({ meeting }) => meeting.internalMeetingID));
    const meetings = changed.filter(({ meeting }) => !over.has(meeting.internalMeetingID));
    const { saved, elsewhere } = await savePolledMeetings(tx, { ...asked, meetings, mayTakeFrom: gone });
    const internalIDs = poll.meetings.map((meeting) => meeting.internalMeetingID);
    const deleted = poll.complete ? await deleteMissingMeetings(tx, { ...asked, internalIDs }) : [];
    const rows = saved.length === 0 ? [] : await listMeetingsByID(tx, saved);
    const owned = rows.flatMap((row) => row.frontend_id === null ? [] : [{ ...row, frontend_id: row.frontend_id }]);
    for (const row of owned) await touchFrontendMeeting(tx, row.frontend_id, row.id);
    await raiseRoomPeaks(
      tx,
      owned.map((row) => ({
        frontend_id: row.frontend_id,
        meeting_id: row.id,
        attendees: attendeesCount(row.meeting),
      })).filter(({ attendees }) => attendees > 0),
    );
    await recordGoodPoll(tx, { ...asked, latencyMs: poll.latencyMs, nextPollMs: poll.nextPollMs });
    return { rows, deleted, elsewhere, over };
  });
  for (const row of outcome.rows) view.applyMeeting(row);
  for (const meeting of outcome.deleted) {
    view.forgetMeeting(meeting.id);
    metrics.meetingEnded(meeting);
  }
  const zombies = await zombiesOf(deps, outcome.elsewhere.filter(({ reserved }) => reserved !== backend.id));
  await endMeetings(
    deps,
    backend,
    poll.meetings.filter(({ meetingID }) => zombies.has(meetingID)),
    "it lives elsewhere",
  );
  const unheard = poll.meetings.filter((meeting) => outcome.over.has(meeting.internalMeetingID));
  await endMeetings(deps, backend, unheard.filter((meeting) => !meeting.hasBeenForciblyEnded), "its frontend ended it");
}

/** BBB takes ids of 256 characters from who calls a node directly; one that no row can hold must not fail the poll. */
const isStorable = ({ meetingID, internalMeetingID }: Meeting): boolean =>
  [meetingID, internalMeetingID].every((id) => id !== "" && id.length <= MAX_CLUSTER_MEETING_ID && !id.includes("\0"));

/** Those that differ from what the view holds; all of them while it holds nothing that can be trusted. */
function changedMeetings({ view }: CommandDeps, backend: Backend, meetings: readonly Meeting[]): readonly Meeting[] {
  const held = view.heldMeetings(backend.id);
  if (held === undefined) return meetings;
  return meetings.filter((meeting) => {
    const row = held.get(meeting.meetingID);
    return row === undefined || row.frontend_id === null || row.internal_id !== meeting.internalMeetingID ||
      !isDeepStrictEqual(mergeMeeting(row.meeting, meeting, false), row.meeting);
  });
}

/** The frontend that an id names, so that a meeting we have no row of finds its owner. */
async function withFrontends({ view }: CommandDeps, meetings: readonly Meeting[]): Promise<PolledMeeting[]> {
  return await Promise.all(meetings.map(async (meeting) => {
    const key = readMeetingID(meeting.meetingID)?.frontendKey;
    const frontend = key === undefined ? undefined : await view.findFrontend(key);
    return { meeting, frontend_id: frontend?.id ?? null };
  }));
}

/** Backends whose meetings another node may take: they are offline or no longer there. */
async function goneBackends({ view }: CommandDeps): Promise<(id: string) => boolean> {
  const served = new Set(
    (await view.listBackends()).filter((backend) => healthOf(backend) !== "offline").map(({ id }) => id),
  );
  return (id) => !served.has(id);
}

/** Copies of meetings that were built elsewhere while this node was away; the row keeps its healthy backend. */
async function zombiesOf(
  { view }: CommandDeps,
  strays: readonly { id: ClusterMeetingID; backend_id: string }[],
): Promise<ReadonlySet<string>> {
  const owners = await Promise.all(strays.map(({ backend_id }) => view.findBackend(backend_id)));
  return new Set(
    strays.filter((_, index) => {
      const owner = owners[index];
      return owner !== undefined && healthOf(owner) === "available";
    }).map(({ id }) => id),
  );
}

/** With the password in the node's own list. One that does not end now is met again by the next poll. */
async function endMeetings(
  { nodes, log }: CommandDeps,
  backend: Backend,
  meetings: readonly Meeting[],
  reason: string,
): Promise<void> {
  for (const { meetingID, moderatorPW } of meetings) {
    const fields = { meeting_id: meetingID, backend_id: backend.id, host: backend.host, reason };
    try {
      await endMeeting(nodes, backend, meetingID, moderatorPW);
      log.info("a meeting was ended on a node", fields);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      log.warn("a meeting could not be ended on a node, the next poll tries again", {
        ...fields,
        error: error.message,
      });
    }
  }
}
