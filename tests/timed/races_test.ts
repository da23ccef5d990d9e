// Creates at the same moment on two processes that share one database: one meeting on one node always, whoever dies.
import assert from "node:assert/strict";
import type { BbbAnswer } from "../support/bbb_client.ts";
import { clusterID } from "../support/bbb_client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { eventually } from "../support/wait.ts";

const count = <T>(items: readonly T[], fits: (item: T) => boolean): number => items.filter(fits).length;

/** Nodes that were asked to build the meeting, by number. */
const nodesAsked = ({ nodes }: Cluster, meetingID: string): number[] =>
  nodes.all.flatMap((node, index) =>
    node.calls.some(({ resource, params }) =>
        resource === "create" && params["meetingID"] === clusterID("fe1", meetingID)
      )
      ? [index]
      : []
  );

function assertBuilt(answers: readonly BbbAnswer[], meetingID: string): void {
  for (const { xml, returncode, text } of answers) {
    assert.equal(returncode, "SUCCESS", `${meetingID}: ${xml}`);
    assert.equal(text("meetingID"), meetingID);
  }
  assert.equal(new Set(answers.map(({ text }) => text("internalMeetingID"))).size, 1, meetingID);
}

Deno.test("create of one meeting by many clients of two processes at once gives one node and one answer", async () => {
  await using cluster = await startCluster({ processes: 2, nodes: 4 });
  for (let round = 0; round < 50; round++) {
    const meetingID = `round-${round}`;
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => cluster.client("fe1", i % 2).create(meetingID)),
    );
    assertBuilt(answers, meetingID);
    assert.equal(count(answers, ({ messageKey }) => messageKey === "duplicateWarning"), 7, meetingID);
    assert.equal(cluster.nodesWith("fe1", meetingID).length, 1, meetingID);
    assert.deepEqual(nodesAsked(cluster, meetingID), cluster.nodesWith("fe1", meetingID));
  }
  const [rows] = await cluster.db<{ pending: number; bound: number }[]>`
    select count(*) filter (where internal_id like 'pending:%')::int as pending,
      count(*) filter (where backend_id is not null)::int as bound from meetings`;
  assert.deepEqual({ ...rows }, { pending: 0, bound: 50 });
});

Deno.test("create of 200 meetings at once on two processes loads 22 equal nodes equally", async () => {
  await using cluster = await startCluster({ processes: 2, nodes: 22 });
  const startedAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => cluster.client("fe1", i % 2).create(`lecture-${i}`)),
  );
  const tookMs = performance.now() - startedAt;
  answers.forEach((answer, i) => assertBuilt([answer], `lecture-${i}`));
  const meetings = cluster.nodes.all.map((node) => node.meetings().length);
  assert.equal(meetings.reduce((sum, n) => sum + n, 0), 200);
  const spread = Math.max(...meetings) - Math.min(...meetings);
  console.log(`200 creates in ${Math.round(tookMs)} ms, per node ${Math.min(...meetings)} to ${Math.max(...meetings)}`);
  assert.ok(spread <= 1, `meetings per node: ${meetings.join(" ")}`);
  assert.ok(tookMs < 9500, `200 creates took ${Math.round(tookMs)} ms`);
});

Deno.test("a process killed in the middle of its creates leaves nothing that stays pending", async () => {
  await using cluster = await startCluster({ processes: 2, nodes: 3, nodeOptions: { latencyMs: 300 } });
  const { db } = cluster;
  const ids = Array.from({ length: 60 }, (_, i) => `victim-${i}`);
  // Twelve clients, one create after the other: those of one moment would be reserved and confirmed together.
  const clients = Array.from({ length: 12 }, (_, client) => ids.filter((_, i) => i % 12 === client));
  const outcomes = new Map<string, PromiseSettledResult<BbbAnswer> | undefined>();
  const doomed = Promise.all(clients.map(async (own) => {
    for (const id of own) outcomes.set(id, (await Promise.allSettled([cluster.client("fe1", 0).create(id)]))[0]);
  }));
  // In the middle: some are built and confirmed, some asked of a node, some not even reserved.
  await eventually("some meetings are confirmed and some are pending", async () => {
    const [row] = await db<{ pending: number; bound: number }[]>`
      select count(*) filter (where backend_id is null)::int as pending, count(backend_id)::int as bound from meetings`;
    return row !== undefined && row.pending > 0 && row.bound >= 5;
  });
  await cluster.process(0).kill("SIGKILL");
  // Below the rows are made as old as those that the sweep meets in life, when no node is still at it.
  await eventually(
    "the nodes have ended what they were asked",
    () =>
      cluster.nodes.all.every((node) =>
        count(node.calls, ({ resource }) => resource === "create") === node.meetings().length
      ),
  );
  await doomed;
  assert.ok(ids.some((id) => outcomes.get(id)?.status === "rejected"), "nothing was under way");
  const acknowledged = new Map(ids.flatMap((id) => {
    const outcome = outcomes.get(id);
    return outcome?.status === "fulfilled" && outcome.value.returncode === "SUCCESS"
      ? [[id, outcome.value.text("internalMeetingID")]]
      : [];
  }));
  const left = await db<{ id: string }[]>`select id from meetings where internal_id like 'pending:%'`;
  assert.ok(left.length > 0, "nothing was left pending: the kill came too late");

  await db`
    update meetings set created_at = created_at - interval '1 minute', updated_at = updated_at - interval '1 minute'
    where internal_id like 'pending:%'`;
  await db`update b3scale_reservations set created_at = created_at - interval '1 minute'`;
  await eventually("the sweep has resolved what was pending", async () => {
    return (await db`select from meetings where internal_id like 'pending:%'`).length === 0;
  });

  const again = await Promise.all(ids.map((id) => cluster.client("fe1", 1).create(id)));
  ids.forEach((id, i) => {
    const answer = again[i];
    assert.ok(answer !== undefined);
    assertBuilt([answer], id);
    assert.equal(cluster.nodesWith("fe1", id).length, 1, id);
    const before = acknowledged.get(id);
    if (before !== undefined) assert.equal(answer.text("internalMeetingID"), before, `${id} was acknowledged`);
  });
  console.log(`killed with ${left.length} creates pending and ${acknowledged.size} of ${ids.length} acknowledged`);
});
