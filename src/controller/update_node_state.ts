// The poll of one node (design §6): how it is, and which meetings it has.
import { type NodeAnswer, NodeError } from "../bbb/client.ts";
import type { Meeting } from "../bbb/meeting.ts";
import { type MeetingList, readMeetingBlock, readMeetingList } from "../bbb/meeting_list.ts";
import { isSuccess, messageKeyOf } from "../bbb/response.ts";
import { childText, XmlError } from "../bbb/xml.ts";
import { hasLiveAgent, healthOf } from "../cluster/health.ts";
import type { Backend } from "../store/backends.ts";
import { findBackend } from "../store/backends.ts";
import {
  OFFLINE_AFTER_FAILED_POLLS,
  postponePoll,
  recordFailedPoll,
  recordRefusedPoll,
} from "../store/backend_health.ts";
import { deleteBackendMeetings } from "../store/meetings.ts";
import { askMeetings } from "./node_calls.ts";
import { savePoll } from "./save_poll.ts";
import { type CommandDeps, type CommandHandler, textParam } from "./types.ts";

const POLL_MS = 5000;
/** A node that is known to be gone is not waited for. */
const OFFLINE_POLL_MS = 1000;

/** Seconds between polls, before jitter. */
export const AGENTLESS_SECONDS = 10;
export const AGENT_SECONDS = 20;
const UNSTABLE_MS = 2000;
/** Bytes that are parsed before other requests get their turn: the parser manages 14 MB/s. */
const SLICE_BYTES = 64 * 1024;

export const updateNodeState: CommandHandler = async (deps, params) => {
  const id = textParam(params, "ID");
  const backend = await findBackend(deps.db, id);
  if (backend === undefined) throw new Error(`backend not found: ${id}`);
  const askedAt = deps.clock.monotonic();
  let answer: NodeAnswer;
  try {
    answer = await askMeetings(deps.nodes, backend, healthOf(backend) === "offline" ? OFFLINE_POLL_MS : POLL_MS);
    if (answer.status < 200 || answer.status > 299) throw new NodeError("status", "getMeetings", String(answer.status));
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    await noteFailedPoll(deps, backend, error.message);
    return true;
  }
  const nextPollMs = jitter(deps, (hasLiveAgent(backend) ? AGENT_SECONDS : AGENTLESS_SECONDS) * 1000);
  const list = readList(answer);
  if (list === undefined) {
    deps.log.warn("a node's list of meetings cannot be read", { backend_id: id, host: backend.host });
    await postponePoll(deps.db, { backendID: id, nextPollMs });
  } else if (!isSuccess(list.envelope)) {
    const reason = `${messageKeyOf(list.envelope)}: ${childText(list.envelope, "message")}`;
    deps.log.warn("node refuses to be polled", { backend_id: id, host: backend.host, error: reason });
    await deps.db.begin((tx) => recordRefusedPoll(tx, { backendID: id, reason, nextPollMs }));
  } else {
    const meetings = await readBlocks(deps, list.blocks);
    if (meetings.length < list.blocks.length) {
      deps.log.warn("some meetings of a node cannot be read", {
        backend_id: id,
        host: backend.host,
        count: list.blocks.length - meetings.length,
      });
    }
    await savePoll(deps, backend, {
      meetings,
      complete: meetings.length === list.blocks.length,
      askedAt,
      latencyMs: answer.latencyMs,
      nextPollMs,
    });
  }
  return true;
};

/** The third failure in a row releases the node's meetings: the next create builds them elsewhere. */
async function noteFailedPoll(deps: CommandDeps, backend: Backend, reason: string): Promise<void> {
  const { released, failedPolls } = await deps.db.begin(async (tx) => {
    const failedPolls = await recordFailedPoll(tx, {
      backendID: backend.id,
      reason,
      nextPollMs: (count) => count < OFFLINE_AFTER_FAILED_POLLS ? UNSTABLE_MS : jitter(deps, AGENTLESS_SECONDS * 1000),
    });
    const released = failedPolls >= OFFLINE_AFTER_FAILED_POLLS ? await deleteBackendMeetings(tx, backend.id) : [];
    return { released, failedPolls };
  });
  for (const meeting of released) {
    deps.view.forgetMeeting(meeting.id);
    deps.metrics.meetingEnded(meeting);
  }
  if (failedPolls <= OFFLINE_AFTER_FAILED_POLLS) {
    const fields = { backend_id: backend.id, host: backend.host, error: reason, failed_polls: failedPolls };
    deps.log.warn("poll of a node failed", { ...fields, released: released.length });
  }
}

/** ± 10 %, so that nodes registered together are not polled together for ever. */
const jitter = ({ random }: Pick<CommandDeps, "random">, ms: number): number => ms * (0.9 + random() * 0.2);

function readList(answer: NodeAnswer): MeetingList | undefined {
  try {
    const list = readMeetingList(new TextDecoder().decode(answer.body));
    return childText(list.envelope, "returncode") === "" ? undefined : list;
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

async function readBlocks({ clock }: Pick<CommandDeps, "clock">, blocks: readonly string[]): Promise<Meeting[]> {
  const meetings: Meeting[] = [];
  let parsed = 0;
  for (const block of blocks) {
    const meeting = readMeetingBlock(block);
    if (meeting !== undefined) meetings.push(meeting);
    parsed += block.length;
    if (parsed < SLICE_BYTES) continue;
    parsed = 0;
    await clock.sleep(0);
  }
  return meetings;
}
