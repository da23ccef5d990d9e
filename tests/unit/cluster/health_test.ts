import assert from "node:assert/strict";
import fc from "fast-check";
import {
  hasLiveAgent,
  type Health,
  healthOf,
  healthReasons,
  isDraining,
  isEligible,
} from "../../../src/cluster/health.ts";
import type { Backend, BackendAges, InstanceState } from "../../../src/store/backends.ts";
import { makeBackend, NEVER } from "../../support/make.ts";

type Observed = Omit<Partial<Backend>, "ages"> & { ages?: Partial<BackendAges> };

/** Ages in seconds: smaller is later. A node without a record of ours has neither `good` nor `failed`. */
const cases: [string, Observed, Health][] = [
  // polls
  ["one good poll, no agent", { ages: { good: 1, heartbeat: NEVER } }, "available"],
  ["one good poll, live agent", { ages: { good: 15, heartbeat: 1 } }, "available"],
  [
    "a good poll that is long ago and nothing since",
    { ages: { good: 86400, heartbeat: NEVER, synced: 86400 } },
    "available",
  ],
  ["one failed poll", { failed_polls: 1, node_state: "error", ages: { good: 10, failed: 1 } }, "unstable"],
  ["two failed polls", { failed_polls: 2, node_state: "error", ages: { good: 10, failed: 1 } }, "unstable"],
  ["three failed polls", { failed_polls: 3, node_state: "error", ages: { good: 10, failed: 1 } }, "offline"],
  ["thirty failed polls", { failed_polls: 30, node_state: "error", ages: { good: 400, failed: 1 } }, "offline"],
  [
    "three failed polls and a live agent",
    { failed_polls: 3, node_state: "error", ages: { failed: 1, heartbeat: 0 } },
    "offline",
  ],
  [
    "a good poll after three failed ones",
    { failed_polls: 0, ages: { good: 1, failed: 3, heartbeat: NEVER } },
    "available",
  ],
  [
    "three failed polls and never a good one",
    { failed_polls: 3, node_state: "error", ages: { good: null, failed: 1 } },
    "offline",
  ],
  ["a failure and a good poll at one moment", { ages: { good: 2, failed: 2, synced: 2 } }, "unstable"],
  ["polled never", { node_state: "init", ages: { good: null, heartbeat: NEVER } }, "unstable"],
  ["polled never, live agent", { node_state: "init", ages: { good: null, heartbeat: 1 } }, "unstable"],
  // calls of requests
  ["one failed call", { ages: { good: 5, failed: 1, synced: 5 } }, "unstable"],
  ["a good poll since the failed call", { ages: { good: 1, failed: 5, synced: 1 } }, "available"],
  ["a failed call, no poll by us ever", { ages: { good: null, failed: 1, synced: 5 } }, "unstable"],
  // heartbeats
  ["heartbeat 5 s old", { ages: { heartbeat: 5, good: 20 } }, "available"],
  ["heartbeat lost, not polled since", { ages: { heartbeat: 6, good: 8, synced: 8 } }, "unstable"],
  [
    "heartbeat lost, polled between the last one and the loss",
    { ages: { heartbeat: 10, good: 7, synced: 7 } },
    "unstable",
  ],
  ["heartbeat lost, polled well since", { ages: { heartbeat: 10, good: 4, synced: 4 } }, "available"],
  ["heartbeat lost, polled well by a 1.x worker since", { ages: { heartbeat: 10, good: 60, synced: 4 } }, "available"],
  ["heartbeat lost for days, polled well", { ages: { heartbeat: 200000, good: 8 } }, "available"],
  ["heartbeat lost and a failed poll", {
    failed_polls: 1,
    node_state: "error",
    ages: { heartbeat: 10, good: 20, failed: 1 },
  }, "unstable"],
  ["a heartbeat in the future, of a node whose clock nobody asks", { ages: { heartbeat: -3, good: 1 } }, "available"],
  // polls by 1.x, no record of ours
  ["1.x: ready and synced", { ages: { good: null, synced: 8, heartbeat: NEVER } }, "available"],
  ["1.x: ready and synced after our failed call", { ages: { good: 60, failed: 10, synced: 8 } }, "available"],
  ["1.x: ready and synced before our failed call", { ages: { good: 60, failed: 7, synced: 8 } }, "unstable"],
  [
    "1.x: ready, but synced before the heartbeat was lost",
    { ages: { good: null, synced: 8, heartbeat: 9 } },
    "unstable",
  ],
  ["1.x: error", { node_state: "error", ages: { good: null, synced: 30, heartbeat: 1 } }, "unstable"],
  ["1.x: error after our good poll", { node_state: "error", ages: { good: 5, synced: 5 } }, "unstable"],
  ["1.x: stopped", { node_state: "stopped", ages: { good: null, synced: 1 } }, "unstable"],
  [
    "1.x: init, though synced_at is the row's birth",
    { node_state: "init", ages: { good: null, synced: 1 } },
    "unstable",
  ],
  // what the operator wants
  ["stopped and good", { admin_state: "stopped", ages: { good: 1 } }, "available"],
  ["stopped, node_state stays error as in 1.x", {
    admin_state: "stopped",
    node_state: "error",
    ages: { good: 1, failed: 9 },
  }, "available"],
  [
    "stopped and failing",
    { admin_state: "stopped", failed_polls: 3, node_state: "error", ages: { failed: 1 } },
    "offline",
  ],
  ["decommissioned and good", { admin_state: "decommissioned", ages: { good: 1 } }, "available"],
];

