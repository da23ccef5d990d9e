// The view while it is trusted: everything comes from memory, and a statement of SQL is an error.
import assert from "node:assert/strict";
import { createClusterMemory } from "../../../src/cluster/memory.ts";
import { createClusterView } from "../../../src/cluster/view.ts";
import type { Db } from "../../../src/deps.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeAttendees, makeBackend, makeFrontend, makeMeeting, makeMeetingRow, uuid } from "../../support/make.ts";

const noSql = (() => assert.fail("a trusted view asked the database")) as unknown as Db;

function setUp() {
  const clock = createFakeClock();
  const memory = createClusterMemory();
  let changed = (_id: string) => {};
  const view = createClusterView({
    db: noSql,
    clock,
    source: {
      memory,
      isTrusted: () => true,
      seenUntil: () => 0,
      applyMeeting: (row) => memory.putMeeting(row, clock.monotonic()),
      forgetMeeting: memory.deleteMeeting,
      onMeetingChange: (listener) => changed = listener,
    },
  });
  const put = (...rows: ReturnType<typeof makeMeetingRow>[]) =>
    rows.forEach((row) => memory.putMeeting(row, clock.monotonic()));
  return { clock, memory, view, put, change: (id: string) => changed(id) };
}

Deno.test("findFrontend() and findMeeting() answer from memory", async () => {
  const { memory, view, put } = setUp();
  memory.putFrontend(makeFrontend());
  const row = makeMeetingRow({ id: "m1" });
  put(row);
  assert.equal((await view.findFrontend("fe1"))?.id, uuid(1));
  assert.equal(await view.findMeeting(uuid(1), "m1"), row);
  assert.equal(await view.findAnyMeeting("m1"), row);
});

Deno.test("findMeeting() does not know a meeting that is pending or another frontend's", async () => {
  const { view, put } = setUp();
  put(makeMeetingRow({ id: "m1", internal_id: "pending:x" }), makeMeetingRow({ id: "m2", frontend_id: uuid(2) }));
  assert.equal(await view.findMeeting(uuid(1), "m1"), undefined);
  assert.equal(await view.findMeeting(uuid(1), "m2"), undefined);
  assert.equal((await view.findAnyMeeting("m1"))?.id, "m1");
});

Deno.test("listFrontendMeetings() lists what is on a backend, oldest first, equals by id", async () => {
  const { view, put } = setUp();
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
  put(
    makeMeetingRow({ id: "late", created_at: at(9) }),
    makeMeetingRow({ id: "b", created_at: at(5) }),
    makeMeetingRow({ id: "a", created_at: at(5) }),
    makeMeetingRow({ id: "first", created_at: at(1) }),
    makeMeetingRow({ id: "unbound", backend_id: null }),
    makeMeetingRow({ id: "pending", internal_id: "pending:x" }),
    makeMeetingRow({ id: "foreign", frontend_id: uuid(2) }),
    makeMeetingRow({ id: "unclaimed", frontend_id: null }),
  );
  assert.deepEqual((await view.listFrontendMeetings(uuid(1))).map(({ id }) => id), ["first", "a", "b", "late"]);
  assert.deepEqual(await view.listFrontendMeetings(uuid(3)), []);
});

Deno.test("countAttendees() and revisionOf() follow the frontend's meetings", async () => {
  const { view, put } = setUp();
  const meeting = makeMeeting({ attendees: makeAttendees(3) });
  const before = view.revisionOf(uuid(1));
  put(makeMeetingRow({ id: "m1", meeting }), makeMeetingRow({ id: "m2", frontend_id: uuid(2), meeting }));
  assert.equal(await view.countAttendees(uuid(1)), 3);
  assert.notEqual(view.revisionOf(uuid(1)), before);
});

Deno.test("findBackend() and listBackends() give ages as of now", async () => {
  const { clock, memory, view } = setUp();
  memory.putBackend(makeBackend({ ages: { heartbeat: 1, synced: 2, failed: null, good: 3 } }), clock.monotonic());
  await clock.advance(2500);
  const ages = { heartbeat: 3.5, synced: 4.5, failed: null, good: 5.5 };
  assert.deepEqual((await view.findBackend(uuid(11)))?.ages, ages);
  assert.deepEqual((await view.listBackends()).map((backend) => backend.ages), [ages]);
});

Deno.test("weighMeetings() gives ages as of now", async () => {
  const { clock, view, put } = setUp();
  put(makeMeetingRow({ id: "m1", ageSeconds: 10 }));
  await clock.advance(1500);
  assert.deepEqual(Array.from(await view.weighMeetings(noSql), ({ id, ageSeconds }) => [id, ageSeconds]), [[
    "m1",
    11.5,
  ]]);
});

Deno.test("heldMeetings() has the meetings of one backend by id", () => {
  const { view, put } = setUp();
  put(makeMeetingRow({ id: "m1" }), makeMeetingRow({ id: "m2", backend_id: uuid(12) }));
  assert.deepEqual([...(view.heldMeetings(uuid(11)) ?? [])].map(([id]) => id), ["m1"]);
});

Deno.test("applyMeeting() and forgetMeeting() show at once", async () => {
  const { view } = setUp();
  view.applyMeeting(makeMeetingRow({ id: "m1" }));
  assert.equal((await view.findAnyMeeting("m1"))?.id, "m1");
  view.forgetMeeting("m1");
  assert.deepEqual(await view.listFrontendMeetings(uuid(1)), []);
});

Deno.test("nextChange() resolves for each waiter when the meeting changes, and leaves no timer", async () => {
  const { clock, view, change } = setUp();
  let woken = 0;
  const waiting = [1, 2].map(() => view.nextChange("m1", 1000).then(() => woken++));
  const other = view.nextChange("m2", 1000).then(() => woken += 10);
  change("m1");
  await Promise.all(waiting);
  assert.equal(woken, 2);
  assert.equal(clock.waiting, 1);
  change("m1");
  change("m2");
  await other;
  assert.equal(clock.waiting, 0);
});

Deno.test("nextChange() resolves after its time without a change", async () => {
  const { clock, view } = setUp();
  let woken = false;
  const waiting = view.nextChange("m1", 250).then(() => woken = true);
  await clock.advance(249);
  assert.equal(woken, false);
  await clock.advance(1);
  await waiting;
});
