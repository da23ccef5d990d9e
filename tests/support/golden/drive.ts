// Drives one vector: rows, fake nodes, a server of its own, the request, and every comparison.
import { readConfig } from "../../../src/config.ts";
import type { Pool } from "../../../src/deps.ts";
import { startServer } from "../../../src/server.ts";
import { holdSchedule } from "../golden_rest/hold.ts";
import { testDatabase } from "../test_db.ts";
import { send } from "./client.ts";
import { compareForwarded } from "./compare_forwarded.ts";
import { compareResponse, type ExpectedResponse, recordedResponse } from "./compare_response.ts";
import { type Deviation, type FollowUp, HTML } from "./deviation.ts";
import { deviationOf } from "./deviations.ts";
import { type NodeRequest, startFakeNode } from "./fake_node.ts";
import { createFolders, type RecordingFolders } from "./files.ts";
import { API_HOST, deadHost, fill } from "./placeholders.ts";
import { beat, compareBackends, compareRows, countMeetings, insertGiven, namesWithAgent } from "./state.ts";
import type { StateAfter, Vector } from "./vector.ts";

const READY_DEADLINE_MS = 20_000;
/** A server polls a node that is due within seconds; a create may wait 10 s for a verdict. */
const POLL_DEADLINE_MS = 15_000;
/** Counters of a backend may follow the answer, rows may not. */
const COUNTERS_DEADLINE_MS = 3_000;

/** Elsewhere no node is polled: one in `init` would become a candidate while its vector is driven. */
const waitsForPolls = ({ name, trigger }: Vector): boolean =>
  trigger !== undefined || name === "create-known-backend-dead";

