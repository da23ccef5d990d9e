// `show imports`, `retry import`: what became of the recordings that nodes have uploaded.
import { type Answer, type ApiClient, ApiError } from "../../src/contract/client.ts";
import {
  IMPORT_STATES,
  MOST_IMPORTS,
  recordingImportEndpoints,
  type RecordingImportJson,
} from "../../src/contract/recording.ts";
import { type Column, json, type Style, table } from "../output.ts";
import { count, durationText } from "../phrases.ts";
import { reportTo } from "../report.ts";
import { CliError, type CommandSpec, type Session } from "../types.ts";

type Import = Answer<RecordingImportJson>;

export const showImports: CommandSpec = {
  name: "imports",
  summary: "list uploads of recordings and what became of them, the newest first",
  options: [{ flags: "--state <state>", summary: `only those: ${IMPORT_STATES.join(", ")}`, values: IMPORT_STATES }],
  examples: ["b3scalectl show imports", "b3scalectl show imports --state failed"],
  async run({ connect, terminal, clock }, given) {
    const state = IMPORT_STATES.find((one) => one === given.text("state"));
    if (given.text("state") && state === undefined) {
      throw new CliError(
        `unknown state of an import: "${given.text("state")}", give one of ${IMPORT_STATES.join(", ")}`,
      );
    }
    const { api } = await connect();
    const list = await api.call(recordingImportEndpoints.list, { query: state === undefined ? {} : { state } });
    if (given.has("json")) return terminal.write(json(list));
    if (list.length === 0) return terminal.note("there are no such uploads");
    terminal.write(table(terminal, columns(clock.now()), list));
    if (list.length === MOST_IMPORTS) terminal.note(`there may be more: these are the newest ${MOST_IMPORTS}`);
  },
};

const STYLES: Readonly<Partial<Record<Import["state"], Style>>> = {
  requested: "yellow",
  moving: "yellow",
  failed: "red",
};

const columns = (now: number): Column<Import>[] => [
  { title: "ID", text: ({ id }) => id },
  { title: "STATE", text: ({ state }) => state, style: ({ state }) => STYLES[state] },
  { title: "RECORDING", text: ({ record_id }) => record_id },
  { title: "FORMAT", text: ({ format }) => format },
  { title: "AGE", text: ({ created_at }) => durationText((now - Date.parse(created_at)) / 1000), alignRight: true },
  { title: "REASON", text: ({ reason }) => reason ?? "", shrinks: true },
];

const failedIDs = async ({ api }: Session): Promise<readonly string[]> =>
  (await api.call(recordingImportEndpoints.list, { query: { state: "failed" } })).map(({ id }) => id);

export const retryImport: CommandSpec = {
  name: "import",
  summary: "import an upload again that failed, or all of them",
  args: "<id>",
  options: [{ flags: "--all", summary: "all that failed" }],
  examples: ["b3scalectl retry import 6f1d9c0e-…", "b3scalectl retry import --all"],
  complete: failedIDs,
  async run({ connect, terminal }, given) {
    const [id] = given.args;
    if ((id === undefined) !== given.has("all")) throw new CliError("require: <id>, or --all");
    const { say, give } = reportTo(terminal, given);
    const session = await connect();
    if (id !== undefined) {
      const tried = await retryOne(session.api, id);
      if (tried === undefined) {
        throw new CliError(`import "${id}" not found, or done: b3scalectl show imports lists all`);
      }
      say(`${tried.format} of recording ${tried.record_id} is imported again`);
      return give(tried);
    }
    const tried: Import[] = [];
    for (const failed of await failedIDs(session)) {
      const one = await retryOne(session.api, failed);
      if (one !== undefined) tried.push(one);
    }
    say(tried.length === 0 ? "no import has failed" : `${count(tried.length, "upload")} imported again`);
    if (tried.length === MOST_IMPORTS) say("there may be more: run it again");
    give(tried);
  },
};

/** @returns undefined when there is none (any more) that is not done */
async function retryOne(api: ApiClient, id: string): Promise<Import | undefined> {
  try {
    return await api.call(recordingImportEndpoints.retry, { params: { id } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    return undefined;
  }
}
