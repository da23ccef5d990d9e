// `show frontends` and `show frontend`, in the shapes of 1.x, which scripts parse.
import type { Answer } from "../../src/contract/client.ts";
import { frontendEndpoints, type FrontendJson } from "../../src/contract/frontend.ts";
import { frontendKeys } from "../complete_values.ts";
import { findFrontend } from "../lookup.ts";
import { json, printable } from "../output.ts";
import { CliError, type CommandSpec } from "../types.ts";

export const showFrontends: CommandSpec = {
  name: "frontends",
  summary: "list the tenants with their secrets",
  async run({ connect, terminal }, given) {
    const { api } = await connect();
    const frontends = await api.call(frontendEndpoints.list);
    terminal.write(given.has("json") ? json(frontends) : frontends.map(frontendLine).join(""));
  },
};

const frontendLine = ({ id, bbb, active, settings }: Answer<FrontendJson>): string =>
  [id, bbb.key, bbb.secret, active ? "enabled" : "disabled", JSON.stringify(settings)].map(printable).join("\t") + "\n";

export const showFrontend: CommandSpec = {
  name: "frontend",
  summary: "show a tenant, its settings, and what to enter at its side",
  args: "<key>",
  complete: frontendKeys,
  async run({ connect, terminal, apiUrl }, given) {
    const [key] = given.args;
    if (key === undefined) throw new CliError("need frontend key for showing info");
    const { api } = await connect();
    const frontend = await findFrontend(api, key);
    if (given.has("json")) return terminal.write(json(frontend));
    const { bbb, active, settings } = frontend;
    terminal.write([
      `Frontend: ${printable(bbb.key)}`,
      `Enabled: ${active}`,
      "Settings:",
      json(settings),
      `Frontend URL:    ${apiUrl}/bbb/${encodeURIComponent(bbb.key)}/`,
      `Frontend Secret: ${printable(bbb.secret)}`,
      "",
    ].join("\n"));
  },
};
