// `delete`: nodes, tenants and callbacks go.
import { backendEndpoints } from "../../src/contract/backend.ts";
import { frontendEndpoints } from "../../src/contract/frontend.ts";
import { backendHosts, frontendKeys } from "../complete_values.ts";
import { findBackend, findFrontend } from "../lookup.ts";
import { change, reportTo } from "../report.ts";
import { CliError, type CommandSpec } from "../types.ts";
import { deleteCallback } from "./callbacks.ts";

const backend: CommandSpec = {
  name: "backend",
  summary: "remove a node as soon as nothing runs on it; at once when forced or when it cannot be reached",
  args: "<host>",
  complete: backendHosts,
  async run({ connect, terminal }, given) {
    const [host] = given.args;
    if (host === undefined) throw new CliError("require: <host>");
    const report = reportTo(terminal, given);
    const { say, give } = report;
    const { api } = await connect();
    const existing = await findBackend(api, host);
    const params = { id: existing.id };
    const isReachable = ["ready", "init"].includes(existing.node_state);
    if (given.has("force") || !isReachable) {
      if (given.has("dry")) {
        say("skipping delete backend (dry run)");
        return give(existing);
      }
      say("deleting backend");
      give(await api.call(backendEndpoints.delete, { params, query: { force: "true" } }));
      return say("backend marked for decommissioning"); // 1.x's last word here too
    }
    return await change(report, given, {
      existing,
      differs: existing.admin_state !== "decommissioned",
      write: () => api.call(backendEndpoints.update, { params, body: { admin_state: "decommissioned" } }),
      done: "backend marked for decommissioning",
      skipped: "skipping decommissioning backend (dry run)",
    });
  },
};

const frontend: CommandSpec = {
  name: "frontend",
  summary: "remove a tenant with its meetings and recordings",
  args: "<key>",
  complete: frontendKeys,
  async run({ connect, terminal }, given) {
    const [key] = given.args;
    if (key === undefined) throw new CliError("need frontend key for delete");
    const { say, give } = reportTo(terminal, given);
    const { api } = await connect();
    const existing = await findFrontend(api, key, "frontend not found");
    if (given.has("dry")) {
      say("skipping delete (dry)");
      return give(existing);
    }
    say(`delete frontend: ${existing.id}`);
    give(await api.call(frontendEndpoints.delete, { params: { id: existing.id } }));
  },
};

export const remove: CommandSpec = {
  name: "delete",
  aliases: ["d", "del", "rm"],
  summary: "remove nodes, tenants and callbacks",
  options: [
    { flags: "--dry", summary: "only say what would be done" },
    { flags: "-f, --force", summary: "remove a node at once, with what runs on it" },
  ],
  commands: [backend, frontend, deleteCallback],
};
