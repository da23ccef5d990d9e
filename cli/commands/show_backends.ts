// `show backends` and `show backend`, in the shapes of 1.x, which scripts parse.
import { backendEndpoints, type BackendJson } from "../../src/contract/backend.ts";
import type { Answer } from "../../src/contract/client.ts";
import { backendHosts } from "../complete_values.ts";
import { findBackend } from "../lookup.ts";
import { json, printable } from "../output.ts";
import { CliError, type CommandSpec } from "../types.ts";

export const showBackends: CommandSpec = {
  name: "backends",
  summary: "list the nodes of the cluster",
  async run({ connect, terminal }, given) {
    const { api } = await connect();
    const backends = await api.call(backendEndpoints.list);
    terminal.write(given.has("json") ? json(backends) : backends.map(backendBlock).join(""));
  },
};

export const showBackend: CommandSpec = {
  name: "backend",
  summary: "show a node and its settings",
  args: "<host>",
  complete: backendHosts,
  async run({ connect, terminal }, given) {
    const [host] = given.args;
    if (host === undefined) throw new CliError("need host for showing backend info");
    const { api } = await connect();
    const backend = await findBackend(api, host);
    if (given.has("json")) return terminal.write(json(backend));
    const settings = JSON.stringify(backend.settings, null, 2).split("\n").map(printable).join("\n  ");
    terminal.write(`Backend: ${printable(backend.bbb.host)}\nSettings:\n${settings}\n`);
  },
};

function backendBlock(backend: Answer<BackendJson>): string {
  const { meetings_count, attendees_count } = backend;
  const ratio = meetings_count === 0 ? 0 : attendees_count / meetings_count;
  const lines = [
    backend.id,
    `  Host:\t ${printable(backend.bbb.host)}`,
    `  Settings:\t ${printable(JSON.stringify(backend.settings))}`,
    `  NodeState:\t ${printable(backend.node_state)}\t  AdminState:\t ${printable(backend.admin_state)}`,
    `  MC/AC/R:\t ${meetings_count}/${attendees_count}/${ratio.toFixed(2)}`,
    `  LoadFactor:\t ${backend.load_factor}`,
    `  Latency:\t ${durationText(backend.latency)}`,
    ...backend.node_state === "error" ? [`  LastError: ${printable(backend.last_error ?? "")}`] : [],
  ];
  return `${lines.join("\n")}\n\n`;
}

/** As 1.x writes a duration: `92.546636ms`, `1.5s`, `1h0m2s`. */
export function durationText(nanoseconds: number): string {
  const size = Math.abs(nanoseconds);
  if (size === 0) return "0s";
  if (size < 1e3) return `${nanoseconds}ns`;
  if (size < 1e6) return `${nanoseconds / 1e3}µs`;
  if (size < 1e9) return `${nanoseconds / 1e6}ms`;
  const minutes = Math.floor(size / 60e9);
  const seconds = `${(size - minutes * 60e9) / 1e9}s`;
  const sign = nanoseconds < 0 ? "-" : "";
  if (minutes === 0) return sign + seconds;
  return `${sign}${minutes < 60 ? "" : `${Math.floor(minutes / 60)}h`}${minutes % 60}m${seconds}`;
}
