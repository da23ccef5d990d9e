// An empty database, the three compiled programs, two simulated nodes and a Redis: from the migration to a recording that
// a node uploads, and to the signal that ends it all.
import assert from "node:assert/strict";
import { startBbbNode } from "../../demo/bbb_node/node.ts";
import { contentDigest } from "../../src/recordings/content_digest.ts";
import { type BbbClient, bbbClient, clusterID } from "../support/bbb_client.ts";
import { joined } from "../support/bbb_messages.ts";
import { openRedis } from "../support/redis.ts";
import { sha256 } from "../support/tar.ts";
import { emptyDatabase } from "../support/test_db.ts";
import { formatTar, listFiles, RECORD_ID, uploadFolders } from "../support/upload_server.ts";
import { eventually } from "../support/wait.ts";
import { type Alone, alone, figure, JWT_SECRET, residentMB, type Server, startServer } from "./binary.ts";

/** What an operator types, on one server. */
function operator(scene: Alone, origin: string) {
  const run = (...args: string[]) => scene.run("b3scalectl", args, { B3SCALE_API_URL: origin });
  return {
    run,
    does: async (...args: string[]) => {
      const { code, stdout, stderr } = await run(...args);
      assert.equal(code, 0, `b3scalectl ${args.join(" ")}: ${stdout}${stderr}`);
      return stdout;
    },
  };
}

