// Callbacks that could not be delivered, and why: refused targets first. Pure but for the one question.
import { callbackEndpoints, type CallbackJson } from "../../src/contract/callback.ts";
import { type Answer, type ApiClient, ApiError } from "../../src/contract/client.ts";
import { count } from "../phrases.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

type Callback = Answer<CallbackJson>;

const MOST_HOSTS = 10;
const SHOW = "look at b3scalectl show callbacks --state dead";

/** A 1.x server has no list of them. @throws ApiError */
export async function deadLetterChecks(api: ApiClient): Promise<Check[]> {
  try {
    return deadLetterFindings(await api.call(callbackEndpoints.list, { query: { state: "dead" } }))
      .map((finding) => ({ check: "callback", ...finding }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

export function deadLetterFindings(dead: readonly Callback[]): Finding[] {
  if (dead.length === 0) return [ok("no callback was given up")];
  const refused = Map.groupBy(dead.filter(({ reason }) => reason === "refused"), ({ target }) => target);
  const findings = [...refused].slice(0, MOST_HOSTS).map(([target, callbacks]) => {
    const host = URL.parse(target)?.hostname ?? target;
    const hint = `add ${host} or its network to B3SCALE_CALLBACK_ALLOW of b3scaled, restart it, and run b3scalectl ` +
      "retry callback --all";
    const error = callbacks[0]?.last_error ?? "";
    return problem(`${count(callbacks.length, "callback")} to ${target} refused: ${error}`, hint);
  });
  if (refused.size > MOST_HOSTS) findings.push(problem(`${refused.size - MOST_HOSTS} more hosts are refused`, SHOW));
  const others = Map.groupBy(dead.filter(({ reason }) => reason !== "refused"), ({ last_error }) => last_error ?? "");
  for (const [error, callbacks] of [...others].slice(0, MOST_HOSTS)) {
    const targets = new Set(callbacks.map(({ target }) => target));
    const where = targets.size === 1 ? [...targets][0] : count(targets.size, "host");
    findings.push(warning(`${count(callbacks.length, "callback")} to ${where} given up: ${error}`, SHOW));
  }
  return findings;
}
