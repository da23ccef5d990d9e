// `set backend`: registers a node or changes what is set of one.
import { backendEndpoints, type BackendInput, type BackendJson } from "../../src/contract/backend.ts";
import type { Answer } from "../../src/contract/client.ts";
import { backendHosts } from "../complete_values.ts";
import { backendByHost, normalizeHost } from "../lookup.ts";
import { change, reportTo } from "../report.ts";
import { CliError, type CommandSpec, type Given } from "../types.ts";
import { SECRET_AND_OPTS, settingsOf } from "./set_options.ts";

const STATES = ["init", "ready", "stopped"];

export const setBackend: CommandSpec = {
  name: "backend",
  summary: "register a node, or change its secret, settings, state or load factor",
  args: "<host>",
  complete: backendHosts,
  options: [
    ...SECRET_AND_OPTS,
    { flags: "--state <state>", summary: `${STATES.join(", ")}; a new node is ready`, values: STATES },
    { flags: "--load-factor <number>", summary: "what a person weighs there: 2 for a node half as strong as others" },
  ],
  examples: [
    "b3scalectl set backend --secret s3cret https://node1.example.org/bigbluebutton/api/",
    `b3scalectl set backend --opts '{"tags": ["sip"], "checksum_algorithm": "sha1"}' https://node1.example.org/bigbluebutton/api/`,
  ],
  async run({ connect, terminal }, given) {
    const [typed] = given.args;
    if (typed === undefined) throw new CliError("require: <host>");
    const host = normalizeHost(typed);
    const wanted = { state: stateOf(given), loadFactor: loadFactorOf(given) };
    const report = reportTo(terminal, given);
    const { api } = await connect();
    const existing = await backendByHost(api, host);
    const secret = given.text("secret");
    if (existing === undefined && secret === undefined) throw new CliError("need secret to create host");
    if (secret === "") throw new CliError("secret may not be empty");
    const body = changesOf(existing, { ...wanted, secret, settings: settingsOf(given) });

    if (existing === undefined) {
      if (given.has("dry")) return report.say("skipped creating backend");
      const created = await api.call(backendEndpoints.create, {
        body: { admin_state: "ready", ...body, bbb: { host, secret } },
      });
      report.say(`created backend: ${created.id} ${created.bbb.host}`);
      return report.give(created);
    }
    return await change(report, given, {
      existing,
      differs: Object.keys(body).length > 0,
      write: () => api.call(backendEndpoints.update, { params: { id: existing.id }, body }),
      done: "updated backend",
      skipped: "skipping backend update",
    });
  },
};

interface Wanted {
  readonly state: string | undefined;
  readonly loadFactor: number | undefined;
  readonly secret: string | undefined;
  readonly settings: BackendInput["settings"];
}

/** Only what was given and differs; settings are merged by the server, which alone knows whether they change anything. */
function changesOf(existing: Answer<BackendJson> | undefined, wanted: Wanted): BackendInput {
  const { state, loadFactor, secret, settings } = wanted;
  return {
    ...settings === undefined ? {} : { settings },
    ...secret === undefined || secret === existing?.bbb.secret ? {} : { bbb: { secret } },
    ...state === undefined || state === existing?.admin_state ? {} : { admin_state: state },
    ...loadFactor === undefined || loadFactor === existing?.load_factor ? {} : { load_factor: loadFactor },
  };
}

function stateOf(given: Given): string | undefined {
  const state = given.text("state");
  if (state === undefined || STATES.includes(state)) return state;
  throw new CliError(`unknown state "${state}": give one of ${STATES.join(", ")}`);
}

function loadFactorOf(given: Given): number | undefined {
  const text = given.text("load-factor");
  if (text === undefined) return undefined;
  const factor = Number(text);
  if (text.trim() === "" || !Number.isFinite(factor) || factor < 0) {
    throw new CliError(`the load factor "${text}" is no number of 0 or more`);
  }
  return factor;
}
