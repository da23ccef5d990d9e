// Waits until a node that takes no new meetings has none left, through restarts of the server. Used by `drain`.
import { backendEndpoints, type BackendJson } from "../src/contract/backend.ts";
import { type Answer, type ApiClient, ApiError } from "../src/contract/client.ts";
import { listBackendMeetings, totalPeople } from "./meetings.ts";
import { printable } from "./output.ts";
import { count, durationText } from "./phrases.ts";
import { progress } from "./progress.ts";
import { type Cli, CliError } from "./types.ts";

const LOOK_EVERY_MS = 2000;

export interface Left {
  readonly meetings: number;
  readonly people: number;
}

export const leftText = ({ meetings, people }: Left): string =>
  meetings === 0 ? "no meetings" : `${count(meetings, "meeting")} with ${count(people, "person", "people")}`;

export interface Waiting {
  readonly api: ApiClient;
  readonly backend: Answer<BackendJson>;
  /** For so long at least, since a create may be on its way to the node. */
  readonly settleMs: number;
  readonly timeoutMs: number;
}

/**
 * @returns what is left: nothing, unless the time is over
 * @throws CliError when the node takes meetings again, ApiError when the server is away at the end
 */
export async function waitUntilEmpty(
  { clock, terminal, signal }: Pick<Cli, "clock" | "terminal" | "signal">,
  { api, backend, settleMs, timeoutMs }: Waiting,
): Promise<Left> {
  const line = progress(terminal, clock);
  const startedAt = clock.monotonic();
  let first: Left | undefined;
  let last: Left | undefined;
  try {
    while (true) {
      const passedMs = clock.monotonic() - startedAt;
      const left = await lookAt(api, backend);
      if (left instanceof ApiError) {
        const before = last === undefined ? "" : `, ${leftText(last)} left before`;
        line.show(printable(`${left.message}; waiting on${before}`));
      } else {
        if (left.meetings === 0 && passedMs >= settleMs) return left;
        first ??= left;
        last = left;
        line.show(waitingText(left, { passedMs, settleMs, leaving: first.people - left.people }));
      }
      if (passedMs >= Math.max(timeoutMs, settleMs)) {
        if (left instanceof ApiError) throw left; // nobody knows whether it is empty
        return left;
      }
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    line.end();
  }
}

/** @param leaving people who have left in the time that passed, those who came taken off */
export function waitingText(
  left: Left,
  { passedMs, settleMs, leaving }: { passedMs: number; settleMs: number; leaving: number },
): string {
  if (left.meetings === 0) {
    return `empty; ${durationText((settleMs - passedMs) / 1000)} more, for meetings that were on their way`;
  }
  const aMinute = passedMs < 60_000 ? 0 : Math.round(leaving / (passedMs / 60_000));
  const rate = aMinute < 1 ? "" : `, ${count(aMinute, "person leaves", "people leave")} a minute`;
  return `waiting for ${leftText(left)} since ${durationText(passedMs / 1000)}${rate}`;
}

const NOTHING: Left = { meetings: 0, people: 0 };

/** @returns the error of a server that is away for a moment */
async function lookAt(api: ApiClient, { id, bbb }: Answer<BackendJson>): Promise<Left | ApiError> {
  try {
    const [{ admin_state }, meetings] = await Promise.all([
      api.call(backendEndpoints.show, { params: { id } }),
      listBackendMeetings(api, id),
    ]);
    if (!isDraining(admin_state)) {
      throw new CliError(`somebody has enabled ${bbb.host} meanwhile: it takes new meetings again`);
    }
    return { meetings: meetings.length, people: totalPeople(meetings) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) return NOTHING; // decommissioned, empty and gone
    if (error.status === undefined || error.status >= 500) return error;
    throw error;
  }
}

export const isDraining = (adminState: string): boolean => adminState === "stopped" || adminState === "decommissioned";
