// Whether the controller keeps up with its queue. Pure.
import type { Answer } from "../../src/contract/client.ts";
import type { CommandJson } from "../../src/contract/command.ts";
import { count, durationText, withoutUrls } from "../phrases.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

type Command = Answer<CommandJson>;

/** Workers look each second. */
const WAIT_SECONDS = 15;
/** A worker that has not finished by then is dead, and another takes over. */
const RUN_SECONDS = 75;

/** @param now the server's time, milliseconds since 1970 */
export function queueChecks(commands: readonly Command[], now: number): Check[] {
  const age = (at: string | null) => at === null ? 0 : (now - Date.parse(at)) / 1000;
  const waiting = commands.filter(({ state, created_at }) => state === "requested" && age(created_at) > WAIT_SECONDS);
  const running = commands.filter(({ state, started_at }) => state === "running" && age(started_at) > RUN_SECONDS);
  const findings: Finding[] = [];
  if (waiting.length > 0) {
    const oldest = Math.max(...waiting.map(({ created_at }) => age(created_at)));
    findings.push(problem(
      `waiting in the queue: ${count(waiting.length, "command")}, the oldest for ${durationText(oldest)}`,
      "look into the log of b3scaled; where nothing fails, raise its B3SCALE_CMD_WORKER_POOL_SIZE",
    ));
  }
  if (running.length > 0) {
    const oldest = Math.max(...running.map(({ started_at }) => age(started_at)));
    findings.push(problem(
      `running in the queue: ${count(running.length, "command")}, the oldest for ${durationText(oldest)}`,
      "look into the log of b3scaled, and restart it if it does nothing",
    ));
  }
  findings.push(...failures(commands));
  if (findings.length === 0) findings.push(ok(`the queue keeps up (${count(commands.length, "command")} lately)`));
  return findings.map((finding) => ({ check: "queue", ...finding }));
}

/** Commands vanish after three minutes: these are recent ones. */
function failures(commands: readonly Command[]): Finding[] {
  const byAction = Map.groupBy(commands.filter(({ state }) => state === "error"), ({ action }) => action);
  return [...byAction].map(([action, failed]) => {
    const result = failed.at(-1)?.result;
    const reason = typeof result === "string" ? result : JSON.stringify(result ?? null);
    const message = `failed in the queue: ${failed.length} × ${action}: ${withoutUrls(reason)}`;
    return warning(message, "run b3scalectl show commands, and look into the log of b3scaled");
  });
}
