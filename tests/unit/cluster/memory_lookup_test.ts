// Backends by their agent, meetings by BBB's own id: what agents ask for many times a second.
import assert from "node:assert/strict";
import fc from "fast-check";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import { makeBackend, makeMeetingRow } from "../../support/make.ts";

Deno.test("findBackendByAgent() follows an agent from one backend to another, and pulses change nothing", () => {
  const memory = createClusterMemory();
  memory.putBackend(makeBackend({ id: "b1", agent_ref: "a1" }), 0);
  memory.putBackend(makeBackend({ id: "b2" }), 0);
  const found = () => memory.findBackendByAgent("a1")?.row.id;
  assert.equal(found(), "b1");
  const ages = { heartbeat: 0.5, synced: 1, failed: null, good: 1 };
  assert.equal(memory.putPulse({ id: "b1", meetings_count: 7, attendees_count: 9, ...ages }, 5), true);
  assert.equal(memory.findBackendByAgent("a1")?.row.meetings_count, 7);
  memory.putBackend(makeBackend({ id: "b2", agent_ref: "a1" }), 0);
  memory.putBackend(makeBackend({ id: "b1" }), 0); // the older news comes later
  assert.equal(found(), "b2");
  memory.deleteBackend("b2");
  assert.equal(found(), undefined);
});

Deno.test("findMeetingByInternalID() knows a meeting on its backend only", () => {
  const memory = createClusterMemory();
  memory.putMeeting(makeMeetingRow({ id: "m", internal_id: "int-1", backend_id: "b1" }), 0);
  assert.equal(memory.findMeetingByInternalID("b1", "int-1")?.row.id, "m");
  assert.equal(memory.findMeetingByInternalID("b2", "int-1"), undefined);
  memory.putMeeting(makeMeetingRow({ id: "m", internal_id: "int-2", backend_id: "b2" }), 0);
  assert.equal(memory.findMeetingByInternalID("b1", "int-1"), undefined);
  assert.equal(memory.findMeetingByInternalID("b2", "int-2")?.row.id, "m");
  memory.putMeeting(makeMeetingRow({ id: "m", internal_id: "pending:1", backend_id: null }), 0);
  assert.equal(memory.findMeetingByInternalID("b2", "int-2"), undefined);
  memory.deleteMeeting("m");
  assert.equal(memory.findMeetingByInternalID("b2", "pending:1"), undefined);
});

Deno.test("both lookups find what a search finds, after any operations on unique ids", () => {
  const step = fc.record({
    id: fc.constantFrom("x", "y", "z"),
    key: fc.option(fc.constantFrom("k1", "k2", "k3")),
    backend: fc.constantFrom("b1", "b2"),
    deletes: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const memory = createClusterMemory();
    for (const { id, key, backend, deletes } of steps) {
      const isTaken = key !== null &&
        Array.from(memory.backends.values()).some(({ row }) => row.agent_ref === key && row.id !== id);
      if (deletes) {
        memory.deleteBackend(id);
        memory.deleteMeeting(id);
      } else if (!isTaken) {
        memory.putBackend(makeBackend({ id, agent_ref: key }), 0);
        memory.putMeeting(makeMeetingRow({ id, internal_id: key ?? `other-${id}`, backend_id: backend }), 0);
      }
      for (const wanted of ["k1", "k2", "k3"]) {
        const owner = Array.from(memory.backends.values()).find(({ row }) => row.agent_ref === wanted);
        assert.equal(memory.findBackendByAgent(wanted), owner);
        for (const on of ["b1", "b2"]) {
          const meeting = Array.from(memory.meetings.values()).find(({ row }) =>
            row.internal_id === wanted && row.backend_id === on
          );
          assert.equal(memory.findMeetingByInternalID(on, wanted), meeting);
        }
      }
    }
  }));
});
