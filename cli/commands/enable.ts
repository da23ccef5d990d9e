// `enable` and `disable`: whether a node takes new meetings, and whether a tenant is served.
import { backendEndpoints } from "../../src/contract/backend.ts";
import { frontendEndpoints } from "../../src/contract/frontend.ts";
import { backendHosts, frontendKeys } from "../complete_values.ts";
import { findBackend, findFrontend, normalizeHost } from "../lookup.ts";
import { change, reportTo } from "../report.ts";
import { CliError, type CommandSpec } from "../types.ts";

interface Direction {
  readonly verb: "enable" | "disable";
  readonly active: boolean;
  readonly admin_state: "ready" | "stopped";
  readonly backendSummary: string;
  readonly frontendSummary: string;
}

const switchBackend = ({ admin_state, backendSummary }: Direction): CommandSpec => ({
  name: "backend",
  summary: backendSummary,
  args: "<host>",
  complete: backendHosts,
  async run({ connect, terminal }, given) {
    const [host] = given.args;
    if (host === undefined) throw new CliError("require: <host>");
    const normalized = normalizeHost(host);
    const { api } = await connect();
    const existing = await findBackend(api, normalized);
    return await change(reportTo(terminal, given), given, {
      existing,
      differs: existing.admin_state !== admin_state,
      write: () => api.call(backendEndpoints.update, { params: { id: existing.id }, body: { admin_state } }),
      done: "updated backend admin state",
      skipped: "skipping backend admin state update",
    });
  },
});

const switchFrontend = ({ verb, active, frontendSummary }: Direction): CommandSpec => ({
  name: "frontend",
  summary: frontendSummary,
  args: "<key>",
  complete: frontendKeys,
  async run({ connect, terminal }, given) {
    const [key] = given.args;
    if (key === undefined) throw new CliError(`need frontend key for ${verb}`);
    const { api } = await connect();
    const existing = await findFrontend(api, key);
    return await change(reportTo(terminal, given), given, {
      existing,
      differs: existing.active !== active,
      write: () => api.call(frontendEndpoints.update, { params: { id: existing.id }, body: { active } }),
      done: `${verb} frontend: ${existing.id}`,
      skipped: `skipping ${verb} (dry)`,
    });
  },
});

const DRY = { flags: "--dry", summary: "only say what would be done" };

const enabling: Direction = {
  verb: "enable",
  active: true,
  admin_state: "ready",
  backendSummary: "let a node take new meetings",
  frontendSummary: "serve a tenant again",
};

const disabling: Direction = {
  verb: "disable",
  active: false,
  admin_state: "stopped",
  backendSummary: "keep new meetings from a node; those there go on",
  frontendSummary: "serve a tenant no longer",
};

export const enable: CommandSpec = {
  name: "enable",
  aliases: ["en", "start"],
  summary: "let nodes take meetings and serve tenants",
  options: [DRY],
  commands: [switchBackend(enabling), switchFrontend(enabling)],
};

export const disable: CommandSpec = {
  name: "disable",
  aliases: ["dis", "stop"],
  summary: "the opposite of enable",
  options: [DRY],
  commands: [switchBackend(disabling), switchFrontend(disabling)],
};
