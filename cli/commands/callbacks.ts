// `show callbacks`, `retry callback`, `delete callback`: what has not reached the tenants, and what becomes of it.
import { callbackEndpoints, type CallbackJson, MOST_CALLBACKS } from "../../src/contract/callback.ts";
import { type Answer, type ApiClient, ApiError } from "../../src/contract/client.ts";
import { frontendKeys } from "../complete_values.ts";
import { type Column, json, type Style, table } from "../output.ts";
import { count, durationText } from "../phrases.ts";
import { reportTo } from "../report.ts";
import { retryImport } from "./imports.ts";
import { CliError, type CommandSpec, type Session } from "../types.ts";

type Callback = Answer<CallbackJson>;

const STATES = ["waiting", "dead"] as const;

export const showCallbacks: CommandSpec = {
  name: "callbacks",
  summary: "list callbacks to tenants that are not delivered, the newest first; dead ones are kept for 30 days",
  options: [
    { flags: "--state <state>", summary: "only those: waiting for the next try, or dead", values: STATES },
    { flags: "--fe, --frontend <key>", summary: "only those of this tenant", complete: frontendKeys },
  ],
  examples: ["b3scalectl show callbacks", "b3scalectl show callbacks --state dead --frontend greenlight"],
  async run({ connect, terminal, clock }, given) {
    const [state = "", frontend_key = ""] = [given.text("state"), given.text("frontend")];
    if (state !== "" && !(STATES as readonly string[]).includes(state)) {
      throw new CliError(`unknown state of a callback: "${state}", give one of ${STATES.join(", ")}`);
    }
    const { api } = await connect();
    const list = await api.call(callbackEndpoints.list, { query: { state, frontend_key } });
    if (given.has("json")) return terminal.write(json(list));
    if (list.length === 0) return terminal.note("there are no callbacks that are not delivered");
    terminal.write(table(terminal, columns(clock.now()), list));
    if (list.length === MOST_CALLBACKS) terminal.note(`there may be more: these are the newest ${MOST_CALLBACKS}`);
  },
};

const STYLES: Readonly<Record<Callback["state"], Style>> = { waiting: "yellow", dead: "red" };

const columns = (now: number): Column<Callback>[] => [
  { title: "ID", text: ({ id }) => id },
  { title: "STATE", text: ({ state }) => state, style: ({ state }) => STYLES[state] },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "FRONTEND", text: ({ frontend_key }) => frontend_key ?? "", shrinks: true },
  { title: "TARGET", text: ({ target }) => target, shrinks: true },
  { title: "TRIES", text: ({ attempts }) => String(attempts), alignRight: true },
  { title: "AGE", text: ({ created_at }) => durationText((now - Date.parse(created_at)) / 1000), alignRight: true },
  { title: "NEXT", text: ({ due_at }) => nextText(due_at, now), alignRight: true },
  { title: "LAST ERROR", text: ({ last_error }) => last_error ?? "", shrinks: true },
];

const nextText = (due_at: string | null, now: number): string =>
  due_at === null ? "" : durationText((Date.parse(due_at) - now) / 1000);

const callbackIDs = async ({ api }: Session): Promise<readonly string[]> =>
  (await api.call(callbackEndpoints.list)).map(({ id }) => id);

/** @throws CliError for an id that is none */
async function known(call: Promise<Callback>, id: string): Promise<Callback> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    throw new CliError(`callback "${id}" not found: it may have been delivered; b3scalectl show callbacks lists all`);
  }
}

const retryCallback: CommandSpec = {
  name: "callback",
  summary: "try a callback at once, or all that are dead; a dead one is tried for three days again",
  args: "<id>",
  options: [{ flags: "--all", summary: "all that are dead" }],
  examples: ["b3scalectl retry callback 6f1d9c0e-…", "b3scalectl retry callback --all"],
  complete: callbackIDs,
  async run({ connect, terminal }, given) {
    const [id] = given.args;
    if ((id === undefined) !== given.has("all")) throw new CliError("require: <id>, or --all");
    const { say, give } = reportTo(terminal, given);
    const { api } = await connect();
    if (id !== undefined) {
      const callback = await known(api.call(callbackEndpoints.retry, { params: { id } }), id);
      say(`the callback to ${callback.target} is tried`);
      return give(callback);
    }
    const tried = await retryDead(api);
    say(tried.length === 0 ? "there are no dead callbacks" : `${count(tried.length, "callback")} tried again`);
    if (tried.length === MOST_CALLBACKS) say("there may be more: run it again");
    give(tried);
  },
};

/** Those that somebody deletes meanwhile are left out. */
async function retryDead(api: ApiClient): Promise<Callback[]> {
  const tried: Callback[] = [];
  for (const { id } of await api.call(callbackEndpoints.list, { query: { state: "dead" } })) {
    try {
      tried.push(await api.call(callbackEndpoints.retry, { params: { id } }));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  }
  return tried;
}

export const retry: CommandSpec = {
  name: "retry",
  summary: "try again what could not be done",
  commands: [retryCallback, retryImport],
};

export const deleteCallback: CommandSpec = {
  name: "callback",
  summary: "forget a callback that is not delivered",
  args: "<id>",
  complete: callbackIDs,
  async run({ connect, terminal }, given) {
    const [id] = given.args;
    if (id === undefined) throw new CliError("require: <id>");
    const { say, give } = reportTo(terminal, given);
    const { api } = await connect();
    if (given.has("dry")) return say("skipping delete callback (dry run)");
    const callback = await known(api.call(callbackEndpoints.delete, { params: { id } }), id);
    say(`the callback to ${callback.target} is forgotten`);
    give(callback);
  },
};