for (const [name, backend, expected] of cases) {
  Deno.test(`healthOf() ${name}: ${expected}`, () => assert.equal(healthOf(makeBackend(backend)), expected));
}

Deno.test("isEligible() needs a node that is available and an operator who wants it ready", () => {
  const states: [InstanceState, boolean][] = [
    ["ready", true],
    ["init", false],
    ["stopped", false],
    ["decommissioned", false],
    ["error", false],
  ];
  for (const [admin_state, expected] of states) {
    assert.equal(isEligible(makeBackend({ admin_state })), expected, admin_state);
    assert.equal(isDraining(makeBackend({ admin_state })), !expected, admin_state);
  }
  assert(!isEligible(makeBackend({ ages: { failed: 0.5 } })));
});

Deno.test("hasLiveAgent() ends 5 s after the last heartbeat", () => {
  for (const [heartbeat, expected] of [[0, true], [5, true], [5.01, false], [NEVER, false]] as const) {
    assert.equal(hasLiveAgent(makeBackend({ ages: { heartbeat } })), expected, String(heartbeat));
  }
});

const age = fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constant(NEVER));
const observed = fc.record({
  node_state: fc.constantFrom<InstanceState>("init", "ready", "error", "stopped", "decommissioned"),
  admin_state: fc.constantFrom<InstanceState>("init", "ready", "error", "stopped", "decommissioned"),
  failed_polls: fc.nat(6),
  ages: fc.record({ heartbeat: age, synced: age, failed: fc.option(age), good: fc.option(age) }),
});

Deno.test("healthOf() is offline for nothing but three failed polls", () => {
  fc.assert(fc.property(observed, (backend) => {
    if (backend.failed_polls < 3) assert.notEqual(healthOf(backend), "offline");
  }));
});

Deno.test("healthOf() gets no better while only time passes", () => {
  const rank = { offline: 0, unstable: 1, available: 2 };
  fc.assert(fc.property(observed, fc.double({ min: 0, max: 1000, noNaN: true }), (backend, seconds) => {
    const later = (value: number) => value + seconds;
    const { heartbeat, synced, failed, good } = backend.ages;
    const aged = {
      heartbeat: later(heartbeat),
      synced: later(synced),
      failed: failed === null ? null : later(failed),
      good: good === null ? null : later(good),
    };
    // A heartbeat does not become one that never was.
    fc.pre(heartbeat === NEVER || aged.heartbeat < 1e6);
    assert(rank[healthOf({ ...backend, ages: aged })] <= rank[healthOf(backend)]);
  }));
});

Deno.test("healthOf() is available at once after a good poll, whatever was before", () => {
  fc.assert(fc.property(observed, (backend) => {
    fc.pre(backend.ages.failed !== 0 && backend.ages.heartbeat !== 0);
    const polled = { ...backend, node_state: "ready" as const, failed_polls: 0, ages: { ...backend.ages, good: 0 } };
    assert.equal(healthOf(polled), "available");
  }));
});

const reasons: [Observed, string[]][] = [
  [{}, []],
  [{ admin_state: "stopped" }, ["admin_state is stopped"]],
  [{ failed_polls: 3, last_error: "refused", ages: { failed: 0.5 } }, ["3 failed polls: refused"]],
  [{ failed_polls: 1, ages: { failed: 0.5 } }, ["1 failed poll"]],
  [{ last_error: "no answer in time", ages: { failed: 0.5 } }, ["last call failed 1 s ago: no answer in time"]],
  [{ node_state: "error", last_error: "dial error" }, ["node_state is error: dial error"]],
  [{ ages: { heartbeat: 42, good: 50, synced: 50 } }, ["heartbeat lost 42 s ago and not polled well since"]],
  [{ ages: { heartbeat: 7300, good: 9e3, synced: 9e3 } }, ["heartbeat lost 2 h ago and not polled well since"]],
  [
    { admin_state: "init", node_state: "init", ages: { heartbeat: NEVER, good: null } },
    ["admin_state is init", "not polled yet"],
  ],
];
for (const [backend, expected] of reasons) {
  Deno.test(`healthReasons() says: ${expected.join(", ")}`, () =>
    assert.deepEqual(healthReasons(makeBackend(backend)), expected));
}

Deno.test("healthReasons() has something to say exactly of nodes that take no new meetings", () => {
  fc.assert(fc.property(observed, (backend) => {
    assert.equal(healthReasons({ ...backend, last_error: null }).length === 0, isEligible(backend));
  }));
});
