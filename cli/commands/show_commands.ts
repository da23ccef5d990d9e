// `show commands`: the queue that all servers share, and what became of its commands.
import { backendEndpoints } from "../../src/contract/backend.ts";
import type { Answer } from "../../src/contract/client.ts";
import { commandEndpoints, type CommandJson } from "../../src/contract/command.ts";
import { type Column, json, type Style, table } from "../output.ts";
import { durationText, millisText, shortHost } from "../phrases.ts";
import type { CommandSpec } from "../types.ts";

type Queued = Answer<CommandJson>;

export const showCommands: CommandSpec = {
  name: "commands",
  summary: "list the queue of commands in its order; they are kept for about three minutes",
  examples: ["b3scalectl show commands", "b3scalectl show --json commands"],
  async run({ connect, terminal, clock }, given) {
    const { api } = await connect();
    const [list, backends] = await Promise.all([
      api.call(commandEndpoints.list),
      given.has("json") ? [] : api.call(backendEndpoints.list),
    ]);
    const inOrder = list.toSorted((a, b) => a.seq - b.seq); // 1.x's are in none
    if (given.has("json")) return terminal.write(json(inOrder));
    if (inOrder.length === 0) return terminal.note("the queue is empty");
    const hosts = new Map(backends.map(({ id, bbb }) => [id, shortHost(bbb.host)]));
    terminal.write(table(terminal, columns(clock.now(), hosts), inOrder));
  },
};

const STYLES: Readonly<Partial<Record<Queued["state"], Style>>> = { running: "yellow", error: "red" };

const columns = (now: number, hosts: ReadonlyMap<string, string>): Column<Queued>[] => [
  { title: "SEQ", text: ({ seq }) => String(seq), alignRight: true },
  { title: "STATE", text: ({ state }) => state, style: ({ state }) => STYLES[state] },
  { title: "ACTION", text: ({ action }) => action },
  { title: "BACKEND", text: (command) => hostOf(command, hosts), shrinks: true },
  { title: "AGE", text: ({ created_at }) => durationText((now - Date.parse(created_at)) / 1000), alignRight: true },
  { title: "TOOK", text: (command) => took(command, now), alignRight: true },
  { title: "RESULT", text: resultText, shrinks: true },
];

/** Each action spells it differently. A backend that is gone is named by its id. */
function hostOf({ params }: Queued, hosts: ReadonlyMap<string, string>): string {
  if (typeof params !== "object" || params === null) return "";
  const id = Object.entries(params).find(([name]) => /^(backend)?id$/i.test(name))?.[1];
  return typeof id === "string" ? hosts.get(id) ?? id : "";
}

function took({ state, started_at, stopped_at }: Queued, now: number): string {
  if (started_at === null) return "";
  if (stopped_at !== null) return millisText(Date.parse(stopped_at) - Date.parse(started_at));
  return state === "running" ? millisText(now - Date.parse(started_at)) : "";
}

function resultText({ result }: Queued): string {
  if (result === null || result === undefined) return "";
  return typeof result === "string" ? result : JSON.stringify(result);
}
