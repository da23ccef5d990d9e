// A server for the recorded starts, and how one is driven against it: rows, the agent's process, its requests and lines.
import { readConfig } from "../../../src/config.ts";
import type { Pool } from "../../../src/deps.ts";
import { startServer } from "../../../src/server.ts";
import { BUILD, VERSION } from "../../../src/version.ts";
import { runAgent } from "../agent_process.ts";
import { deadHost } from "../golden/placeholders.ts";
import { holdBackground, holdSchedule } from "../golden_rest/hold.ts";
import { setRows } from "../golden_rest/rows.ts";
import { buildToken, JWT_SECRET } from "../golden_rest/token.ts";
import { silentLog, testDatabase } from "../test_db.ts";
import { eventually } from "../wait.ts";
import { compareLines, compareRequests } from "./compare.ts";
import { expectationOf } from "./deviations.ts";
import { startRecorder } from "./proxy.ts";
import { CIRCUMSTANCES, type StartupVector } from "./vector.ts";

export interface AgentStage extends AsyncDisposable {
  readonly db: Pool;
  /** Of the server. */
  readonly origin: string;
  /** @throws Error with one line per difference */
  drive(vector: StartupVector): Promise<void>;
}

export const AGENT_TOKEN = { scope: "b3scale:node", sub: "agent1" };

export async function startAgentStage(): Promise<AgentStage> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  await holdBackground(database.pool);
  stack.use(await holdSchedule(database.url));
  const running = await startServer(
    readConfig({
      B3SCALE_DB_URL: database.url,
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_API_URL: "http://b3scale.test",
      B3SCALE_API_JWT_SECRET: JWT_SECRET,
    }),
    { log: silentLog },
  );
  stack.defer(() => running.stop());
  await running.ready;
  const origin = `http://127.0.0.1:${running.address.port}`;
  const nobody = deadHost();
  const kept = stack.move();
  return {
    db: database.pool,
    origin,
    drive: async (vector) => {
      await setRows(database.pool, rename(vector.given, namesOf(origin, nobody)));
      const problems = await drive(vector, origin, nobody);
      if (problems.length === 0) return;
      const rule = vector.deviate === undefined ? "binding" : `deviates: ${vector.deviate}`;
      throw new Error(`"${vector.name}" (${rule})\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What stands in the recording → what it is here: the server, and neither node nor Redis. */
function namesOf(origin: string, nobody: string): Readonly<Record<string, string>> {
  const redisPort = `redisPort=${new URL(`http://${nobody}`).port}`;
  return {
    "127.0.0.1:41120": new URL(origin).host,
    "127.0.0.1:41110": nobody,
    "127.0.0.1:41198": nobody,
    "redisPort=6379": redisPort,
    "redisPort=41197": redisPort,
    "b3scaleagent/HEAD": `b3scaleagent/${VERSION}`,
    "version=HEAD": `version=${VERSION}`,
    "v.HEAD": `v.${VERSION}`,
    "build=0000000": `build=${BUILD}`,
  };
}

/** None of the names needs an escape in JSON. */
function rename<T>(value: T, names: Readonly<Record<string, string>>): T {
  const text = Object.entries(names).reduce((all, [from, to]) => all.replaceAll(from, to), JSON.stringify(value));
  return JSON.parse(text) as T;
}

async function drive(recorded: StartupVector, server: string, nobody: string): Promise<string[]> {
  await using stack = new AsyncDisposableStack();
  const recorder = stack.use(startRecorder(server));
  const names = namesOf(recorder.origin, nobody);
  const vector = rename(expectationOf(recorded), names);
  const properties = stack.adopt(await Deno.makeTempFile(), (path) => Deno.remove(path));
  await Deno.writeTextFile(properties, vector.properties);
  const { env = {}, token = AGENT_TOKEN } = CIRCUMSTANCES[vector.name] ?? {};
  const agent = stack.use(runAgent({
    args: vector.args,
    env: {
      B3SCALE_API_URL: recorder.origin,
      B3SCALE_API_ACCESS_TOKEN: buildToken(token),
      BBB_CONFIG: properties,
      ...rename(env, names),
    },
  }));
  const keepsRunning = vector.exit_code === null;
  if (keepsRunning) {
    await eventually(
      "two heartbeats, or the end",
      () => recorder.heartbeats().length >= 2 || /FTL/.test(agent.stderr()),
    );
    agent.kill("SIGTERM");
  }
  const { code } = await agent.exited;
  const { heartbeat_request: beat } = vector;
  return [
    ...code === (vector.exit_code ?? 0) ? [] : [`exit code: expected ${vector.exit_code ?? 0}, got ${code}`],
    ...agent.stdout() === vector.stdout ? [] : [`stdout: ${agent.stdout()}`],
    ...compareLines(
      agent.stderr(),
      keepsRunning ? [...vector.stderr, "{{time}} INF stopping signal=SIGTERM"] : vector.stderr,
    ),
    ...compareRequests(recorder.requests(), vector.requests),
    ...compareRequests(recorder.heartbeats(), beat === undefined ? [] : recorder.heartbeats().map(() => beat)),
  ];
}
