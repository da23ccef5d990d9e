// Callbacks from a node to a frontend, through servers that are processes of their own: each arrives, once, whatever
// happens to receivers and servers meanwhile, and none where it must not.
import assert from "node:assert/strict";
import { clusterID } from "../support/bbb_client.ts";
import { type Cluster, secretOf, startCluster } from "../support/cluster.ts";
import { deadHost } from "../support/golden/placeholders.ts";
import { INSIDE, OUTSIDE, readJwt, signJwt, startTestReceiver, type TestReceiver } from "../support/receivers.ts";
import { serverEnv, type ServerProcess } from "../support/server_process.ts";
import { eventually } from "../support/wait.ts";

const ENV = { B3SCALE_CALLBACK_ALLOW: OUTSIDE };
const JWT_SECRET = serverEnv("")["B3SCALE_API_JWT_SECRET"] ?? "";
const PROXY = /^http:\/\/b3scale\.test(\/api\/v1\/callbacks\/proxy\/[\w.-]+)$/;

/** The proxy's path for a target, as in a meeting of `fe1` that 1.x created. */
async function proxyPath({ db }: Cluster, target: string): Promise<string> {
  const [frontend] = await db<{ id: string }[]>`select id from frontends where key = 'fe1'`;
  const claims = { scope: "b3scale:callback", sub: frontend?.id, aud: [target], iat: 1, jti: "j" };
  return `/api/v1/callbacks/proxy/${signJwt("HS384", JWT_SECRET, claims)}`;
}

async function accept(url: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  assert.deepEqual([response.status, await response.text()], [200, ""]);
}

const endMeeting = async (cluster: Cluster, { origin }: ServerProcess, target: string) =>
  await accept(origin + await proxyPath(cluster, target));

const left = async ({ db }: Cluster) =>
  (await db<{ origin: string; reason: string | null; last_error: string | null }[]>`
    select origin, reason, last_error from b3scale_callbacks order by created_at`).map((row) => ({ ...row }));

const untilNoneIsLeft = (cluster: Cluster, withinMs = 30_000) =>
  eventually("all are delivered", async () => (await left(cluster)).length === 0, { withinMs });

/** What a node calls of a meeting that was created with callbacks. */
function urlsOfNode(cluster: Cluster, meetingID: string, server: ServerProcess): Record<string, string> {
  const create = cluster.nodes.all.flatMap(({ calls }) => calls).find(({ resource, params }) =>
    resource === "create" && params["meetingID"] === clusterID("fe1", meetingID)
  );
  return Object.fromEntries(
    Object.entries(create?.params ?? {}).filter(([, value]) => PROXY.test(value))
      .map(([name, value]) => [name, value.replace(PROXY, `${server.origin}$1`)]),
  );
}

