// `apply`: makes the cluster as a file says, after showing what that changes.
import { backendEndpoints, type BackendJson } from "../../src/contract/backend.ts";
import type { ApiClient } from "../../src/contract/client.ts";
import type { Endpoint } from "../../src/contract/endpoint.ts";
import { frontendEndpoints, type FrontendJson } from "../../src/contract/frontend.ts";
import { errorText } from "../../src/errors.ts";
import { objectOf, planJson, planSummary, stepLines } from "../cluster_diff.ts";
import { ClusterFileError, readClusterFiles } from "../cluster_file.ts";
import {
  changesLeft,
  type ClusterObject,
  creationOf,
  patchOf,
  type Plan,
  planCluster,
  type Step,
} from "../cluster_plan.ts";
import type { ClusterFile, Section } from "../cluster_schema.ts";
import { printable } from "../output.ts";
import { type Report, reportTo } from "../report.ts";
import { type Cli, CliError, type CommandSpec, type Given, NO_CHANGE, type Terminal } from "../types.ts";

export const apply: CommandSpec = {
  name: "apply",
  summary: "make frontends and backends as a file says",
  options: [
    { flags: "-f, --file <file>", summary: "cluster file, folder of *.yaml files, or - for stdin", repeatable: true },
    { flags: "--prune", summary: "also delete frontends and decommission backends that the file does not name" },
    { flags: "--dry", summary: "only show what would change" },
    { flags: "-y, --yes", summary: "do not ask before something is removed" },
  ],
  examples: [
    "b3scalectl apply -f cluster.yaml --dry",
    "b3scalectl apply -f frontends.yaml -f backends.yaml --prune",
    "b3scalectl --api http://old.example export | b3scalectl apply -f -",
  ],
  async run(cli, given) {
    checkLine(cli, given);
    const { terminal } = cli;
    const file = await readFiles(given.texts("file"), cli);
    const prune = given.has("prune");
    const { api } = await cli.connect(prune ? { timeoutMs: REMOVAL_MS } : {});
    const list = async (section: Section) => file[section] === undefined ? [] : await api.call(ENDPOINTS[section].list);
    const plan = planCluster(file, { frontends: await list("frontends"), backends: await list("backends") }, { prune });

    const report = reportTo(terminal, given);
    showPlan(plan, report, terminal, given);
    const isEmpty = plan.steps.length === 0;
    if (isEmpty || given.has("dry")) {
      report.give(planJson(plan, 0));
      return isEmpty ? NO_CHANGE : 0;
    }
    if (!given.has("yes")) await confirmRemoval(plan, cli);
    await carryOut(plan, api, report, cli);
  },
};

/** A tenant goes with all its recordings. */
const REMOVAL_MS = 60_000;

/** @throws CliError for what would only fail later, or be misunderstood */
function checkLine({ terminal }: Cli, given: Given): void {
  const [extra] = given.args;
  if (extra !== undefined) throw new CliError(`unexpected argument "${extra}": each file needs its own -f`);
  if (!given.has("file")) throw new CliError("need a file: b3scalectl apply -f cluster.yaml");
  const asksNobody = given.has("yes") || given.has("dry") || !given.has("prune");
  if (!asksNobody && terminal.readSecret === undefined) {
    throw new CliError("--prune removes what the file does not name: without a terminal it needs --yes (or --dry)");
  }
}

/** @throws CliError, with each problem of a file noted before */
async function readFiles(paths: readonly string[], { env, terminal }: Cli): Promise<ClusterFile> {
  const names = (await Promise.all(paths.map(filesOf))).flat();
  const files = await Promise.all(names.map(async (name) => ({ name, text: await orUnreadable(name, textOf(name)) })));
  try {
    return readClusterFiles(files, { env, readText: Deno.readTextFileSync });
  } catch (error) {
    const problems = error instanceof ClusterFileError ? error.problems : [];
    for (const problem of problems) terminal.note(printable(problem));
    throw error;
  }
}

