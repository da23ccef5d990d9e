import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { discardIneligible } from "../../../src/router/discard_ineligible.ts";
import { requiredTags } from "../../../src/router/required_tags.ts";
import { selectBackend } from "../../../src/router/router.ts";
import type { Candidate } from "../../../src/router/types.ts";
import { sortByLoad } from "../../../src/router/sort_by_load.ts";
import type { InstanceState } from "../../../src/store/backends.ts";
import { makeBackend, makeFrontend } from "../../support/make.ts";

const candidate = (id: string, load: number, fields: Parameters<typeof makeBackend>[0] = {}): Candidate => ({
  backend: makeBackend({ id, ...fields }),
  load,
});
const request = (...required_tags: string[]) => ({ frontend: makeFrontend({ settings: { required_tags } }) });
const idsOf = (candidates: readonly Candidate[]) => candidates.map(({ backend }) => backend.id);

Deno.test("discardIneligible() keeps ready and available backends in their order", () => {
  const candidates = [
    candidate("a", 1),
    candidate("stopped", 0, { admin_state: "stopped" }),
    candidate("failing", 0, { ages: { failed: 0 } }),
    candidate("b", 0),
  ];
  assert.deepEqual(idsOf(discardIneligible(candidates, request())), ["a", "b"]);
});

const tags: [required: string[], kept: string[]][] = [
  [[], ["none", "sip", "both"]],
  [["sip"], ["sip", "both"]],
  [["sip", "gpu"], ["both"]],
  [[""], ["none", "sip", "both"]], // always satisfied, as in 1.x
  [["", "gpu"], ["both"]],
  [["SIP"], []],
  [["other"], []],
];
for (const [required, kept] of tags) {
  Deno.test(`requiredTags() ${JSON.stringify(required)} keeps ${kept.join(", ") || "nothing"}`, () => {
    const candidates = [
      candidate("none", 0),
      candidate("sip", 0, { tags: ["sip"] }),
      candidate("both", 0, { tags: ["gpu", "sip"] }),
    ];
    assert.deepEqual(idsOf(requiredTags(candidates, request(...required))), kept);
  });
}

Deno.test("sortByLoad() puts the least loaded first", () => {
  const candidates = [candidate("c", 30), candidate("a", 0), candidate("b", 15), candidate("a2", 0)];
  assert.deepEqual(idsOf(sortByLoad(candidates, request())), ["a", "a2", "b", "c"]);
});

Deno.test("selectBackend() takes the least loaded backend that is eligible and has the tags", () => {
  const candidates = [
    candidate("busy", 40, { tags: ["sip"] }),
    candidate("untagged", 0),
    candidate("draining", 0, { tags: ["sip"], admin_state: "decommissioned" }),
    candidate("good", 20, { tags: ["sip", "x"] }),
  ];
  assert.equal(selectBackend(candidates, request("sip"), () => 0).id, "good");
});

Deno.test("selectBackend() takes each of the equally loaded by chance", () => {
  const candidates = ["a", "b", "c", "more"].map((id) => candidate(id, id === "more" ? 1 : 0));
  const chosen = [0, 0.34, 0.999999].map((random) => selectBackend(candidates, request(), () => random).id);
  assert.deepEqual(chosen, ["a", "b", "c"]);
});

Deno.test("selectBackend() throws no_backend_available with the frontend's name and no backend's", () => {
  for (const candidates of [[], [candidate("a", 0, { admin_state: "stopped" })]]) {
    assert.throws(
      () => selectBackend(candidates, request(), () => 0),
      (error) => error instanceof AppError && error.code === "no_backend_available" && /"fe1"$/.test(error.message),
    );
  }
});

const anyCandidate = fc.record({
  id: fc.uuid(),
  load: fc.nat(5),
  admin_state: fc.constantFrom<InstanceState>("ready", "ready", "stopped"),
  failed: fc.option(fc.nat(3)),
  tags: fc.subarray(["sip", "gpu"]),
}).map(({ id, load, failed, ...fields }) => candidate(id, load, { ...fields, ages: { failed } }));
const anyCandidates = fc.uniqueArray(anyCandidate, { selector: ({ backend }) => backend.id, maxLength: 12 });
const anyTags = fc.subarray(["sip", "gpu", ""]);

for (const [name, middleware] of Object.entries({ discardIneligible, requiredTags, sortByLoad })) {
  Deno.test(`${name}() only removes and orders, never adds or changes`, () => {
    fc.assert(fc.property(anyCandidates, anyTags, (candidates, required) => {
      const before = structuredClone(candidates);
      const left = middleware(Object.freeze(candidates), request(...required));
      assert.equal(new Set(left).size, left.length);
      assert(left.every((one) => candidates.includes(one)));
      assert.deepEqual(candidates, before);
      assert.deepEqual(middleware(left, request(...required)), left);
    }));
  });
}

Deno.test("selectBackend() never takes one that is not eligible, lacks a tag or has a better one beside it", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(anyCandidates, anyTags, random, (candidates, required, chance) => {
    const fitting = candidates.filter(({ backend }) =>
      backend.admin_state === "ready" && (backend.ages.failed === null || backend.ages.failed > 1) &&
      required.every((tag) => tag === "" || backend.tags.includes(tag))
    );
    if (fitting.length === 0) {
      assert.throws(() => selectBackend(candidates, request(...required), () => chance), AppError);
      return;
    }
    const { id } = selectBackend(candidates, request(...required), () => chance);
    const chosen = fitting.find(({ backend }) => backend.id === id);
    assert(chosen !== undefined);
    assert.equal(chosen.load, Math.min(...fitting.map(({ load }) => load)));
  }));
});
