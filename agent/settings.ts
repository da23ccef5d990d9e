// What the environment tells the agent, and the error that ends it. Used by main.ts and whatever may be fatal.
import { unknownSettings } from "../src/config.ts";
import { type Env, type Findings, readSetting, textOf } from "../src/lib/read_setting.ts";
import type { LogFields } from "../src/log.ts";
import { SETTINGS } from "../src/settings.ts";

export interface AgentSettings {
  /** As given; "" = not set. */
  readonly apiUrl: string;
  /** "" = not set. */
  readonly token: string;
  readonly loadFactor: number;
  /** Why the load factor is not the given one; undefined when it is. */
  readonly loadFactorProblem: string | undefined;
  /** Where BBB keeps the node's settings. */
  readonly propertiesFile: string;
  /** Of other settings that are not used as given. */
  readonly warnings: readonly string[];
}

/** The agent cannot go on: its message and fields become the last line of the log. */
export class FatalError extends Error {
  override name = "FatalError";
  constructor(message: string, readonly fields: LogFields = {}) {
    super(message);
  }
}

export function readSettings(env: Env): AgentSettings {
  const findings: Findings = { problems: [], warnings: [] };
  const loadFactor = readSetting(env, SETTINGS.loadFactor, findings);
  const [loadFactorProblem] = findings.warnings;
  return {
    apiUrl: textOf(env, SETTINGS.apiUrl),
    token: textOf(env, SETTINGS.accessToken),
    loadFactor,
    loadFactorProblem,
    propertiesFile: readSetting(env, SETTINGS.propertiesFile, findings),
    warnings: unknownSettings(env),
  };
}

/** What fits into a header: `fetch` would quote anything else in its error, the whole token. */
export const isSendable = (token: string): boolean => /^[!-~]+$/.test(token);

/** @throws FatalError when there is nobody to talk to, or nothing to say who we are */
export function requireAccess({ apiUrl, token }: AgentSettings): void {
  if (apiUrl === "") {
    throw new FatalError("B3SCALE_API_URL is not configured", { hint: "set it to the URL of b3scaled" });
  }
  const hint = "create one with: b3scalectl auth authorize_node_agent";
  if (token === "") throw new FatalError("B3SCALE_API_ACCESS_TOKEN is not configured", { hint });
  if (!isSendable(token)) throw new FatalError("B3SCALE_API_ACCESS_TOKEN has characters that no token has", { hint });
}
