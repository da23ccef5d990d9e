// What people do on a node is what the database says: while all is well, and again after Redis, the server, or both were
// away. Agent, server and Redis are processes; no poll is scheduled, so that whatever is right is the agent's doing.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { freePort } from "../../demo/postgres.ts";
import { signToken } from "../../src/contract/token.ts";
import { readStoredMeeting } from "../../src/store/stored_meeting.ts";
import { type AgentProcess, runAgent } from "../support/agent_process.ts";
import {
  presenter,
  roleChanged,
  voiceJoined,
  voiceLeft,
  webcamStarted,
  webcamStopped,
} from "../support/bbb_messages.ts";
import { type BusyNode, createBusyNode } from "../support/busy_node.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { holdSchedule } from "../support/golden_rest/hold.ts";
import { type OwnRedis, startRedis } from "../support/redis.ts";
import { serverEnv } from "../support/server_process.ts";
import { eventually } from "../support/wait.ts";

const SECRET = serverEnv("")["B3SCALE_API_JWT_SECRET"] ?? "";

async function startAgent(cluster: Cluster, redis: OwnRedis, stack: AsyncDisposableStack): Promise<AgentProcess> {
  const node = cluster.nodes.at(0);
  const file = stack.adopt(await Deno.makeTempFile(), (path) => Deno.remove(path));
  const { host, port } = redis.settings;
  const serverURL = node.url.replace("/bigbluebutton/api/", "");
  await Deno.writeTextFile(
    file,
    `bigbluebutton.web.serverURL=${serverURL}\nsecuritySalt=${node.secret}\nredisHost=${host}\nredisPort=${port}\n`,
  );
  await cluster.db`update backends set agent_ref = 'agent1'`;
  return stack.use(runAgent({
    env: {
      B3SCALE_API_URL: cluster.origins[0] ?? "",
      B3SCALE_API_ACCESS_TOKEN: await signToken(SECRET, { scope: "b3scale:node", sub: "agent1" }, Date.now()),
      BBB_CONFIG: file,
    },
  }));
}

/** Published all at once, in their order. */
async function publish(redis: OwnRedis, busy: BusyNode, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => redis.publish(busy.change())));
}

/** Nobody hears of them. */
const changeUnheard = (busy: BusyNode, count: number) => Array.from({ length: count }, () => busy.change());

/** Prints how long it took. */
async function untilRight(what: string, busy: BusyNode): Promise<number> {
  const since = performance.now();
  await eventually(`everything is right ${what}`, async () => {
    const differences = await busy.differences();
    if (differences.length > 0) throw new Error(`${differences.length} rooms, e.g. ${differences[0]}`);
    return true;
  }, { withinMs: 60_000 });
  const ms = performance.now() - since;
  console.log(`agent events: right ${what} after ${(ms / 1000).toFixed(2)} s`);
  return ms;
}

Deno.test("everybody who joins and leaves is known, also after Redis, the server, or both were away", async (t) => {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis());
  const env = { B3SCALE_LISTEN_HTTP: `127.0.0.1:${freePort()}` };
  const cluster = stack.use(await startCluster({ nodes: 1, processes: 1, env }));
  const node = cluster.nodes.at(0);
  const busy = createBusyNode(node, cluster.db, { rooms: 50, seed: 2026 });
  await cluster.pollSoon(0);
  await untilRight("at the beginning", busy);
  let holding = await holdSchedule(cluster.dbUrl);
  stack.defer(() => holding[Symbol.asyncDispose]());
  const agent = await startAgent(cluster, redis, stack);
  const timesPolled = () => [...agent.stderr().matchAll(/the server polls this node/g)].length;
  await eventually("the agent follows events", () => timesPolled() === 1);
  const polls = () => node.calls.filter(({ resource }) => resource === "getMeetings").length;
  const killServer = async () => {
    const [process] = cluster.processes.slice(-1);
    await process?.kill("SIGKILL");
  };

  await t.step("5,000 joins and leaves of 50 meetings are stored without any poll", async () => {
    await eventually("the polls that the agent asked for at its start are over", async () => {
      return (await cluster.db`select from commands where state in ('requested', 'running')`).length === 0;
    });
    const before = polls();
    await publish(redis, busy, 5000);
    const ms = await untilRight("after 5,000 events", busy);
    console.log(`agent events: ${Math.round(5_000_000 / ms)} events/s`);
    assert.equal(polls(), before);
  });

  await t.step("voice, webcams, roles and presenters are stored", async () => {
    const { internalMeetingID: meeting, internalUserID: user } = busy.anyone();
    const stored = async () => {
      const [row] = await cluster.db<{ state: unknown }[]>`select state from meetings where internal_id = ${meeting}`;
      const person = readStoredMeeting(row?.state).attendees?.find((one) => one.internalUserID === user);
      const { role, isPresenter, isListeningOnly, hasJoinedVoice, hasVideo } = person ?? {};
      return [role, isPresenter, isListeningOnly, hasJoinedVoice, hasVideo];
    };
    const before = await stored();
    const tell = async (texts: readonly string[], expected: readonly unknown[]) => {
      for (const text of texts) await redis.publish(text);
      await eventually(String(expected), async () => isDeepStrictEqual(await stored(), expected));
    };
    await tell(
      [roleChanged(meeting, user, "MODERATOR"), presenter(meeting, user), voiceJoined(meeting, user, true)],
      ["MODERATOR", true, true, false, false],
    );
    await tell(
      [
        voiceJoined(meeting, user, false),
        ...["a", "b"].map((stream) => webcamStarted(meeting, user, stream)),
        webcamStopped(meeting, user, "a"),
        presenter(meeting, user, false),
      ],
      ["MODERATOR", false, false, true, true],
    );
    await tell(
      [webcamStopped(meeting, user, "b"), voiceLeft(meeting, user), roleChanged(meeting, user, String(before[0]))],
      before,
    );
  });

  await t.step("events of a short absence of the server are not lost", async () => {
    await killServer();
    await publish(redis, busy, 1000);
    await cluster.startProcess();
    await untilRight("after a short absence of the server", busy);
  });

  await t.step("what happened while Redis was away is polled", async () => {
    await redis.kill();
    changeUnheard(busy, 500);
    await redis.restart();
    await untilRight("after Redis was away", busy);
  });

  await t.step("what happened while the server was away is polled", async () => {
    await killServer();
    await publish(redis, busy, 1000);
    await eventually("the agent gives up on them", () => /events are given up/.test(agent.stderr()));
    await cluster.startProcess();
    await untilRight("after the server was away", busy);
  });

  await t.step("what happened while both were away is polled", async () => {
    await Promise.all([killServer(), redis.kill()]);
    changeUnheard(busy, 500);
    await Promise.all([cluster.startProcess(), redis.restart()]);
    await untilRight("after both were away", busy);
  });

  await t.step("events count as before after all that", async () => {
    await holding[Symbol.asyncDispose]();
    await eventually("the agent listens", async () => await redis.subscriptions() > 0);
    await publish(redis, busy, 2000);
    await untilRight("with polls", busy);
    holding = await holdSchedule(cluster.dbUrl);
  });

  assert.equal(/Person user-/.test(agent.stderr()), false, "names are nobody's business");
  agent.kill("SIGTERM");
  assert.equal((await agent.exited).code, 0);
});
