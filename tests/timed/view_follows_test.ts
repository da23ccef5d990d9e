// Rows that another process writes appear in the answers, whether a notification tells of them, is late, or is lost.
import assert from "node:assert/strict";
import { type Cluster, insertFrontend, startCluster } from "../support/cluster.ts";
import { bbbClient, clusterID } from "../support/bbb_client.ts";
import { eventually } from "../support/wait.ts";
import { cutListenersAnd, keepCutting, listeners } from "../support/listener.ts";

/** Well before the reconcile, which would hide a notification that nobody followed. */
const SOON = { withinMs: 5000 };

interface WrittenMeeting {
  readonly meetingID: string;
  readonly node: number;
  readonly name?: string;
}

/** One server whose nodes are polled no more: what changes here is written by the test alone. */
async function startFollowing(nodes = 1): Promise<Cluster> {
  const cluster = await startCluster({ nodes, processes: 1 });
  await cluster.db`update b3scale_backend_health set due_at = localtimestamp + interval '1 hour'`;
  return cluster;
}

/** As a 1.x process writes a meeting that it has created. */
async function writeMeeting(cluster: Cluster, { meetingID, node, name = meetingID }: WrittenMeeting): Promise<void> {
  const id = clusterID("fe1", meetingID);
  const state = { MeetingName: name, MeetingID: id, InternalMeetingID: `internal-${meetingID}`, Running: true };
  await cluster.db`
    insert into meetings (id, internal_id, state, frontend_id, backend_id)
    values (${id}, ${state.InternalMeetingID}, ${cluster.db.json(state)}, (select id from frontends where key = 'fe1'),
      ${cluster.backendID(node)})`;
}

const namesListed = async (cluster: Cluster) => (await cluster.client().call("getMeetings")).texts("meetingName");

const joinPort = async (cluster: Cluster, meetingID: string): Promise<number> => {
  const { location } = await cluster.client().call("join", { meetingID, fullName: "Mira", role: "VIEWER" });
  return location.startsWith("http") ? Number(new URL(location).port) : 0;
};

Deno.test("frontends of another process are served, change their secret and end", async () => {
  await using cluster = await startFollowing();
  await insertFrontend(cluster.db, "fresh");
  const fresh = cluster.client("fresh");
  assert.equal((await fresh.call("getMeetings")).messageKey, "noMeetings", "a new one at once");

  await cluster.db`update frontends set secret = 'another' where key = 'fresh'`;
  const renewed = bbbClient(cluster.origins[0] ?? "", "fresh", "another");
  await eventually(
    "the new secret counts",
    async () => (await renewed.call("getMeetings")).messageKey === "noMeetings",
    SOON,
  );
  assert.equal((await fresh.call("getMeetings")).messageKey, "checksumError", "the old one does not");

  await cluster.db`update frontends set active = false where key = 'fresh'`;
  await eventually(
    "a deactivated one is refused",
    async () => (await renewed.call("getMeetings")).messageKey === "checksumError",
    SOON,
  );
  await cluster.db`update frontends set active = true where key = 'fresh'`;
  await eventually(
    "an activated one is served",
    async () => (await renewed.call("getMeetings")).messageKey === "noMeetings",
    SOON,
  );
  await cluster.db`delete from frontends where key = 'fresh'`;
  await eventually(
    "a deleted one is refused",
    async () => (await renewed.call("getMeetings")).messageKey === "checksumError",
    SOON,
  );
});

Deno.test("meetings of another process are found, change, move and go", async () => {
  await using cluster = await startFollowing(2);
  const client = cluster.client();
  await writeMeeting(cluster, { meetingID: "room", node: 0 });
  assert.equal(await joinPort(cluster, "room"), cluster.nodes.at(0).port, "a new one at once");
  await eventually("it is listed", async () => (await namesListed(cluster)).join() === "room", SOON);

  const id = clusterID("fe1", "room");
  await cluster.db`update meetings set state = state || '{"MeetingName": "renamed"}' where id = ${id}`;
  await eventually("its new name is listed", async () => (await namesListed(cluster)).join() === "renamed", SOON);
  await cluster.db`update meetings set backend_id = ${cluster.backendID(1)} where id = ${id}`;
  await eventually(
    "join follows it to its new node",
    async () => await joinPort(cluster, "room") === cluster.nodes.at(1).port,
    SOON,
  );
  await cluster.db`delete from meetings where id = ${id}`;
  await eventually("it is gone from the list", async () => (await namesListed(cluster)).length === 0, SOON);
  assert.equal((await client.call("getMeetingInfo", { meetingID: "room" })).messageKey, "notFound");
});

