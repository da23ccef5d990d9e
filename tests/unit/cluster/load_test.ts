import assert from "node:assert/strict";
import fc from "fast-check";
import {
  backendLoads,
  DEFAULT_EXPECTED,
  expectedAttendees,
  meetingWeight,
  type WeighedBackend,
  type WeighedMeeting,
} from "../../../src/cluster/load.ts";
import type { ClusterMeetingID } from "../../../src/contract/meeting_id.ts";
import { selectBackend } from "../../../src/router/router.ts";
import type { Reservation } from "../../../src/store/reservations.ts";
import { makeAttendees, makeBackend, makeFrontend, makeMeeting } from "../../support/make.ts";

const node = (id: string, fields: Partial<WeighedBackend> = {}): WeighedBackend => ({
  id,
  load_factor: 1,
  meetings_count: 0,
  attendees_count: 0,
  ...fields,
});
const OLD = 3600;
const meeting = (
  id: string,
  backend_id: string | null,
  { people = 0, isBreakout = false, ...fields }: Partial<WeighedMeeting> & { people?: number; isBreakout?: boolean } =
    {},
): WeighedMeeting => ({
  id,
  backend_id,
  meeting: makeMeeting({ attendees: makeAttendees(people), isBreakout }),
  expected: null,
  ageSeconds: OLD,
  ...fields,
});
const reservation = (id: string, backend_id: string, expected = 15, ageSeconds = 0): Reservation => ({
  meeting_id: id as ClusterMeetingID,
  backend_id,
  expected,
  ageSeconds,
});
const loadOf = (meetings: WeighedMeeting[], reservations: Reservation[] = [], backend = node("a")) =>
  backendLoads("expected", [backend], meetings, reservations).get(backend.id);

const expectations: [string, Parameters<typeof expectedAttendees>[0], number][] = [
  ["nothing known", { hint: undefined, peak: undefined, maxParticipants: undefined }, 15],
  ["the hint", { hint: "80", peak: 30, maxParticipants: undefined }, 80],
  ["the room's peak", { hint: undefined, peak: 30, maxParticipants: undefined }, 30],
  ["a hint of nobody", { hint: "0", peak: 30, maxParticipants: undefined }, 0],
  ["a hint with spaces", { hint: " 8 ", peak: undefined, maxParticipants: undefined }, 8],
  ["at most maxParticipants", { hint: "80", peak: undefined, maxParticipants: "20" }, 20],
  ["maxParticipants above", { hint: "80", peak: undefined, maxParticipants: "200" }, 80],
  ["maxParticipants below the default", { hint: undefined, peak: undefined, maxParticipants: "2" }, 2],
  ["maxParticipants 0 is no limit", { hint: "80", peak: undefined, maxParticipants: "0" }, 80],
  ...["-5", "1e9", "many", "", "12.5", "1234567", "٣"].map((hint): (typeof expectations)[number] => [
    `the hint "${hint}" is none`,
    { hint, peak: 30, maxParticipants: "x" },
    30,
  ]),
];
for (const [name, known, expected] of expectations) {
  Deno.test(`expectedAttendees() ${name}: ${expected}`, () => assert.equal(expectedAttendees(known), expected));
}

const weights: [attendees: number, expected: number, ageSeconds: number, weight: number][] = [
  [0, 15, 0, 15],
  [0, 30, 450, 15], // half of the 15 minutes
  [0, 15, 900, 0],
  [0, 15, 9000, 0],
  [20, 15, 0, 20],
  [20, 100, 450, 50],
  [20, 100, 810, 20],
  [0, 15, -60, 15], // a clock that was set back
];
for (const [attendees, expected, ageSeconds, weight] of weights) {
  Deno.test(`meetingWeight() of ${attendees} people, ${expected} expected, ${ageSeconds} s old: ${weight}`, () => {
    assert.equal(Math.round(meetingWeight(attendees, expected, ageSeconds) * 1e9) / 1e9, weight);
  });
}

Deno.test("backendLoads() adds up each backend's meetings times its factor", () => {
  const loads = backendLoads("expected", [node("a"), node("b", { load_factor: 0.5 }), node("c")], [
    meeting("1", "a", { people: 20 }),
    meeting("2", "a", { expected: 10, ageSeconds: 0 }),
    meeting("3", "b", { people: 20 }),
    meeting("4", "gone", { people: 9 }),
    meeting("5", null, { people: 9 }),
  ], []);
  assert.deepEqual([...loads], [["a", 30], ["b", 10], ["c", 0]]);
});

Deno.test("backendLoads() takes 15 people for a meeting that a 1.x process placed", () => {
  assert.equal(loadOf([meeting("1", "a", { ageSeconds: 0 })]), DEFAULT_EXPECTED);
});

Deno.test("backendLoads() counts a breakout room by the people in it", () => {
  assert.equal(loadOf([meeting("1", "a", { isBreakout: true, ageSeconds: 0, expected: 15 })]), 0);
  assert.equal(loadOf([meeting("1", "a", { isBreakout: true, ageSeconds: 0, people: 4 })]), 4);
});

Deno.test("backendLoads() counts the greater of participant count and list", () => {
  const one = meeting("1", "a", { people: 3 });
  assert.equal(loadOf([{ ...one, meeting: { ...one.meeting, participantCount: 7 } }]), 7);
});