Deno.test("a meeting's callbacks reach the frontend from two servers, each once, in its ids and with its secret", async () => {
  await using cluster = await startCluster({ processes: 2, nodes: 1, env: ENV });
  await using lms = await startTestReceiver(OUTSIDE);
  const meetings = Array.from({ length: 10 }, (_, n) => `room ${n}`);
  const secret = cluster.nodes.at(0).secret;
  await Promise.all(meetings.map(async (meetingID, n) => {
    const created = await cluster.client("fe1", n % 2).create(meetingID, {
      meta_endCallbackUrl: `${lms.origin}/end?room=${n}`,
      "meta_bbb-recording-ready-url": `${lms.origin}/recording?room=${n}`,
      "meta_analytics-callback-url": `${lms.origin}/analytics?room=${n}`,
    });
    assert.equal(created.returncode, "SUCCESS");
    const urls = urlsOfNode(cluster, meetingID, cluster.process((n + 1) % 2));
    assert.equal(Object.keys(urls).length, 3);
    const id = clusterID("fe1", meetingID);
    await accept(`${urls["meta_endCallbackUrl"]}?recordingmarks=true&meetingID=${encodeURIComponent(id)}`);
    await accept(urls["meta_bbb-recording-ready-url"] ?? "", {
      method: "POST",
      body: new URLSearchParams({
        signed_parameters: signJwt("HS256", secret, { meeting_id: id, record_id: `rec-${n}` }),
      }),
    });
    const exp = Math.floor(Date.now() / 1000) + 60;
    await accept(urls["meta_analytics-callback-url"] ?? "", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${signJwt("HS512", secret, { exp })}` },
      body: JSON.stringify({ meeting_id: id, internal_meeting_id: "int", data: { duration: 5 } }),
    });
  }));
  await untilNoneIsLeft(cluster);
  assert.equal(lms.arrivals.length, 30);
  for (const [n, meetingID] of meetings.entries()) {
    const byPath = (path: string) => {
      const found = lms.arrivals.filter(({ target }) => new RegExp(`^/${path}\\?.*room=${n}$`).test(target));
      assert.equal(found.length, 1, path);
      return found[0] ?? assert.fail();
    };
    const query = `meetingID=${meetingID.replace(" ", "+")}&recordingmarks=true&room=${n}`;
    assert.equal(byPath("end").target, `/end?${query}`);
    const recording = byPath("recording");
    assert.equal(recording.headers["content-type"], "application/x-www-form-urlencoded");
    const signed = new URLSearchParams(recording.body).get("signed_parameters") ?? "";
    const own = { meeting_id: meetingID, record_id: `rec-${n}` };
    assert.deepEqual(readJwt("HS256", secretOf("fe1"), signed), own);
    const analytics = byPath("analytics");
    const bearer = String(analytics.headers["authorization"]).replace("Bearer ", "");
    assert.ok(Number(readJwt("HS512", secretOf("fe1"), bearer)["exp"]) > Date.now() / 1000 + 3600);
    assert.deepEqual(JSON.parse(analytics.body), {
      meeting_id: meetingID,
      internal_meeting_id: "int",
      data: { duration: 5 },
    });
  }
});

Deno.test("a receiver that is away, then fails, gets its callback once it is well, from a server that was killed meanwhile", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 0, env: ENV });
  const port = Number(deadHost().split(":")[1]);
  const server = cluster.process(0);
  await endMeeting(cluster, server, `http://${OUTSIDE}:${port}/end?x=1`);
  await eventually("it was tried", async () => (await left(cluster))[0]?.last_error?.includes("refused"));
  await server.kill("SIGKILL");
  await using lms = await startTestReceiver(OUTSIDE, port);
  lms.answer = { status: 500 };
  await cluster.startProcess();
  await eventually("it was tried again", () => lms.arrivals.length > 0);
  lms.answer = { status: 200 };
  await untilNoneIsLeft(cluster);
  assert.equal(new Set(lms.arrivals.map(({ target }) => target)).size, 1);
});

Deno.test("a server that is killed while it sends loses nothing: another one repeats that try, and no other", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 0, env: ENV });
  await using hanging = await startTestReceiver(OUTSIDE);
  await using well = await startTestReceiver(OUTSIDE);
  hanging.answer = undefined;
  const server = cluster.process(0);
  await endMeeting(cluster, server, `${well.origin}/done`);
  await eventually("one is delivered", async () => (await left(cluster)).length === 0);
  await endMeeting(cluster, server, `${hanging.origin}/end`);
  await eventually("it is under way", () => hanging.arrivals.length === 1);
  await server.kill("SIGKILL");
  hanging.answer = { status: 200 };
  await cluster.startProcess();
  await untilNoneIsLeft(cluster, 60_000);
  assert.deepEqual([hanging.arrivals.length, well.arrivals.length], [2, 1]);
});

Deno.test("nothing is sent into the operator's network, by address, by name or by redirect", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 0, env: ENV });
  await using inside = await startTestReceiver(INSIDE);
  await using lms = await startTestReceiver(OUTSIDE);
  const server = cluster.process(0);
  const port = new URL(inside.origin).port;
  lms.answer = { status: 302, location: `${inside.origin}/secret` };
  const targets = [
    `${inside.origin}/a`,
    `${inside.origin}/b`,
    `http://localhost:${port}/`,
    `http://2130706433:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
  ];
  for (const target of targets) await endMeeting(cluster, server, target);
  await endMeeting(cluster, server, `${lms.origin}/redirects`);
  await eventually("all were tried", async () => (await left(cluster)).every(({ last_error }) => last_error !== null));
  const rows = await left(cluster);
  assert.deepEqual(rows.map(({ reason }) => reason), [...targets.map(() => "refused"), null]);
  assert.match(rows[0]?.last_error ?? "", /^127\.0\.0\.1 is a loopback address, which B3SCALE_CALLBACK_ALLOW/);
  assert.match(rows[2]?.last_error ?? "", /^localhost has the loopback address .*B3SCALE_CALLBACK_ALLOW/);
  assert.equal(rows.at(-1)?.last_error, "the receiver answered 302");
  assert.equal(inside.connections, 0);
  const warned = server.log.filter(({ message }) => message === "callback cannot be delivered");
  assert.equal(warned.length, 3, "one line for each host"); // 2130706433 is written as 127.0.0.1
  assert.ok(warned.every((line) => String(line["error"]).includes("B3SCALE_CALLBACK_ALLOW")));
});

Deno.test("a receiver that hangs delays no other", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 0, env: ENV });
  await using hanging = await startTestReceiver(OUTSIDE);
  await using lms = await startTestReceiver(OUTSIDE);
  hanging.answer = undefined;
  const server = cluster.process(0);
  for (let n = 0; n < 30; n++) await endMeeting(cluster, server, `${hanging.origin}/${n}`);
  await eventually("it hangs", () => hanging.arrivals.length === 4);
  const delays = await Promise.all(Array.from({ length: 8 }, async (_, n) => {
    const from = performance.now();
    await endMeeting(cluster, server, `${lms.origin}/${n}`);
    return (await arrival(lms, `/${n}`)) - from;
  }));
  assert.ok(Math.max(...delays) < 5000, `after ${delays.map(Math.round)} ms`);
  assert.equal(hanging.arrivals.length, 4);
});

const arrival = (receiver: TestReceiver, path: string): Promise<number> =>
  eventually(`${path} arrives`, () => receiver.arrivals.find(({ target }) => target === path)?.at);
