// Events of BBB and the requests that an agent's process makes of them, against what was recorded from b3scale 1.x
// (tests/fixtures/golden/rest/README.md), one test each; what deviates on purpose: tests/support/golden_agent/events.ts.
import assert from "node:assert/strict";
import { VERSION } from "../../src/version.ts";
import { type AgentProcess, runAgent } from "../support/agent_process.ts";
import { destroyed } from "../support/bbb_messages.ts";
import { compareRequests } from "../support/golden_agent/compare.ts";
import { AGENT_TOKEN, type AgentStage, startAgentStage } from "../support/golden_agent/drive.ts";
import {
  EVENT_VECTORS,
  eventMisfits,
  type EventVector,
  expectedRequests,
  loadEvents,
} from "../support/golden_agent/events.ts";
import { type Recorder, startRecorder } from "../support/golden_agent/proxy.ts";
import { type AgentRequest, loadStartups } from "../support/golden_agent/vector.ts";
import { setRows } from "../support/golden_rest/rows.ts";
import { buildToken } from "../support/golden_rest/token.ts";
import { openRedis, type TestRedis } from "../support/redis.ts";
import { eventually } from "../support/wait.ts";

const vectors = loadEvents();
const rows = loadStartups().find(({ name }) => name === "startup.known-backend")?.given;
let kept: AsyncDisposableStack;
let stage: AgentStage;
let redis: TestRedis;
let recorder: Recorder;
let agent: AgentProcess;
let driven = 0;

/** The agent's backend and its meeting int-m1 exist, and the agent follows events, when this has run. */
Deno.test.beforeAll(async () => {
  await using stack = new AsyncDisposableStack();
  stage = stack.use(await startAgentStage());
  redis = stack.use(await openRedis());
  recorder = stack.use(startRecorder(stage.origin));
  await setRows(stage.db, rows);
  const file = stack.adopt(await Deno.makeTempFile(), (path) => Deno.remove(path));
  const { host, port, password } = redis.settings;
  const settings = {
    "bigbluebutton.web.serverURL": "http://127.0.0.1:41110",
    securitySalt: "be-secret",
    redisHost: host,
    redisPort: port,
    redisPassword: password,
  };
  await Deno.writeTextFile(file, Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join(""));
  agent = stack.use(runAgent({
    env: {
      B3SCALE_API_URL: recorder.origin,
      B3SCALE_API_ACCESS_TOKEN: buildToken(AGENT_TOKEN),
      BBB_CONFIG: file,
    },
  }));
  await eventually("the agent has asked for a poll", () => /the server polls this node/.test(agent.stderr()));
  await eventually("events are reported", async () => {
    await redis.publish(destroyed("int-first"));
    return recorder.requests().some(({ path }) => path.endsWith("int-first"));
  });
  kept = stack.move();
});

Deno.test.afterAll(async () => {
  await kept.disposeAsync();
});

/** What is asked for an event that follows all of the meeting's: nothing of the meeting can come after it. */
function sentinelOf(message: string): { text: string; path: string } {
  const meetingID = message.includes("int-none") ? "int-none" : "int-m1";
  return { text: destroyed(meetingID), path: `/api/v1/meetings/internal:${meetingID}` };
}

async function drive(vector: EventVector): Promise<void> {
  await setRows(stage.db, rows);
  const expected = expectedRequests(vector, vectors).map((request): AgentRequest => ({
    ...request,
    headers: { ...request.headers, "user-agent": `b3scaleagent/${VERSION}` },
  }));
  const before = recorder.requests().length;
  const asked = () => recorder.requests().slice(before).filter(({ path }) => !path.endsWith("int-first"));
  const message = typeof vector.message === "string" ? vector.message : JSON.stringify(vector.message);
  await redis.publish(message, vector.channel);
  const sentinel = sentinelOf(message);
  await redis.publish(sentinel.text);
  await eventually("the sentinel's request", () => {
    const more = asked().filter(({ method, path }) => method === "DELETE" && path === sentinel.path).length;
    return more === 1 + expected.filter(({ path }) => path === sentinel.path).length;
  });
  const requests = asked().slice(0, -1);
  assert.deepEqual(compareRequests(requests, expected), []);
  const lengths = expected.map(({ headers }) => Number(headers["content-length"] ?? 0));
  assert.deepEqual(requests.map(({ bytes }) => bytes), lengths, "no byte more than 1.x sends");
}

Deno.test("golden agent events: the table of deviations fits the vectors", () => {
  assert.deepEqual(eventMisfits(vectors), []);
  const unmarked = vectors.map(({ deviate: _, ...vector }) => vector);
  assert.equal(eventMisfits(unmarked).filter((line) => line.endsWith("is superfluous")).length, 4);
  const marked = vectors.map((vector) => ({ ...vector, deviate: "somehow" }));
  assert.ok(eventMisfits(marked).includes('"not-json" has no entry'));
});

for (const vector of vectors) {
  // The processes outlive each test.
  Deno.test(`golden agent events: ${vector.name}`, { sanitizeOps: false, sanitizeResources: false }, async () => {
    driven++;
    await drive(vector);
  });
}

Deno.test("golden agent events: what cannot be read is said once, and a meeting that is gone is no error", async () => {
  const problems = await eventually("the line about what is no JSON", () => {
    const lines = agent.stderr().split("\n").filter((line) => / (WRN|ERR) /.test(line));
    return lines.length >= 2 && lines;
  });
  assert.deepEqual(problems.map((line) => /reason="?([^"]*)/.exec(line)?.[1]).sort(), [
    "MeetingEndedEvtMsg has no core.body.meetingId",
    "the message is not JSON",
  ]);
});

Deno.test("golden agent events: every event was driven", () => {
  assert.equal(driven, EVENT_VECTORS);
});
