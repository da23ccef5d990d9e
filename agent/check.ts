// `b3scaleagent check`: is this node set up? One line per finding, nothing is changed anywhere. Run by main.ts.
import { decodeJwt, errors, type JWTPayload } from "jose";
import { agentEndpoints } from "../src/contract/agent.ts";
import type { BackendJson } from "../src/contract/backend.ts";
import type { Answer, ApiClient } from "../src/contract/client.ts";
import { statusEndpoints } from "../src/contract/status.ts";
import type { Clock, Fetch } from "../src/deps.ts";
import { errorText } from "../src/errors.ts";
import { fetchProblem } from "../src/lib/fetch_problem.ts";
import { redactText } from "../src/lib/redact.ts";
import { type BbbNode, type Properties, readNode, readProperties, readRedis } from "./bbb_web_properties.ts";
import { withDeadline } from "./deadline.ts";
import { hintFor, orMissing } from "./register.ts";
import { type AgentSettings, isSendable } from "./settings.ts";
import type { RedisSettings } from "./types.ts";

export interface CheckDeps {
  readonly settings: AgentSettings;
  /** Whether the agent is to run with `-a`. */
  readonly mayRegister: boolean;
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly readText: (path: string) => string;
  /** @throws Error with a reason */
  readonly pingRedis: (redis: RedisSettings, clock: Clock) => Promise<void>;
  readonly print: (line: string) => void;
}

interface Finding {
  readonly isProblem: boolean;
  /** What was looked at and seen, and of a problem what to do. */
  readonly text: string;
}

const fine = (text: string): Finding => ({ isProblem: false, text });
const problem = (text: string): Finding => ({ isProblem: true, text });

const NODE_ANSWER_MS = 3000;
const NEVER = new AbortController().signal;
const NEW_TOKEN = "create one with: b3scalectl auth authorize_node_agent";

/** @returns whether all is well */
export async function check(deps: CheckDeps): Promise<boolean> {
  let isWell = true;
  for await (const { isProblem, text } of findings(deps)) {
    deps.print(`${isProblem ? "problem" : "ok     "}  ${redactText(text)}`);
    if (isProblem) isWell = false;
  }
  return isWell;
}

async function* findings(deps: CheckDeps): AsyncGenerator<Finding> {
  const properties = yield* findProperties(deps);
  const node = properties && (yield* findNode(deps, properties));
  yield findToken(deps);
  yield* findBackend(deps, node);
  if (properties !== undefined) yield await findRedis(deps, properties);
  if (node !== undefined) yield await findBbb(deps, node);
}

function* findProperties({ settings, readText }: CheckDeps): Generator<Finding, Properties | undefined> {
  const { propertiesFile } = settings;
  try {
    const properties = readProperties(readText(propertiesFile));
    const used = ["bigbluebutton.web.serverURL", "securitySalt", "redisHost", "redisPort", "redisPassword"];
    yield fine(
      `properties: ${propertiesFile} has ${used.filter((key) => properties.get(key)).join(", ") || "nothing"}`,
    );
    return properties;
  } catch (error) {
    yield problem(`properties: ${errorText(error)}: set BBB_CONFIG to a bbb-web.properties that the agent may read`);
  }
}

function* findNode({ settings }: CheckDeps, properties: Properties): Generator<Finding, BbbNode | undefined> {
  try {
    const node = readNode(properties);
    yield fine(`node: ${node.host}`);
    return node;
  } catch (error) {
    yield problem(`node: ${errorText(error)}: set it in ${settings.propertiesFile}, BBB's own defaults are not read`);
  }
}

function findToken({ settings, clock }: CheckDeps): Finding {
  if (settings.token === "") return problem(`token: B3SCALE_API_ACCESS_TOKEN is not set: ${NEW_TOKEN}`);
  const claims = readClaims(settings.token);
  if (claims === undefined) return problem(`token: B3SCALE_API_ACCESS_TOKEN is no JWT: ${NEW_TOKEN}`);
  const { scope, sub = "", exp = Infinity } = claims;
  const seen = `token: scope "${scope}", agent "${sub}"`;
  if (typeof scope !== "string" || !scope.split(" ").includes("b3scale:node") || sub === "") {
    return problem(`${seen}: it needs the scope b3scale:node and the name of an agent: ${NEW_TOKEN}`);
  }
  return exp * 1000 <= clock.now() ? problem(`${seen}: it has expired: ${NEW_TOKEN}`) : fine(seen);
}

