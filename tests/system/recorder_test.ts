// What whole servers count of their requests: by frontend, resource and messageKey, in bytes, and of meetings that end.
import assert from "node:assert/strict";
import { createApp } from "../../src/app.ts";
import { urlLabel } from "../../src/metrics/labels.ts";
import { callbackProxyRoutes } from "../../src/rest/callback_proxy.ts";
import { createProtectedRecordings } from "../../src/rest/protected_recordings.ts";
import { bbbClient } from "../support/bbb_client.ts";
import { startCluster } from "../support/cluster.ts";
import { makeLog } from "../support/make.ts";
import { noteMetrics } from "../support/noted_metrics.ts";
import { eventually } from "../support/wait.ts";

/** Values of the series of a family that have all of these labels. */
async function sum(origin: string, family: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return text.split("\n").filter((line) =>
    new RegExp(`^${family}(\\{| )`).test(line) && wanted.every((pair) => line.includes(pair))
  ).reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
}

const requests = "b3scale_gateway_requests_total";

Deno.test("a server counts BBB calls by what they were answered, and its own calls of nodes", async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const [origin = ""] = cluster.origins;
  const fe1 = cluster.client();
  const count = (labels: Record<string, string>) => sum(origin, requests, labels);

  assert.equal((await fe1.create("m1", { moderatorPW: "mp", attendeePW: "ap" })).returncode, "SUCCESS");
  assert.equal((await fe1.call("join", { meetingID: "m1", fullName: "Ada", role: "MODERATOR" })).status, 302);
  assert.equal((await fe1.call("end", { meetingID: "m1", password: "wrong" })).messageKey, "invalidPassword");
  assert.equal((await fe1.call("getMeetingInfo", { meetingID: "nobody's" })).messageKey, "notFound");
  const page = await fe1.call("join", { meetingID: "ended", fullName: "Ada" }, { headers: { accept: "text/html" } });
  assert.equal(page.status, 404);
  await bbbClient(origin, "nobody", "wrong").call("getMeetings");
  await bbbClient(origin, "fe1", "wrong").call("join", { meetingID: "m1" });
  await fetch(`${origin}/bbb/fe1/bigbluebutton/api`);

  assert.equal(await count({ frontend: "fe1", resource: "create", message_key: "none" }), 1);
  assert.equal(await count({ frontend: "fe1", resource: "join", message_key: "none" }), 1);
  assert.equal(await count({ frontend: "fe1", resource: "end", message_key: "invalidPassword" }), 1);
  assert.equal(await count({ frontend: "fe1", resource: "getMeetingInfo", message_key: "notFound" }), 1);
  assert.equal(await count({ frontend: "fe1", resource: "join", message_key: "invalidMeetingIdentifier" }), 1);
  assert.equal(await count({ frontend: "unknown", message_key: "checksumError" }), 2);
  assert.equal(await count({ frontend: "unknown", resource: "index", message_key: "none" }), 1);
  assert.equal(await sum(origin, "b3scale_gateway_request_duration_seconds_count"), 8);

  const backend = new URL(cluster.nodes.at(0).url).host;
  for (const resource of ["create", "end"]) {
    assert.equal(await sum(origin, "b3scale_node_calls_total", { backend, resource, result: "ok" }), 1);
  }
  assert.ok(await sum(origin, "b3scale_node_call_seconds_total", { backend, resource: "create" }) > 0);
  assert.ok(await sum(origin, "b3scale_database_connections_max") > 0);
  await eventually(
    "the event loop is watched",
    async () => await sum(origin, "b3scale_event_loop_lag_seconds_count") > 0,
  );
});

Deno.test("a server logs and counts the bytes that it sent", async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const [{ log, lines }, metrics] = [makeLog(), noteMetrics()];
  const app = createApp({ ...cluster.deps, log, metrics });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (req) => app(req));
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const fe1 = cluster.client();
  await fe1.create("m1", { name: "Straße" });
  const targets: readonly (readonly [method: string, target: string])[] = [
    ["GET", fe1.target("join", { meetingID: "m1", fullName: "Ada", role: "VIEWER" })],
    ["GET", fe1.target("getMeetings")],
    ["GET", fe1.target("getMeetingInfo", { meetingID: "m1" })],
    ["HEAD", fe1.target("getMeetings")],
    ["PUT", fe1.target("getMeetings")],
    ["GET", "/"],
    ["POST", "/"],
    ["GET", "/api/v1/frontends"],
    ["GET", "/docs/api/v1"],
    ["GET", "/static/docs/swagger-ui.css"],
    ["GET", "/b3s/retry-join/x"],
    ["GET", "/readyz"],
    ["GET", "/nothing"],
  ];
  for (const [method, target] of targets) {
    const response = await fetch(origin + target, { method, redirect: "manual" });
    const received = (await response.bytes()).length;
    const fields = lines.findLast(({ message }) => message === "")?.fields;
    assert.deepEqual([fields?.uri, fields?.status, fields?.bytes_out], [target, response.status, received]);
    const told = metrics.requests.at(-1);
    assert.deepEqual([told?.target, told?.status, told?.responseBytes], [target, response.status, received]);
    if (method !== "HEAD") assert.equal(response.headers.get("content-length"), String(received), target);
    assert.equal(urlLabel(target) === "other", target === "/nothing", target);
  }
  for (const { path } of [...createProtectedRecordings(cluster.deps), ...callbackProxyRoutes(cluster.deps)]) {
    assert.equal(urlLabel(`/api${path.replace(/:\w+/, "x")}`), `/api${path}`);
  }
});

Deno.test("of servers that end the same meetings at once, each meeting is observed by one", async () => {
  await using cluster = await startCluster({ nodes: 1, processes: 2 });
  const ids = Array.from({ length: 8 }, (_, n) => `m${n}`);
  const clients = cluster.origins.map((_, server) => cluster.client("fe1", server));
  await Promise.all(ids.map((id) => clients[0]?.create(id, { moderatorPW: "mp" })));
  await eventually("both servers know all meetings", async () => {
    const lists = await Promise.all(clients.map((client) => client.call("getMeetings")));
    return lists.every((list) => list.texts("meetingID").length === ids.length);
  });
  await Promise.all(ids.flatMap((meetingID) => clients.map((one) => one.call("end", { meetingID, password: "mp" }))));
  await eventually("all rows are gone", async () => (await cluster.db`select from meetings`).length === 0);
  const labels = { frontend: "fe1" };
  const counts = cluster.origins.map((origin) => sum(origin, "b3scale_meeting_duration_seconds_count", labels));
  assert.equal((await Promise.all(counts)).reduce((a, b) => a + b, 0), ids.length);
});