/** @throws Error with one line per difference */
export async function driveVector(vector: Vector): Promise<void> {
  const requests: NodeRequest[] = [];
  const stated = deviationOf(vector) ?? {};
  // A node answers as recorded only where it gets what was recorded.
  await using nodes = startNodes({ ...vector, forwarded: stated.forwarded ?? vector.forwarded }, requests);
  const hosts = { nodes: nodes.hosts, deadNode: deadHost() };
  const filled = fill(vector, hosts);
  const deviation = fill(stated, hosts);
  const isRefresh = vector.trigger !== undefined;
  await using db = await testDatabase();
  await insertGiven(db.pool, withoutAgents(filled), isRefresh ? 30 : 0);
  await using _quiet = waitsForPolls(vector) ? undefined : await holdSchedule(db.url);
  await using folders = await createFolders(vector.given.files);
  await using server = await startRunning(filled, db.url, folders.env);
  await using _agents = startAgents(db.pool, namesWithAgent(withoutAgents(filled)));
  const run: Run = { vector: filled, deviation, requests, db: db.pool, folders, address: server.address };
  const problems = !isRefresh
    ? await driveRequest(run)
    : filled.request
    ? await driveRace(run)
    : await driveRefresh(run);
  if (problems.length === 0) return;
  const rule = vector.deviate === undefined ? "binding" : `deviates: ${vector.deviate}`;
  throw new Error(`"${vector.name}" (${rule})\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

interface Run {
  readonly vector: Vector;
  readonly deviation: Deviation;
  readonly requests: readonly NodeRequest[];
  readonly db: Pool;
  readonly folders: RecordingFolders;
  readonly address: { readonly hostname: string; readonly port: number };
}

async function driveRequest(run: Run): Promise<string[]> {
  const { vector, deviation } = run;
  const response = expectedResponse(run);
  const isForBrowser = vector.response?.body === "{{html}}" || response.body.kind === "html";
  const forwarded = deviation.forwarded ?? vector.forwarded ?? [];
  const problems = await ask(run, { request: {}, accept: isForBrowser ? HTML : undefined, response, forwarded });
  const state = stateAfter(run);
  problems.push(...await compareRows(run.db, state));
  if (state.files !== undefined) problems.push(...run.folders.compare(state.files));
  problems.push(...await eventually(COUNTERS_DEADLINE_MS, () => compareBackends(run.db, state)));
  for (const [index, followUp] of (deviation.also ?? []).entries()) {
    const others = await ask(run, followUp);
    problems.push(...others.map((problem) => `follow-up ${index + 1}: ${problem}`));
  }
  return problems;
}

function stateAfter({ vector: { given, state_after }, deviation }: Run): StateAfter {
  const unchanged = deviation.unchanged ? { recordings: given.recordings ?? [], files: given.files ?? [] } : {};
  return { ...state_after, ...unchanged, ...deviation.stateAfter };
}

/** The periodic poll by itself. */
async function driveRefresh({ vector, deviation, requests, db }: Run): Promise<string[]> {
  const state: StateAfter = { ...vector.state_after, ...deviation.stateAfter };
  const [expected] = vector.forwarded ?? [];
  if (expected === undefined) throw new Error(`"${vector.name}" says nothing about the poll`);
  const problems = await eventually(POLL_DEADLINE_MS, async () => [
    ...requests.length === 0 ? ["the node was not polled"] : [],
    ...await compareRows(db, state),
    ...await compareBackends(db, state),
  ]);
  // A failing node is polled again soon.
  return [...problems, ...requests.flatMap((request) => compareForwarded([request], [expected], undefined))];
}

/** A create that succeeds while the poll waits for its answer. */
async function driveRace(run: Run): Promise<string[]> {
  const { requests, db, vector, deviation } = run;
  const state: StateAfter = { ...vector.state_after, ...deviation.stateAfter };
  const readSyncedAt = async () => JSON.stringify(await db`select synced_at from backends`);
  const syncedAt = await readSyncedAt();
  const problems = await eventually(POLL_DEADLINE_MS, () => requests.length > 0 ? [] : ["the node was not polled"]);
  problems.push(...await ask(run, { request: {}, response: expectedResponse(run) }));
  const expectRows = async (when: string, expected: number | undefined) => {
    const count = await countMeetings(db);
    if (count !== expected) problems.push(`meetings ${when}: expected ${expected} rows, got ${count}`);
  };
  if (await readSyncedAt() !== syncedAt) problems.push("the poll ended before the create did");
  await expectRows("right after the create", state.meetings_rows_right_after_create);
  problems.push(
    ...await eventually(
      POLL_DEADLINE_MS,
      async () => await readSyncedAt() === syncedAt ? ["the poll did not end"] : [],
    ),
  );
  await expectRows("after the poll", state.meetings_rows_after_poll);
  return problems;
}

function expectedResponse({ vector, deviation }: Run): ExpectedResponse {
  if (deviation.response !== undefined) return deviation.response;
  if (vector.response === undefined) throw new Error(`"${vector.name}" has no answer`);
  const recorded = recordedResponse(vector.response);
  if (recorded.body.kind !== "xml") return recorded;
  return { ...recorded, body: { ...recorded.body, listInOrder: deviation.listInOrder } };
}

async function ask({ vector, requests, address }: Run, { request, accept, response, forwarded }: FollowUp) {
  if (vector.request === undefined) throw new Error(`"${vector.name}" has no request`);
  const from = requests.length;
  const asked = { ...vector.request, ...request };
  const answer = await send(address, asked, vector.given.frontends, accept);
  // A list that nobody asked for is a poll, which comes whenever it is due.
  const isAskedFor = asked.path.endsWith("/getMeetings");
  const reached = requests.slice(from).filter(({ resource }) => isAskedFor || resource !== "getMeetings");
  return [
    ...compareResponse(answer, response, reached.at(-1)?.answer),
    ...forwarded === undefined ? [] : compareForwarded(reached, forwarded, asked.body),
  ];
}

/** Tries again until nothing differs or the time is over. */
async function eventually(deadlineMs: number, compare: () => string[] | Promise<string[]>): Promise<string[]> {
  const end = performance.now() + deadlineMs;
  while (true) {
    const problems = await compare();
    if (problems.length === 0 || performance.now() > end) return problems;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** With a live agent isMeetingRunning is answered from state; these vectors show what the node answers. */
function withoutAgents({ given, request }: Vector): Vector["given"] {
  if (!request?.path.endsWith("/isMeetingRunning")) return given;
  return { ...given, backends: given.backends.map((backend) => ({ ...backend, heartbeat_age_s: 30 })) };
}

/** @returns hosts by name, of the nodes that are not meant to be dead */
function startNodes(vector: Vector, requests: NodeRequest[]) {
  const names = vector.given.backends.map(({ name }) => name);
  const alive = names.filter((name) => vector.given.backends.some(({ host }) => host.includes(`{{${name}}}`)));
  const started = alive.map((name) => ({ name, node: startFakeNode(name, vector, requests) }));
  return {
    hosts: Object.fromEntries(started.map(({ name, node }) => [name, node.host])),
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map(({ node }) => node[Symbol.asyncDispose]()));
    },
  };
}

async function startRunning({ server, given }: Vector, dbUrl: string, env: RecordingFolders["env"]) {
  const running = await startServer(readConfig({
    B3SCALE_DB_URL: dbUrl,
    B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
    B3SCALE_API_URL: server?.api_url ?? `http://${API_HOST}`,
    B3SCALE_API_JWT_SECRET: server?.jwt_secret ?? "jwt-secret",
    B3SCALE_REVERSE_PROXY_MODE: String(server?.reverse_proxy ?? false),
    B3SCALE_RECORDINGS_PLAYBACK_HOST: server?.playback_host ?? undefined,
    B3SCALE_LOG_LEVEL: "error",
    B3SCALE_LOAD_MODEL: given.backends.length > 1 ? "stress" : undefined,
    ...env,
  }));
  const started = { address: running.address, [Symbol.asyncDispose]: () => running.stop() };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The server did not get ready")), READY_DEADLINE_MS);
  });
  try {
    await Promise.race([running.ready, late]);
    return started;
  } catch (error) {
    await started[Symbol.asyncDispose]();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function startAgents(db: Pool, names: readonly string[]) {
  let beating: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    beating = beating.then(() => beat(db, names));
  }, 1000);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await beating;
    },
  };
}