/** Not verified: that is the server's. */
function readClaims(token: string): JWTPayload | undefined {
  try {
    return isSendable(token) ? decodeJwt(token) : undefined;
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined;
    throw error;
  }
}

async function* findBackend(deps: CheckDeps, node: BbbNode | undefined): AsyncGenerator<Finding> {
  const { settings, api } = deps;
  if (settings.apiUrl === "") return yield problem("server: B3SCALE_API_URL is not set: set it to the URL of b3scaled");
  if (!isSendable(settings.token)) return; // said already
  const withHint = (error: unknown) =>
    [errorText(error), hintFor(error)].filter((text) => text !== undefined).join(": ");
  try {
    const { version, build } = await api.call(statusEndpoints.root);
    yield fine(`server: ${api.url} has version ${version} (${build})`);
  } catch (error) {
    return yield problem(`server: ${withHint(error)}`);
  }
  try {
    const backend = await orMissing(api.call(agentEndpoints.backend));
    yield backend === undefined ? unregistered(deps) : judgeBackend(backend, node);
  } catch (error) {
    yield problem(`backend: ${withHint(error)}`);
  }
}

const unregistered = ({ mayRegister }: CheckDeps): Finding =>
  mayRegister
    ? fine("backend: the server has none of this agent: the start with -a registers the node")
    : problem("backend: the server has none of this agent: start the agent with -a");

function judgeBackend({ bbb, ...backend }: Answer<BackendJson>, node: BbbNode | undefined): Finding {
  const seen = `backend: ${bbb.host}, admin_state ${backend.admin_state}`;
  if (node !== undefined && node.host !== bbb.host) {
    return problem(
      `${seen}: the server has another host for this agent. If the node was renamed, restart the agent; if the token is ` +
        `another node's, ${NEW_TOKEN}`,
    );
  }
  if (node !== undefined && node.secret !== bbb.secret) {
    return problem(`${seen}: the server has another secret than the node: restart the agent, which sends it`);
  }
  // 1.x says nothing of health.
  const health = backend.health ?? `unknown, node_state ${backend.node_state}`;
  const reasons = [...backend.reasons ?? [], ...backend.last_error && !backend.reasons ? [backend.last_error] : []];
  const isReady = backend.admin_state === "ready";
  const isEligible = backend.eligible ?? (isReady && backend.node_state === "ready");
  const all = `${seen}, health ${health}`;
  if (isEligible) return fine(all);
  const todo = isReady ? "the server polls it again and again" : `b3scalectl enable backend ${bbb.host}`;
  return problem(`${all}: it takes no new meetings${reasons.length > 0 ? ` (${reasons.join("; ")})` : ""}: ${todo}`);
}

async function findRedis({ clock, pingRedis }: CheckDeps, properties: Properties): Promise<Finding> {
  try {
    const redis = readRedis(properties);
    const at = `redis: ${redis.host}:${redis.port}`;
    return await pingRedis(redis, clock).then(
      () => fine(`${at} answers`),
      (error) =>
        problem(`${at}: ${errorText(error)}: no events arrive without it: is it running, is redisPassword set?`),
    );
  } catch (error) {
    return problem(`redis: ${errorText(error)}`);
  }
}

async function findBbb({ clock, fetch }: CheckDeps, { host }: BbbNode): Promise<Finding> {
  try {
    const [status, text] = await withDeadline(clock, NODE_ANSWER_MS, NEVER, async (signal) => {
      const response = await fetch(host, { redirect: "manual", signal });
      return [response.status, await response.text()];
    });
    const version = /<version>([^<]*)<\/version>/.exec(text)?.[1];
    if (version !== undefined) return fine(`bbb: ${host} answers, version ${version}`);
    return problem(`bbb: ${host} answers ${status} without a version: does BBB run there?`);
  } catch (error) {
    return problem(`bbb: ${host}: ${fetchProblem(error)}: does BBB run, and can this machine reach its own address?`);
  }
}