Deno.test("a backend that another process moves to a new address is called there", async () => {
  await using cluster = await startFollowing(2);
  await writeMeeting(cluster, { meetingID: "room", node: 0 });
  assert.equal(await joinPort(cluster, "room"), cluster.nodes.at(0).port);
  await cluster.db`delete from backends where id = ${cluster.backendID(1)}`;
  const { url, secret, port } = cluster.nodes.at(1);
  await cluster.db`update backends set host = ${url}, secret = ${secret} where id = ${cluster.backendID(0)}`;
  await eventually("join goes to the new address", async () => await joinPort(cluster, "room") === port, SOON);
  cluster.nodes.at(1).addMeeting({ meetingID: clusterID("fe1", "room") });
  const info = await cluster.client().call("getMeetingInfo", { meetingID: "room" });
  assert.equal(info.text("meetingID"), "room", "signed with the new secret");
});

Deno.test("what is not known is looked up at once while notifications are lost all the time", async () => {
  await using cluster = await startFollowing();
  await using _cutting = keepCutting(cluster.db);
  for (let round = 0; round < 10; round++) {
    await insertFrontend(cluster.db, `fresh-${round}`);
    assert.equal((await cluster.client(`fresh-${round}`).call("getMeetings")).messageKey, "noMeetings");
    await writeMeeting(cluster, { meetingID: `room-${round}`, node: 0 });
    assert.equal(await joinPort(cluster, `room-${round}`), cluster.nodes.at(0).port);
    assert.equal((await cluster.client().call("isMeetingRunning", { meetingID: "nobody's" })).text("running"), "false");
  }
});

Deno.test("a change whose notification was lost with the connection is seen once the view is trusted again", async () => {
  await using cluster = await startFollowing();
  await writeMeeting(cluster, { meetingID: "room", node: 0, name: "name 0" });
  await eventually("it is listed", async () => (await namesListed(cluster)).join() === "name 0", SOON);
  let slowestMs = 0;
  for (let round = 1; round <= 15; round++) {
    const name = `name ${round}`;
    await cutListenersAnd(cluster.db, async (tx) => {
      await tx`update meetings set state = state || jsonb_build_object('MeetingName', ${name}::text)`;
    });
    const lostAt = performance.now();
    await eventually(`"${name}" is listed`, async () => (await namesListed(cluster)).join() === name, SOON);
    slowestMs = Math.max(slowestMs, performance.now() - lostAt);
  }
  console.log(`15 lost notifications, each made good within ${Math.round(slowestMs)} ms`);
});

Deno.test("a load that was begun before the connection was lost does not restore trust", async () => {
  await using cluster = await startFollowing();
  await writeMeeting(cluster, { meetingID: "room", node: 0, name: "before" });
  await eventually("it is listed", async () => (await namesListed(cluster)).join() === "before", SOON);
  const waiting = async () =>
    (await cluster.db`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length > 0;
  const blocker = await cluster.db.reserve();
  try {
    await blocker`begin`;
    await blocker`lock table frontends in access exclusive mode`; // the load waits here; meetings are read meanwhile
    await cutListenersAnd(cluster.db, async () => {});
    await eventually("the load waits", waiting);
    await cutListenersAnd(cluster.db, async (tx) => {
      await tx`update meetings set state = state || '{"MeetingName": "after"}'`;
    });
    await eventually("somebody listens again", async () => (await listeners(cluster.db)).length > 0);
    await blocker`commit`;
  } finally {
    blocker.release();
  }
  await eventually(
    "the change is seen before any reconcile",
    async () => (await namesListed(cluster)).join() === "after",
    SOON,
  );
});

Deno.test("a change that notifies nobody is found by the reconcile", async () => {
  await using cluster = await startFollowing();
  await writeMeeting(cluster, { meetingID: "room", node: 0, name: "before" });
  await writeMeeting(cluster, { meetingID: "ghost", node: 0 });
  await eventually(
    "they are listed",
    async () => (await namesListed(cluster)).toSorted().join() === "before,ghost",
    SOON,
  );
  await cluster.db.begin(async (tx) => {
    await tx`set local session_replication_role = replica`; // no triggers
    await tx`update meetings set state = state || '{"MeetingName": "after"}' where id = ${clusterID("fe1", "room")}`;
    await tx`delete from meetings where id = ${clusterID("fe1", "ghost")}`;
  });
  await eventually("the reconcile has found both", async () => (await namesListed(cluster)).join() === "after", {
    withinMs: 40_000,
  });
});