Deno.test("backendLoads() counts a reservation that the view does not hold", () => {
  assert.equal(loadOf([], [reservation("1", "a", 15)]), 15);
  assert.equal(loadOf([meeting("1", null)], [reservation("1", "a", 15)]), 15); // pending
  assert.equal(loadOf([], [reservation("1", "gone", 15)]), 0);
});

Deno.test("backendLoads() counts a reservation and the meeting bound by it once", () => {
  assert.equal(loadOf([meeting("1", "a", { ageSeconds: 0, expected: 15 })], [reservation("1", "a", 15)]), 15);
});

Deno.test("backendLoads() counts a moved meeting where it stands and where it goes", () => {
  const loads = backendLoads("expected", [node("a"), node("b")], [meeting("1", "a", { people: 5 })], [
    reservation("1", "b", 15),
  ]);
  assert.deepEqual([...loads], [["a", 5], ["b", 15]]);
});

Deno.test('backendLoads() with "stress" is 1.x\'s formula over what is known, its own counters included', () => {
  const loads = backendLoads(
    "stress",
    [
      node("a"),
      node("b", { load_factor: 2 }),
      node("c", { meetings_count: 4 }),
      node("d", { attendees_count: 100 }),
      node("e"),
    ],
    [
      meeting("1", "a", { people: 3 }),
      meeting("2", "b", { people: 40 }),
      meeting("3", "c"),
    ],
    [reservation("4", "a", 300), reservation("1", "a")],
  );
  assert.deepEqual([...loads], [["a", 30], ["b", 80], ["c", 60], ["d", 100], ["e", 0]]);
});

const ids = fc.constantFrom("1", "2", "3", "4", "5", "6");
const places = fc.constantFrom("a", "b", "c");
const anyMeeting = fc.record({
  id: ids,
  backend_id: fc.option(places),
  people: fc.nat(50),
  isBreakout: fc.boolean(),
  expected: fc.option(fc.nat(300)),
  ageSeconds: fc.double({ min: -10, max: 2000, noNaN: true }),
}).map(({ id, backend_id, ...fields }) => meeting(id, backend_id, fields));
const anyReservation = fc.record({
  id: ids,
  at: places,
  expected: fc.nat(300),
  age: fc.double({ min: 0, max: 9, noNaN: true }),
})
  .map(({ id, at, expected, age }) => reservation(id, at, expected, age));
const meetings = fc.uniqueArray(anyMeeting, { selector: ({ id }) => id });
const reservations = fc.uniqueArray(anyReservation, { selector: ({ meeting_id }) => meeting_id });
const model = fc.constantFrom("expected" as const, "stress" as const);
const backends = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 }).map((factors) =>
  ["a", "b", "c"].map((id, index) => node(id, { load_factor: factors[index] ?? 1 }))
);

Deno.test("backendLoads() knows every backend and is never negative", () => {
  fc.assert(fc.property(model, backends, meetings, reservations, (formula, nodes, rows, reserved) => {
    const loads = backendLoads(formula, nodes, rows, reserved);
    assert.deepEqual([...loads.keys()], nodes.map(({ id }) => id));
    for (const load of loads.values()) assert(load >= 0 && Number.isFinite(load), String(load));
  }));
});

Deno.test("backendLoads() does not change by a reservation whose meeting the view holds at that place", () => {
  fc.assert(fc.property(model, backends, meetings, reservations, (formula, nodes, rows, reserved) => {
    const bound = rows.flatMap(({ id, backend_id }) => backend_id === null ? [] : [reservation(id, backend_id)]);
    const others = reserved.filter(({ meeting_id }) => !bound.some((one) => one.meeting_id === meeting_id));
    assert.deepEqual(
      backendLoads(formula, nodes, rows, [...others, ...bound]),
      backendLoads(formula, nodes, rows, others),
    );
  }));
});

Deno.test("backendLoads() grows or stays with one more reservation, and only where it is", () => {
  fc.assert(fc.property(model, backends, meetings, anyReservation, (formula, nodes, rows, added) => {
    const before = backendLoads(formula, nodes, rows, []);
    for (const [id, load] of backendLoads(formula, nodes, rows, [added])) {
      if (id === added.backend_id) assert(load >= (before.get(id) ?? 0));
      else assert.equal(load, before.get(id));
    }
  }));
});

Deno.test("backendLoads() and selectBackend() spread equal meetings evenly over equal backends", () => {
  const shape = fc.record({
    formula: model,
    count: fc.nat(60),
    nodes: fc.integer({ min: 1, max: 9 }),
    /** The first so many are in the view, the others are reservations only; some stand in both. */
    seen: fc.nat(60),
    picks: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
  });
  fc.assert(fc.property(shape, ({ formula, count, nodes, seen, picks }) => {
    const candidates = Array.from({ length: nodes }, (_, index) => makeBackend({ id: `node${index}` }));
    const placed: Reservation[] = [];
    for (let index = 0; index < count; index++) {
      const rows = placed.slice(0, seen).map((one) => meeting(one.meeting_id, one.backend_id, { ageSeconds: 0 }));
      const loads = backendLoads(formula, candidates, rows, placed.slice(Math.floor(seen / 2)));
      const weighed = candidates.map((backend) => ({ backend, load: loads.get(backend.id) ?? 0 }));
      const chosen = selectBackend(weighed, { frontend: makeFrontend() }, () => picks.next().value ?? 0);
      placed.push(reservation(`m${index}`, chosen.id));
    }
    const counts = candidates.map(({ id }) => placed.filter(({ backend_id }) => backend_id === id).length);
    assert(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(" "));
  }));
});
