// Claims commands and runs them: claimed → committed → run → finished, so that nothing is locked while a node is slow.
import { errorText } from "../errors.ts";
import { withFields } from "../log.ts";
import { claimCommands, type Command, finishCommand } from "../store/commands.ts";
import { collectGarbage } from "./collect_garbage.ts";
import { decommissionBackend } from "./decommission_backend.ts";
import { endAllMeetings } from "./end_all_meetings.ts";
import type { CommandDeps, CommandHandler } from "./types.ts";
import { updateMeetingState } from "./update_meeting_state.ts";
import { updateNodeState } from "./update_node_state.ts";

/** The five actions of 1.x. Work of our own never enters the queue: a 1.x worker would end it with an error. */
const HANDLERS: Readonly<Record<string, CommandHandler>> = {
  update_node_state: updateNodeState,
  update_meeting_state: updateMeetingState,
  end_all_meetings: endAllMeetings,
  decommission_backend: decommissionBackend,
  collect_garbage: collectGarbage,
};

export interface Worker {
  /** Claims what there are free places for. @returns whether more may be waiting */
  claim(): Promise<boolean>;
  /** Calls back when there is a free place again after there was none. */
  onFree(listener: () => void): void;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

export function createWorker(deps: CommandDeps): Worker {
  const running = new Set<Promise<void>>();
  let freed: () => void = () => {};

  const noteFailure = (message: string, { id, action }: Command, error: unknown) =>
    deps.log.warn(message, { id, action, error: errorText(error), request_id: id });

  async function run(command: Command): Promise<void> {
    const outcome = command.expired ? { state: "error" as const, result: "timedout" } : await attempt(command);
    try {
      await finishCommand(deps.db, command, outcome);
    } catch (error) { // the lease ends, and somebody does it again
      noteFailure("command could not be finished", command, error);
    }
  }

  async function attempt(command: Command): Promise<{ state: "success" | "error"; result: boolean | string }> {
    const handler = Object.hasOwn(HANDLERS, command.action) ? HANDLERS[command.action] : undefined;
    if (handler === undefined) return { state: "error", result: "command unknown" };
    try {
      return { state: "success", result: await handler(inNameOf(command, deps), command.params) };
    } catch (error) {
      noteFailure("command failed", command, error);
      return { state: "error", result: errorText(error) };
    }
  }

  return {
    claim: async () => {
      const free = deps.config.commandWorkers - running.size;
      if (free <= 0) return false; // a place that becomes free asks again
      const commands = await claimCommands(deps.db, free);
      for (const command of commands) {
        const done = run(command).finally(() => {
          const wasFull = running.size >= deps.config.commandWorkers;
          running.delete(done);
          if (wasFull) freed();
        });
        running.add(done);
      }
      return commands.length === free;
    },
    onFree: (listener) => freed = listener,
    idle: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** What a node is asked and what is logged on the way carries the command's id, as a request's would. */
function inNameOf({ id }: Command, deps: CommandDeps): CommandDeps {
  const { nodes, log } = deps;
  return {
    ...deps,
    log: withFields(log, { request_id: id }),
    nodes: {
      call: (node, request) => nodes.call(node, { ...request, headers: { ...request.headers, "x-request-id": id } }),
    },
  };
}
