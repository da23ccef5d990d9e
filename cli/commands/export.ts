// `export`: the cluster as a file that `apply` takes.
import { backendEndpoints } from "../../src/contract/backend.ts";
import { frontendEndpoints } from "../../src/contract/frontend.ts";
import { clusterFileJson, printClusterFile } from "../cluster_file.ts";
import { clusterFileOf } from "../cluster_plan.ts";
import { json, printable } from "../output.ts";
import type { CommandSpec } from "../types.ts";

export const exportCluster: CommandSpec = {
  name: "export",
  summary: "print frontends and backends as a file that apply takes",
  options: [{ flags: "--without-secrets", summary: "leave the secrets out" }],
  examples: ["b3scalectl export > cluster.yaml", "b3scalectl export --without-secrets --json"],
  async run({ connect, terminal, apiUrl }, given) {
    const { api } = await connect();
    const frontends = await api.call(frontendEndpoints.list);
    const backends = await api.call(backendEndpoints.list);
    const secrets = !given.has("without-secrets");
    const file = clusterFileOf({ frontends, backends }, { secrets });
    for (const { bbb: { host }, admin_state } of backends) {
      if (admin_state === "decommissioned") {
        terminal.note(printable(`backend ${host} is being decommissioned: it is left out`));
      }
    }
    terminal.write(given.has("json") ? json(clusterFileJson(file)) : printClusterFile(file, comment(apiUrl, secrets)));
  },
};

const comment = (apiUrl: string, secrets: boolean): string =>
  `The cluster of ${apiUrl}: b3scalectl apply -f <this file>
Members that have their default value are left out.
${secrets ? "Holds secrets: keep it as safe as the database." : "Secrets are left out: those of the server stay."}`;
