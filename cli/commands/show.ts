// `show`: what the cluster has, as 1.x prints it or as JSON.
import { backendEndpoints, type BackendJson } from "../../src/contract/backend.ts";
import type { Answer } from "../../src/contract/client.ts";
import { json } from "../output.ts";
import type { CommandSpec } from "../types.ts";

const backends: CommandSpec = {
  name: "backends",
  summary: "list the nodes of the cluster",
  async run({ connect, terminal }, given) {
    const { api } = await connect();
    const list = await api.call(backendEndpoints.list);
    terminal.write(given.has("json") ? json(list) : list.map(backendBlock).join(""));
  },
};

function backendBlock(backend: Answer<BackendJson>): string {
  return `${backend.id}\n  Host:\t ${backend.bbb.host}\n`;
}

export const show: CommandSpec = {
  name: "show",
  aliases: ["s"],
  summary: "show what the cluster has",
  options: [{ flags: "--json", summary: "as JSON" }],
  commands: [backends],
};
