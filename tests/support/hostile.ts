// One server process that is given what nobody should give it, and what must hold of it afterwards.
import assert from "node:assert/strict";
import { type Cluster, startCluster } from "./cluster.ts";
import { type RawAnswer, requestParts, sendRaw } from "./raw_http.ts";

export interface Hostile {
  readonly cluster: Cluster;
  send(
    method: string,
    target: string | Uint8Array,
    body?: { type: string; bytes: string | Uint8Array },
  ): Promise<RawAnswer>;
}

/** @param run afterwards the process must live, work, and have stored nothing but what the nodes have */
export async function withHostile(run: (hostile: Hostile) => Promise<void>): Promise<void> {
  await using cluster = await startCluster({ nodes: 2, processes: 1 });
  const origin = cluster.origins[0] ?? "";
  const send: Hostile["send"] = async (method, target, body) => {
    const answer = await sendRaw(origin, requestParts(method, target, body));
    assert.ok(answer !== undefined, `no answer to ${method} ${String(target).slice(0, 200)}`);
    assert.ok(answer.status < 500, `${answer.status} to ${method} ${String(target).slice(0, 200)}`);
    assert.ok(!/\bat \w+.*\.ts:|postgres|select /i.test(answer.body), answer.body);
    return answer;
  };
  await run({ cluster, send });
  const process = cluster.process(0);
  assert.equal(process.status, undefined, "the process died");
  const crashes = process.log.filter(({ level, code }) => level === "error" || code === "internal");
  assert.deepEqual(crashes, []);
  const rows = await cluster.db<{ id: string; internal_id: string; backend_id: string | null }[]>`
    select id, internal_id, backend_id from meetings`;
  const onNodes = new Set(cluster.nodes.all.flatMap((node) => node.meetings().map(({ meetingID }) => meetingID)));
  for (const { id, internal_id, backend_id } of rows) {
    assert.ok(backend_id !== null && !internal_id.startsWith("pending:"), `row "${id}" is half written`);
    assert.ok(onNodes.has(id), `row "${id}" is on no node`);
  }
  assert.equal((await cluster.db`select from b3scale_reservations where confirmed_at is null`).length, 0);
  assert.equal((await cluster.client().create("still-works")).returncode, "SUCCESS");
}