/** A folder's files in the order of their names. */
async function filesOf(path: string): Promise<string[]> {
  if (path === STDIN || !(await orUnreadable(path, Deno.stat(path))).isDirectory) return [path];
  const entries = await orUnreadable(path, Array.fromAsync(Deno.readDir(path)));
  const names = entries.map(({ name }) => name).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  if (names.length === 0) throw new CliError(`there is no *.yaml file in "${path}"`);
  return names.map((name) => `${path.replace(/\/$/, "")}/${name}`);
}

const STDIN = "-";

async function textOf(path: string): Promise<string> {
  const bytes = path === STDIN ? await new Response(Deno.stdin.readable).bytes() : await Deno.readFile(path);
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

async function orUnreadable<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw new CliError(`cannot read "${path}": ${errorText(error)}`);
  }
}

function showPlan(plan: Plan, { say }: Report, terminal: Terminal, given: Given): void {
  const isJson = given.has("json"); // then stdout is for the object
  const lines = plan.steps.flatMap((step) => stepLines(step, { colours: terminal.colours && !isJson }));
  for (const note of plan.notes) terminal.note(printable(note));
  for (const line of lines) isJson ? terminal.note(line) : terminal.write(`${line}\n`);
  say(lines.length === 0 ? "no changes" : planSummary(plan));
}

/** @throws CliError unless the operator types yes */
async function confirmRemoval({ steps }: Plan, { terminal }: Cli): Promise<void> {
  const removals = steps.filter(({ action }) => action === "remove");
  if (removals.length === 0) return;
  const count = (section: Section) => removals.filter((step) => step.section === section).length;
  terminal.prompt(
    `\nThis deletes ${count("frontends")} frontends with all their meetings and recordings and decommissions ` +
      `${count("backends")} backends.\nType yes to go on: `,
  );
  const answer = await terminal.readSecret?.().catch(() => "no"); // the operator gave up
  terminal.prompt("\n");
  if (answer?.trim() !== "yes") throw new CliError("not confirmed: nothing was changed");
}

/** @throws CliError at the first step that fails, after telling how far it came */
async function carryOut(plan: Plan, api: ApiClient, { say, give }: Report, { terminal, signal }: Cli): Promise<void> {
  for (const [done, step] of plan.steps.entries()) {
    try {
      await perform(step, api);
    } catch (error) {
      give(planJson(plan, done));
      terminal.note(`${done} of ${plan.steps.length} steps are done: the same command goes on from there`);
      throw signal.aborted ? error : new CliError(`${objectOf(step)} ${step.name}: ${errorText(error)}`);
    }
    say(`${DONE[step.action][step.section]}: ${step.name}`);
  }
  give(planJson(plan, plan.steps.length));
}

type Document = FrontendJson | BackendJson;
interface Endpoints {
  readonly list: Endpoint<unknown, unknown, readonly Document[]>;
  readonly create: Endpoint<unknown, unknown, Document>;
  readonly update: Endpoint<unknown, unknown, Document>;
  readonly delete: Endpoint<unknown, unknown, Document>;
}
const ENDPOINTS: Readonly<Record<Section, Endpoints>> = { frontends: frontendEndpoints, backends: backendEndpoints };

/** @throws ApiError, and CliError when the server leaves something out */
async function perform(step: Step, api: ApiClient): Promise<void> {
  const { create, update, delete: remove } = ENDPOINTS[step.section];
  const change = (id: string, changes: Step["changes"]): Promise<ClusterObject> =>
    api.call(update, { params: { id }, body: patchOf(changes) });
  if (step.action === "remove") {
    await api.call(remove, { params: { id: step.id ?? "" } });
    return;
  }
  const answer = step.id === undefined
    ? await api.call(create, { body: creationOf(step) })
    : await change(step.id, step.changes);
  let left = changesLeft(step, answer);
  // 1.x creates every frontend active, and both servers no backend with the load factor 0.
  if (left.length > 0 && step.action === "create") left = changesLeft(step, await change(answer.id, left));
  if (left.length > 0) {
    const names = left.map(({ path }) => path.join(".")).join(", ");
    throw new CliError(`the server does not take ${names}: leave it out of the file, or use a newer server`);
  }
}

const DONE = {
  create: { frontends: "created frontend", backends: "created backend" },
  change: { frontends: "updated frontend", backends: "updated backend" },
  remove: { frontends: "deleted frontend", backends: "backend marked for decommissioning" },
} as const;