Deno.test("the binaries alone: first meeting, an agent's event, an upload, SIGTERM", async (t) => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await emptyDatabase());
  const scene = stack.use(await alone());
  const redis = stack.use(await openRedis());
  const first = stack.use(await startBbbNode({ secret: "node-secret-1" }));
  const second = stack.use(await startBbbNode({ secret: "node-secret-2" }));
  const recordings = stack.adopt(await Deno.makeTempDir({ prefix: "b3scale-binary-recordings-" }), remove);
  for (const folder of Object.values(uploadFolders(recordings))) await Deno.mkdir(folder);

  const server = await startServer(scene, { B3SCALE_DB_URL: database.url, ...uploadFolders(recordings) });
  stack.use(server.process);
  const ctl = operator(scene, server.origin);
  const moodle = bbbClient(server.origin, "moodle", "frontend-secret");

  await t.step("b3scaled migrates an empty database and becomes ready", async () => {
    await eventually("it is ready", async () => {
      const response = await fetch(`${server.origin}/readyz`);
      await response.body?.cancel();
      return response.status === 200;
    });
    figure(`b3scaled: first 200 after ${server.startedAfterMs} ms, ${residentMB(server.process)} MB`);
  });

  await t.step("b3scalectl makes a node, a tenant and a meeting", async () => {
    await ctl.does("auth", "authorize", "--secret", JWT_SECRET);
    await ctl.does("set", "backend", "--secret", first.secret, first.url);
    await ctl.does("set", "frontend", "--secret", "frontend-secret", "moodle");
    const said = await eventually("the meeting is created", async () => {
      const { code, stdout } = await ctl.run("create-meeting", "--frontend", "moodle", "--name", "First meeting");
      return code === 0 && stdout;
    });
    const link = /Join URL: (\S+)/.exec(said)?.[1] ?? "";
    const join = await fetch(link, { redirect: "manual" });
    await join.body?.cancel();
    assert.equal(join.status, 302, said);
    assert(join.headers.get("location")?.startsWith(first.url), `to ${join.headers.get("location")}`);
    assert.deepEqual(first.meetings().map(({ name }) => name), ["First meeting"]);
    assert.match(await ctl.does("show", "meetings"), / moodle /);
    assert.match(await ctl.does("status"), /moodle|127\.0\.0\.1/);
    const { stdout } = await ctl.run("doctor");
    assert.match(stdout, /\d+ checks: /);
    assert.match(await ctl.does("show", "frontend", "--generate-bash-completion"), /^moodle$/m);
  });

  const token = (await ctl.does("auth", "authorize_node_agent", "--ref", "node2", "--secret", JWT_SECRET)).trim();

  await t.step("b3scaleagent registers its node and reports who joins", async () => {
    const properties = `${recordings}/bbb-web.properties`;
    await Deno.writeTextFile(
      properties,
      [
        `bigbluebutton.web.serverURL=${new URL(second.url).origin}`,
        `securitySalt=${second.secret}`,
        `redisHost=${redis.settings.host}`,
        `redisPort=${redis.settings.port}`,
        redis.settings.password === "" ? "" : `redisPassword=${redis.settings.password}`,
      ].join("\n"),
    );
    await using agent = scene.start("b3scaleagent", ["-a"], {
      B3SCALE_API_URL: server.origin,
      B3SCALE_API_ACCESS_TOKEN: token,
      BBB_CONFIG: properties,
    });
    await eventually("the agent listens", async () => {
      assert(!agent.hasEnded(), agent.stderr());
      return await redis.subscriptions() > 0;
    });
    await ctl.does("enable", "backend", second.url);
    await ctl.does("disable", "backend", first.url);
    await eventually("a meeting is on the agent's node", async () => {
      const { returncode } = await moodle.create("lecture");
      return returncode === "SUCCESS" && second.meetings().length === 1;
    });
    const internalID = (await moodle.call("getMeetingInfo", { meetingID: "lecture" })).text("internalMeetingID");
    await redis.publish(joined(internalID, { intId: "w_1", extId: "ole", name: "Ole", role: "VIEWER" }));
    await eventually("the attendee is in the meeting", async () => {
      const meetings = JSON.parse(await ctl.does("show", "--json", "meetings", "--backend", second.url));
      return meetings[0]?.meeting.Attendees?.length === 1;
    });
    figure(`b3scaleagent: ${residentMB(agent)} MB`);
    agent.kill("SIGTERM");
    assert.equal((await agent.exited).code, 0, agent.stderr());
  });

  await t.step("a recording that a node uploads is listed and its files are in place", async () => {
    const body = formatTar({ meetingID: clusterID("moodle", "lecture") });
    const response = await fetch(
      `${server.origin}/api/v1/recordings-upload?record_id=${RECORD_ID}&format=presentation`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-digest": contentDigest(sha256(body)) },
        body,
      },
    );
    assert(response.ok, `${response.status} ${await response.text()}`);
    await eventually("it is listed", async () => (await moodle.call("getRecordings")).text("recordID") === RECORD_ID);
    await eventually("its files are in place", () => {
      return listFiles(recordings).includes(`published/presentation/${RECORD_ID}/metadata.xml`);
    });
  });

  await t.step("what is compiled in is served: the API's pages; and metrics", async () => {
    const pages = ["/healthz", "/metrics", "/static/docs/api-v1.html", "/static/docs/b3scale-openapi-v1.json"];
    for (const path of [...pages, "/static/docs/swagger-ui.css", "/static/docs/swagger-ui-bundle.js"]) {
      const response = await fetch(server.origin + path);
      assert.equal(response.status, 200, path);
      assert.notEqual(await response.text(), "", path);
    }
    const metrics = await (await fetch(`${server.origin}/metrics`)).text();
    assert.match(metrics, /^b3scale_build_info\{.*version="\d/m);
    assert.match(metrics, /^process_resident_memory_bytes [1-9]/m);
  });

  await t.step("under load it stays small, and SIGTERM ends it at once with exit code 0", async () => {
    await load(moodle, 2000);
    figure(`b3scaled after 2,000 requests: ${residentMB(server.process)} MB`);
    const stoppedAt = performance.now();
    server.process.kill("SIGTERM");
    assert.equal((await server.process.exited).code, 0, server.process.stderr());
    const tookMs = Math.round(performance.now() - stoppedAt);
    assert(tookMs < 5000, `${tookMs} ms`);
    figure(`b3scaled: SIGTERM to exit ${tookMs} ms`);
    assertCleanLog(server);
  });
});

/** Nothing fell over unseen: every line is one of the log's, and none is an error. */
function assertCleanLog({ process }: Server): void {
  for (const line of process.stderr().split("\n").filter((text) => text !== "")) {
    assert(line.startsWith("{"), line);
    assert.doesNotMatch(line, /"level":"(error|fatal|panic)"/);
  }
}

async function load(client: BbbClient, requests: number): Promise<void> {
  let left = requests;
  const one = async () => {
    while (left-- > 0) {
      const resource = left % 2 === 0 ? "getMeetings" : "isMeetingRunning";
      assert.equal((await client.call(resource, { meetingID: "lecture" })).returncode, "SUCCESS");
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

const remove = (folder: string): Promise<void> => Deno.remove(folder, { recursive: true });
