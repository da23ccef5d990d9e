import assert from "node:assert/strict";
import fc from "fast-check";
import { attendeesCount } from "../../../src/bbb/meeting.ts";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import type { MeetingRow } from "../../../src/store/meetings.ts";
import { isPending } from "../../../src/store/meetings.ts";
import { makeAttendees, makeBackend, makeFrontend, makeMeeting, makeMeetingRow } from "../../support/make.ts";

const row = (id: string, people: number, fields: Parameters<typeof makeMeetingRow>[0] = {}): MeetingRow =>
  makeMeetingRow({ id, meeting: makeMeeting({ attendees: makeAttendees(people) }), ...fields });
const idsOf = (held: Iterable<{ row: { id: string } }>) => Array.from(held, ({ row }) => row.id).sort();

Deno.test("putMeeting() moves a meeting between frontends and backends", () => {
  const memory = createClusterMemory();
  memory.putMeeting(row("m", 3, { frontend_id: null, backend_id: "b1" }), 0);
  memory.putMeeting(row("m", 5, { frontend_id: "f1", backend_id: "b2" }), 0);
  assert.deepEqual(idsOf(memory.meetingsOfBackend("b1")), []);
  assert.deepEqual(idsOf(memory.meetingsOfBackend("b2")), ["m"]);
  assert.equal(memory.attendeesOfFrontend("f1"), 5);
  memory.putMeeting(row("m", 7, { frontend_id: "f2", backend_id: null }), 0);
  assert.deepEqual([memory.attendeesOfFrontend("f1"), memory.attendeesOfFrontend("f2")], [0, 7]);
  assert.deepEqual(memory.takeChangedBackends().sort(), ["b1", "b2"]);
  assert.deepEqual(memory.takeChangedBackends(), []);
});

Deno.test("attendeesOfFrontend() leaves out a meeting that is pending", () => {
  const memory = createClusterMemory();
  memory.putMeeting(row("m", 3, { frontend_id: "f1", internal_id: "pending:1" }), 0);
  assert.equal(memory.attendeesOfFrontend("f1"), 0);
  memory.putMeeting(row("m", 3, { frontend_id: "f1" }), 0);
  memory.putMeeting(row("m", 3, { frontend_id: "f1", internal_id: "pending:2" }), 0);
  assert.equal(memory.attendeesOfFrontend("f1"), 0);
});

Deno.test("revisionOfFrontend() changes with each of its meetings and with no other's", () => {
  const memory = createClusterMemory();
  const seen = [memory.revisionOfFrontend("f1")];
  const next = () => seen.push(memory.revisionOfFrontend("f1"));
  memory.putMeeting(row("m", 0, { frontend_id: "f1" }), 0);
  next();
  memory.putMeeting(row("m", 1, { frontend_id: "f1" }), 0);
  next();
  memory.deleteMeeting("m");
  next();
  assert.equal(new Set(seen).size, 4);
  memory.putMeeting(row("other", 1, { frontend_id: "f2" }), 0);
  memory.deleteMeeting("nobody");
  assert.equal(memory.revisionOfFrontend("f1"), seen.at(-1));
});

Deno.test("putFrontend() follows a changed key, also when two frontends swap theirs", () => {
  const memory = createClusterMemory();
  memory.putFrontend(makeFrontend({ id: "1", key: "a" }));
  memory.putFrontend(makeFrontend({ id: "2", key: "b" }));
  memory.putFrontend(makeFrontend({ id: "1", key: "b" }));
  memory.putFrontend(makeFrontend({ id: "2", key: "a" }));
  assert.equal(memory.findFrontendByKey("a")?.id, "2");
  assert.equal(memory.findFrontendByKey("b")?.id, "1");
  memory.deleteFrontend("2");
  assert.equal(memory.findFrontendByKey("a"), undefined);
  assert.equal(memory.findFrontendByKey("b")?.id, "1");
});

Deno.test("putPulse() brings ages and counters of a known backend, keeps the rest, and refuses an unknown one", () => {
  const memory = createClusterMemory();
  const backend = makeBackend({ id: "b", tags: ["sip"], failed_polls: 2 });
  memory.putBackend(backend, 0);
  const pulse = { id: "b", meetings_count: 3, attendees_count: 9, heartbeat: 0, synced: 5, failed: null, good: 4 };
  assert.equal(memory.putPulse(pulse, 100), true);
  assert.deepEqual(memory.backends.get("b"), {
    row: {
      ...backend,
      meetings_count: 3,
      attendees_count: 9,
      ages: { heartbeat: 0, synced: 5, failed: null, good: 4 },
    },
    readAt: 100,
  });
  assert.equal(memory.putPulse({ ...pulse, id: "unknown" }, 100), false);
  assert.equal(memory.backends.size, 1);
  memory.deleteBackend("b");
  assert.equal(memory.backends.size, 0);
});

type Operation =
  | { readonly kind: "put"; readonly row: MeetingRow }
  | { readonly kind: "delete"; readonly id: string };

const FRONTENDS = ["f1", "f2"];
const BACKENDS = ["b1", "b2", "b3"];
const meetingID = fc.constantFrom("m1", "m2", "m3", "m4", "m5");
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      id: meetingID,
      people: fc.nat(4),
      participantCount: fc.nat(4),
      frontend_id: fc.option(fc.constantFrom(...FRONTENDS)),
      backend_id: fc.option(fc.constantFrom(...BACKENDS)),
      pending: fc.boolean(),
    }).map(({ id, people, participantCount, pending, ...places }): Operation => ({
      kind: "put",
      row: makeMeetingRow({
        id,
        meeting: makeMeeting({ attendees: makeAttendees(people), participantCount }),
        internal_id: pending ? "pending:x" : `int-${id}`,
        ...places,
      }),
    })),
  },
  { weight: 1, arbitrary: meetingID.map((id): Operation => ({ kind: "delete", id })) },
);

Deno.test("createClusterMemory() has indexes and sums that equal a naive recomputation after any operations", () => {
  fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
    const memory = createClusterMemory();
    const rows = new Map<string, MeetingRow>();
    for (const one of operations) {
      const touched = new Set(
        [rows.get(one.kind === "put" ? one.row.id : one.id), one.kind === "put" ? one.row : undefined]
          .flatMap((before) => before?.backend_id ?? []),
      );
      if (one.kind === "put") {
        memory.putMeeting(one.row, 7);
        rows.set(one.row.id, one.row);
      } else {
        memory.deleteMeeting(one.id);
        rows.delete(one.id);
      }
      assert.deepEqual(new Set(memory.takeChangedBackends()), touched);
    }
    const all = [...rows.values()];
    assert.deepEqual(idsOf(memory.meetings.values()), all.map(({ id }) => id as string).sort());
    for (const held of memory.meetings.values()) assert.deepEqual(held, { row: rows.get(held.row.id), readAt: 7 });
    for (const frontend of FRONTENDS) {
      const own = all.filter(({ frontend_id }) => frontend_id === frontend);
      assert.deepEqual(idsOf(memory.meetingsOfFrontend(frontend)), own.map(({ id }) => id as string).sort());
      const people = own.filter((one) => !isPending(one)).reduce((sum, one) => sum + attendeesCount(one.meeting), 0);
      assert.equal(memory.attendeesOfFrontend(frontend), people);
    }
    for (const backend of BACKENDS) {
      const there = all.filter(({ backend_id }) => backend_id === backend).map(({ id }) => id as string);
      assert.deepEqual(idsOf(memory.meetingsOfBackend(backend)), there.sort());
    }
  }));
});
