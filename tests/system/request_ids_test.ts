// One id from the edge to nodes and callbacks: whoever has it finds everything about a request with one search.
import assert from "node:assert/strict";
import { startCluster } from "../support/cluster.ts";
import { OUTSIDE, signJwt, startTestReceiver } from "../support/receivers.ts";
import { serverEnv } from "../support/server_process.ts";
import { eventually } from "../support/wait.ts";

const withID = (id: string): RequestInit => ({ headers: { "x-request-id": id } });

Deno.test("a request's id reaches the node, its answer, and each line about it", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 1 });
  const [client, node, server] = [cluster.client(), cluster.nodes.at(0), cluster.process(0)];
  const idsOf = (resource: string) =>
    node.calls.filter((call) => call.resource === resource).map(({ headers }) => headers["x-request-id"]);

  assert.equal(
    (await client.call("create", { meetingID: "room", name: "Room" }, withID("create-1"))).returncode,
    "SUCCESS",
  );
  await client.call("getMeetingInfo", { meetingID: "room" }, withID("info-1"));
  assert.deepEqual([idsOf("create"), idsOf("getMeetingInfo")], [["create-1"], ["info-1"]]);

  node.fail({ kind: "raw", status: 500, resource: "getMeetingInfo" });
  await client.call("getMeetingInfo", { meetingID: "room", x: "1" }, withID("info-2"));
  await eventually("the log tells of it", () => {
    const lines = server.log.filter((line) => line["request_id"] === "info-2");
    return lines.map(({ message }) => message).join() === "node call failed,request failed";
  });
});

Deno.test("a poll carries the id of its command, and so does what is logged of it", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 1 });
  const [node, server] = [cluster.nodes.at(0), cluster.process(0)];
  const ids = node.calls.filter(({ resource }) => resource === "getMeetings").map(({ headers }) =>
    headers["x-request-id"]
  );
  assert(ids.length > 0);
  const commands = await cluster.db<{ id: string }[]>`select id from commands where action = 'update_node_state'`;
  for (const id of ids) assert(commands.some((command) => command.id === id), id);

  node.fail({ kind: "raw", status: 500 });
  await cluster.pollSoon(0);
  const line = await eventually(
    "a poll fails",
    () => server.log.find(({ message }) => message === "poll of a node failed"),
  );
  const failed = node.calls.map(({ headers }) => headers["x-request-id"]);
  assert(failed.includes(String(line["request_id"])));
});

Deno.test("the id of a node's request goes on to the receiver of the callback, and into each line about it", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 0, env: { B3SCALE_CALLBACK_ALLOW: OUTSIDE } });
  await using lms = await startTestReceiver(OUTSIDE);
  const server = cluster.process(0);
  const [frontend] = await cluster.db<{ id: string }[]>`select id from frontends`;
  const claims = { scope: "b3scale:callback", sub: frontend?.id, aud: [`${lms.origin}/end`] };
  const token = signJwt("HS384", serverEnv("")["B3SCALE_API_JWT_SECRET"] ?? "", claims);
  const response = await fetch(`${server.origin}/api/v1/callbacks/proxy/${token}`, withID("ended-1"));
  await response.body?.cancel();
  assert.deepEqual([response.status, response.headers.get("x-request-id")], [200, "ended-1"]);
  const arrival = await eventually("it arrives", () => lms.arrivals[0]);
  assert.equal(arrival.headers["x-request-id"], "ended-1");
  await eventually("the log tells of it", () => {
    const lines = server.log.filter((line) => line["request_id"] === "ended-1");
    return lines.map(({ message }) => message).join() === "callback accepted,callback delivered";
  });
});
