// Ends every meeting of a backend; one that cannot be ended does not keep the others.
import { NodeError } from "../bbb/client.ts";
import { readAnswer } from "../bbb/answer.ts";
import { isSuccess, messageKeyOf } from "../bbb/response.ts";
import { type Backend, findBackend } from "../store/backends.ts";
import { requestPoll } from "../store/backend_health.ts";
import { listBackendMeetings, type MeetingRow } from "../store/meetings.ts";
import { endMeeting } from "./node_calls.ts";
import { type CommandDeps, type CommandHandler, textParam } from "./types.ts";

export const endAllMeetings: CommandHandler = async (deps, params) => {
  const id = textParam(params, "BackendID");
  const backend = await findBackend(deps.db, id);
  if (backend === undefined) throw new Error(`no such backend: ${id}`);
  const rows = await listBackendMeetings(deps.db, id);
  const failures: string[] = [];
  for (const row of rows) {
    const failure = await endOne(deps, backend, row);
    if (failure !== undefined) failures.push(failure);
  }
  await requestPoll(deps.db, id); // the rows go when the node no longer lists them
  if (failures.length > 0) throw new Error(`end meeting failed: ${[...new Set(failures)].join(", ")}`);
  return true;
};

/** @returns why it could not be ended */
async function endOne({ nodes }: CommandDeps, backend: Backend, row: MeetingRow): Promise<string | undefined> {
  try {
    const root = readAnswer(await endMeeting(nodes, backend, row.id, row.meeting.moderatorPW), "end");
    return isSuccess(root) || messageKeyOf(root) === "notFound" ? undefined : messageKeyOf(root);
  } catch (error) {
    if (error instanceof NodeError) return error.message;
    throw error;
  }
}
