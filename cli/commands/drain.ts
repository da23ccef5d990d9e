// `drain`: a node takes no new meetings from now on; on request it waits until the last one is over.
import { backendEndpoints, type BackendJson } from "../../src/contract/backend.ts";
import type { Answer, ApiClient } from "../../src/contract/client.ts";
import { commandEndpoints, END_ALL_MEETINGS } from "../../src/contract/command.ts";
import { backendHosts } from "../complete_values.ts";
import { backendByHost, findBackend } from "../lookup.ts";
import { listBackendMeetings, totalPeople } from "../meetings.ts";
import { durationText, readDuration } from "../phrases.ts";
import { type Report, reportTo } from "../report.ts";
import { type Cli, CliError, type CommandSpec, type Given, NO_CHANGE } from "../types.ts";
import { isDraining, type Left, leftText, waitUntilEmpty } from "../wait_until_empty.ts";

type Backend = Answer<BackendJson>;

/** A create that was on its way to the node when it was stopped has come to its end by then. */
const SETTLE_MS = 10_000;
/** From the command to end all meetings until polls have found that they are gone. */
const END_MS = 180_000;

export const drain: CommandSpec = {
  name: "drain",
  args: "<host>",
  summary: "let a node take no new meetings, and wait until those it has are over",
  complete: backendHosts,
  options: [
    { flags: "--wait", summary: "until no meeting is left; Ctrl-C ends the waiting only" },
    { flags: "--timeout <span>", summary: "wait no longer than that (90s, 30m, 2h, 1h30m), then fail" },
    { flags: "--end-meetings", summary: "end those that are left after --timeout instead" },
  ],
  examples: [
    "b3scalectl drain https://bbb01.example.org/bigbluebutton/api/",
    "b3scalectl drain --wait https://bbb01.example.org/bigbluebutton/api/ && ssh bbb01 reboot",
    "b3scalectl drain --timeout 2h --end-meetings https://bbb01.example.org/bigbluebutton/api/",
    "b3scalectl enable backend https://bbb01.example.org/bigbluebutton/api/     # the way back",
  ],
  async run(cli, given) {
    const [host] = given.args;
    if (host === undefined) throw new CliError("require: <host>");
    const timeoutMs = timeoutOf(given);
    const { api } = await cli.connect();
    const report = reportTo(cli.terminal, given);
    const found = await findBackend(api, host);
    const wasDraining = isDraining(found.admin_state);
    const backend = wasDraining ? found : await api.call(backendEndpoints.update, {
      params: { id: found.id },
      body: { admin_state: "stopped" },
    });
    const meetings = await listBackendMeetings(api, backend.id);
    const left = { meetings: meetings.length, people: totalPeople(meetings) };
    for (const line of intro(backend, wasDraining, left)) report.say(line);
    const waits = timeoutMs !== undefined && !(wasDraining && left.meetings === 0);
    if (waits) await empty(cli, given, { api, backend, report, timeoutMs, settleMs: wasDraining ? 0 : SETTLE_MS });
    report.give(await backendByHost(api, backend.bbb.host) ?? backend); // a decommissioned one may be gone
    return wasDraining && timeoutMs === undefined ? NO_CHANGE : 0; // who waits wants it empty, and it is
  },
};

/** @returns undefined when nobody waits @throws CliError */
function timeoutOf(given: Given): number | undefined {
  const text = given.text("timeout");
  if (text !== undefined) return readDuration(text) * 1000;
  if (given.has("end-meetings")) throw new CliError("--end-meetings needs --timeout, 0s to end them at once");
  return given.has("wait") ? Infinity : undefined;
}

function intro({ bbb, admin_state }: Backend, wasDraining: boolean, left: Left): string[] {
  return [
    `${bbb.host} is ${wasDraining ? "already " : ""}${admin_state}: it takes no new meetings`,
    `still on it: ${leftText(left)}${left.meetings === 0 ? "" : ", more people may join"}`,
    admin_state === "decommissioned"
      ? "once empty it is removed"
      : `to take it back: b3scalectl enable backend ${bbb.host}`,
  ];
}

interface Emptying {
  readonly api: ApiClient;
  readonly backend: Backend;
  readonly report: Report;
  readonly timeoutMs: number;
  readonly settleMs: number;
}

/** @throws CliError when meetings are left */
async function empty(cli: Cli, given: Given, { report, ...waiting }: Emptying): Promise<void> {
  const { api, backend: { id, bbb, admin_state }, timeoutMs } = waiting;
  const startedAt = cli.clock.monotonic();
  const passed = () => durationText((cli.clock.monotonic() - startedAt) / 1000);
  try {
    let left = await waitUntilEmpty(cli, waiting);
    if (left.meetings > 0 && given.has("end-meetings")) {
      report.say(`ending ${leftText(left)} on ${bbb.host}`);
      await api.call(commandEndpoints.create, { body: { action: END_ALL_MEETINGS, params: { BackendID: id } } });
      left = await waitUntilEmpty(cli, { ...waiting, settleMs: 0, timeoutMs: END_MS });
      if (left.meetings > 0) {
        throw new CliError(`${leftText(left)} did not end on ${bbb.host}: b3scalectl show commands may say why`);
      }
    }
    if (left.meetings > 0) {
      throw new CliError(
        `${leftText(left)} left on ${bbb.host} after ${durationText(timeoutMs / 1000)}; it stays ${admin_state}`,
      );
    }
    report.say(`${bbb.host} is empty after ${passed()}`);
  } catch (error) {
    if (cli.signal.aborted) report.say(`no longer waiting; ${bbb.host} stays ${admin_state}`);
    throw error;
  }
}
