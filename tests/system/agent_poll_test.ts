// A poll whose answer is under way while agents report: their events win, and no count goes back (D-70, D-71).
import assert from "node:assert/strict";
import { signToken } from "../../src/contract/token.ts";
import { findMeeting } from "../../src/store/meetings.ts";
import { clusterID } from "../support/bbb_client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { eventually } from "../support/wait.ts";

const ID = clusterID("fe1", "lecture");

/** The agent of the only node. */
async function agentOf(cluster: Cluster) {
  await cluster.db`update backends set agent_ref = 'agent1', agent_heartbeat = localtimestamp`;
  const { jwtSecret } = cluster.deps.config;
  const authorization = `Bearer ${await signToken(jwtSecret, { scope: "b3scale:node", sub: "agent1" }, Date.now())}`;
  return async (action: string, params: object) => {
    const response = await fetch(`${cluster.origins[0]}/api/v1/agent/rpc`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ action, payload: new TextEncoder().encode(JSON.stringify(params)).toBase64() }),
    });
    assert.deepEqual(await response.json(), { status: "ok", result: null });
  };
}

const stateOf = async (cluster: Cluster) => {
  const meeting = (await findMeeting(cluster.db, ID))?.meeting;
  return {
    people: meeting?.attendees?.map((one) => `${one.userID}/${one.internalUserID}`),
    participants: meeting?.participantCount,
    moderators: meeting?.moderatorCount,
    running: meeting?.running,
  };
};

Deno.test("a slow poll changes nothing that events have set since it began, and the next poll agrees with them", async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const node = cluster.nodes.at(0);
  const rpc = await agentOf(cluster);
  await cluster.client().call("create", { meetingID: "lecture", name: "Lecture" });
  const internal_meeting_id = (await findMeeting(cluster.db, ID))?.internal_id;
  const join = async (number: number, role: "MODERATOR" | "VIEWER") => {
    const name = `User ${number}`;
    const { internalUserID } = node.joinUser(ID, { userID: `u${number}`, fullName: name, role });
    const attendee = { UserID: `u${number}`, InternalUserID: internalUserID, FullName: name, Role: role };
    await rpc("meeting_add_attendee", { internal_meeting_id, attendee });
    return internalUserID;
  };
  const leave = async (number: number, internal_user_id: string) => {
    node.leaveUser(ID, `u${number}`);
    await rpc("meeting_remove_attendee", { internal_meeting_id, internal_user_id });
  };
  const polls = () => node.calls.filter(({ resource }) => resource === "getMeetings").length;
  const finished = async () =>
    (await cluster.db`select from commands where action = 'update_node_state' and state = 'success'`).length;
  /** Until the answer of a poll that was asked for now is stored. */
  const poll = async (meanwhile: () => Promise<void>) => {
    const [asked, done] = [polls(), await finished()];
    await cluster.pollSoon(0);
    await eventually("the node is asked", () => polls() > asked);
    await meanwhile();
    await eventually("its answer is stored", async () => await finished() > done);
  };

  await rpc("meeting_set_running", { internal_meeting_id, running: true });
  const first = await join(1, "MODERATOR");
  // What the node knows when it is asked reaches us only after the events.
  node.fail({ kind: "hang", resource: "getMeetings", takesEffect: true, count: 1 });
  await poll(async () => {
    const second = await join(2, "VIEWER");
    await join(3, "MODERATOR");
    await leave(1, first);
    await leave(2, second);
    await join(4, "VIEWER");
    node.release();
  });
  const after = await stateOf(cluster);
  assert.deepEqual([after.participants, after.moderators, after.people?.length], [2, 1, 2]);
  assert(after.people?.every((one) => /^u[34]\/.+/.test(one)), String(after.people));

  await poll(() => Promise.resolve());
  assert.deepEqual(await stateOf(cluster), after);
});
