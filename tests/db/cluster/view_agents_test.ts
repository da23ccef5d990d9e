// What agents look up: from memory when it is trusted, and a miss asks the database once.
import assert from "node:assert/strict";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import { createClusterView } from "../../../src/cluster/view.ts";
import type { Db } from "../../../src/deps.ts";
import { findBackend } from "../../../src/store/backends.ts";
import { dbTest } from "../../support/db_test.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { clusterID, insertBackend, insertMeeting, makeBackend, makeMeetingRow } from "../../support/make.ts";

function setUp(db: Db, isTrusted: boolean) {
  const clock = createFakeClock();
  const memory = createClusterMemory();
  let listener: (id: string) => void = () => {};
  const view = createClusterView({
    db,
    clock,
    source: {
      memory,
      isTrusted: () => isTrusted,
      seenUntil: () => 0,
      applyMeeting: (row) => {
        memory.putMeeting(row, clock.monotonic());
        listener(row.id);
      },
      forgetMeeting: memory.deleteMeeting,
      onMeetingChange: (given) => listener = given,
    },
  });
  return { clock, memory, view };
}

for (const isTrusted of [true, false]) {
  const which = isTrusted ? "a trusted" : "an untrusted";
  dbTest(`${which} view finds backends by agent and meetings by internal id in the database`, async (db) => {
    const [backend, other] = [await insertBackend(db), await insertBackend(db)];
    await db`update backends set agent_ref = 'agent1' where id = ${backend}`;
    const id = await insertMeeting(db, { id: clusterID("m1"), internal_id: "int-1", backend_id: backend });
    const { view } = setUp(db, isTrusted);
    assert.deepEqual((await view.findBackendByAgent("agent1"))?.version, (await findBackend(db, backend))?.version);
    assert.equal(await view.findBackendByAgent("nobody"), undefined);
    assert.equal((await view.findMeetingByInternalID(backend, "int-1"))?.id, id);
    assert.equal(await view.findMeetingByInternalID(other, "int-1"), undefined);
    assert.equal(view.heldMeetingByInternalID(backend, "int-1"), undefined);
  });

  dbTest(`${which} view believes its memory only when it is trusted`, async (db) => {
    const { clock, memory, view } = setUp(db, isTrusted);
    memory.putBackend(makeBackend({ id: "b1", agent_ref: "agent1", ages: { heartbeat: 1 } }), 0);
    view.applyMeeting(makeMeetingRow({ id: "m", internal_id: "int-1", backend_id: "b1" }));
    await clock.advance(2000);
    assert.equal((await view.findBackendByAgent("agent1"))?.ages.heartbeat, isTrusted ? 3 : undefined);
    assert.equal(view.heldMeetingByInternalID("b1", "int-1")?.id, isTrusted ? "m" : undefined);
  });
}

dbTest("nextInternalChange() resolves when the meeting comes, or after its time", async (db) => {
  const { clock, view } = setUp(db, true);
  let woken = 0;
  const waiting = ["int-1", "int-1"].map((id) => view.nextInternalChange(id, 1000).then(() => woken++));
  const other = view.nextInternalChange("int-2", 1000).then(() => woken += 10);
  view.applyMeeting(makeMeetingRow({ id: "m", internal_id: "int-1" }));
  await Promise.all(waiting);
  assert.equal(woken, 2);
  await clock.advance(1000);
  await other;
  assert.equal(clock.waiting, 0);
});
