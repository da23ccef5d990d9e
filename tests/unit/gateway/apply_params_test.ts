import assert from "node:assert/strict";
import fc from "fast-check";
import { applyParams } from "../../../src/gateway/apply_params.ts";

type Map_ = Record<string, string>;
const cases: [name: string, given: Map_, overrides: Map_, defaults: Map_, result: Map_][] = [
  ["nothing set", { a: "1" }, {}, {}, { a: "1" }],
  ["an override replaces", { a: "1", b: "2" }, { a: "9" }, {}, { a: "9", b: "2" }],
  ["an override adds", {}, { a: "9" }, {}, { a: "9" }],
  ["a default fills", {}, {}, { a: "9" }, { a: "9" }],
  ["a default yields", { a: "1" }, {}, { a: "9" }, { a: "1" }],
  ["empty counts as present", { a: "" }, {}, { a: "9" }, { a: "" }],
  ["an override comes before a default", {}, { a: "8" }, { a: "9" }, { a: "8" }],
  ["names are case-sensitive", { Record: "1" }, { record: "true" }, {}, { Record: "1", record: "true" }],
  ["disabledFeatures: the default is added", { disabledFeatures: "a,b" }, {}, { disabledFeatures: "b,c" }, {
    disabledFeatures: "a,b,c",
  }],
  ["disabledFeatures: the default alone", {}, {}, { disabledFeatures: "b,,c,b" }, { disabledFeatures: "b,c" }],
  ["disabledFeatures: an override replaces the request's", { disabledFeatures: "a" }, { disabledFeatures: "x" }, {
    disabledFeatures: "c",
  }, { disabledFeatures: "x,c" }],
  ["disabledFeatures: an override alone", { disabledFeatures: "a,,b" }, { disabledFeatures: "x,,x" }, {}, {
    disabledFeatures: "x,,x",
  }],
  ["disabledFeatures: without a default it stays as sent", { disabledFeatures: "a,,a" }, {}, {}, {
    disabledFeatures: "a,,a",
  }],
  ["disabledFeatures: no trimming", { disabledFeatures: "a, b" }, {}, { disabledFeatures: "b" }, {
    disabledFeatures: "a, b,b",
  }],
  ["disabledFeatures: empty in the request", { disabledFeatures: "" }, {}, { disabledFeatures: "b" }, {
    disabledFeatures: "b",
  }],
  ["the meeting cannot be another one", { meetingID: "own" }, { meetingID: "foreign" }, { meetingID: "foreign" }, {
    meetingID: "own",
  }],
  ["nor is one set", {}, { meetingID: "foreign" }, { meetingID: "foreign" }, {}],
];
for (const [name, given, overrides, defaults, result] of cases) {
  Deno.test(`applyParams() ${name}`, () => {
    const params = new Map(Object.entries(given));
    assert.deepEqual(Object.fromEntries(applyParams(params, overrides, defaults)), result);
    assert.deepEqual(Object.fromEntries(params), given);
  });
}

Deno.test("applyParams() does nothing more when it is applied again", () => {
  const map = fc.dictionary(
    fc.constantFrom("a", "b", "disabledFeatures", "meetingID"),
    fc.constantFrom("", "x", "x,y", "z"),
    { noNullPrototype: true },
  );
  fc.assert(fc.property(map, map, map, (given, overrides, defaults) => {
    fc.pre(!("disabledFeatures" in overrides)); // else the second time replaces what the first has added
    const once = applyParams(new Map(Object.entries(given)), overrides, defaults);
    assert.deepEqual(applyParams(once, overrides, defaults), once);
  }));
});
