// `end meetings`: gives the command to end all meetings of a node and waits until it was carried out.
import { type ApiClient, ApiError } from "../../src/contract/client.ts";
import { commandEndpoints, type CommandJson, END_ALL_MEETINGS } from "../../src/contract/command.ts";
import { backendHosts } from "../complete_values.ts";
import { findBackend } from "../lookup.ts";
import { reportTo } from "../report.ts";
import { type Cli, CliError, type CommandSpec } from "../types.ts";

const POLL_EVERY_MS = 500;
/** What servers give a command. */
const USUAL_DEADLINE_MS = 120_000;

const meetings: CommandSpec = {
  name: "meetings",
  summary: "end all meetings of a node",
  args: "<host>",
  complete: backendHosts,
  async run(cli, given) {
    const [host] = given.args;
    if (host === undefined) throw new CliError("require: <host>");
    const { api } = await cli.connect();
    const backend = await findBackend(api, host, "no such backend");
    const { say, give } = reportTo(cli.terminal, given);
    say(`Dispatch: ${END_ALL_MEETINGS} map[BackendID:${backend.id}]`); // as 1.x writes it
    const { id } = await api.call(commandEndpoints.create, {
      body: { action: END_ALL_MEETINGS, params: { BackendID: backend.id } },
    });
    const command = await finished(cli, api, say, id).finally(() => cli.terminal.update?.(""));
    say(`Result: ${typeof command.result === "string" ? command.result : JSON.stringify(command.result)}`);
    give(command);
    return command.state === "success" ? 0 : 1;
  },
};

/** @throws CliError when nobody has finished it at its deadline */
async function finished(
  { clock, terminal, signal }: Cli,
  api: ApiClient,
  say: (line: string) => void,
  id: string,
): Promise<CommandJson> {
  const startedAt = clock.monotonic();
  let deadlineMs = USUAL_DEADLINE_MS;
  let state = "";
  let problem = "nobody has taken it from the queue; does a b3scaled run, and is its database reachable?";
  while (true) {
    const command = await lookAt(api, id, signal);
    const passedMs = clock.monotonic() - startedAt;
    if (command instanceof ApiError) {
      problem = command.message;
    } else {
      if (command.state !== state) {
        terminal.update?.("");
        say(`State: ${command.state}`);
      }
      state = command.state;
      if (state === "success" || state === "error") return command;
      if (state === "running") problem = "it is still running: look at the meetings again later";
      deadlineMs = deadlineOf(command);
    }
    if (passedMs >= deadlineMs) {
      throw new CliError(`the command was not finished within ${Math.round(deadlineMs / 1000)} s: ${problem}`);
    }
    terminal.update?.(`waiting for the node's meetings to end: ${Math.round(passedMs / 1000)} s`);
    await clock.sleep(POLL_EVERY_MS, signal);
  }
}

/** @returns the error of a server that is away for a moment */
async function lookAt(api: ApiClient, id: string, signal: AbortSignal): Promise<CommandJson | ApiError> {
  try {
    return await api.call(commandEndpoints.show, { params: { id }, signal });
  } catch (error) {
    if (error instanceof ApiError && (error.status === undefined || error.status >= 500)) return error;
    throw error;
  }
}

/** How long it may take by the server's clock, which need not be ours. */
function deadlineOf({ created_at, deadline }: CommandJson): number {
  const ms = Date.parse(deadline) - Date.parse(created_at);
  return ms > 0 ? ms : USUAL_DEADLINE_MS;
}

export const end: CommandSpec = {
  name: "end",
  summary: "end meetings",
  commands: [meetings],
};
