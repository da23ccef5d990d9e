// The commands of b3scale 1.x against its recorded command lines (tests/fixtures/golden/rest/README.md, "cli"), one test
// each; what deviates on purpose is written down in tests/support/golden_cli/deviations_objects.ts.
import assert from "node:assert/strict";
import type { CliRequest } from "../support/golden_cli/case.ts";
import { compareErrors, compareOutput, compareRequests } from "../support/golden_cli/compare.ts";
import { misfits } from "../support/golden_cli/deviations.ts";
import { OBJECT_DEVIATIONS } from "../support/golden_cli/deviations_objects.ts";
import { goldenCliTests } from "../support/golden_cli/tests.ts";

goldenCliTests(
  { "create-meeting": 4, delete: 12, disable: 5, enable: 9, end: 4, set: 33, show: 21 },
  OBJECT_DEVIATIONS,
);

Deno.test("golden cli: the comparison of texts sees what differs", () => {
  const time = "{{time}} FTL exit with fatal error";
  const same: readonly (readonly [string, readonly string[]])[] = [
    ["a\n", ["a", ""]],
    ["3:04PM FTL exit with fatal error\n", [time]],
    ["Usage: b3scalectl show\n\nCommands:\n  x", ["{{help text}}"]],
    ['[\n   {\n      "a": 1\n   }\n]\n', ['[{"a":1}]']],
    ["State: requested\nState: success", ["State: running", "State: success"]],
  ];
  const different: readonly (readonly [string, readonly string[]])[] = [
    ["a\nb", ["a"]],
    ["", ["a"]],
    ["axb", ["a.b"]],
    ["FTL exit with fatal error", [time]],
    ["help", ["{{help text}}"]],
    ['[\n  {\n    "a": 1\n  }\n]', ['[{"a":1}]']],
    ['[\n   {\n      "a": 2\n   }\n]', ['[{"a":1}]']],
    ["State: error", ["State: success"]],
  ];
  for (const [actual, expected] of same) assert.deepEqual(compareOutput("stdout", actual, expected), []);
  for (const [actual, expected] of different) assert.notDeepEqual(compareOutput("stdout", actual, expected), []);
  assert.deepEqual(compareErrors("\na\n\nb\n", ["a", "b"]), []);
  assert.notDeepEqual(compareErrors("\na\n", ["a", "b"]), []);
});

Deno.test("golden cli: the comparison of requests sees what differs", () => {
  const get: CliRequest = { method: "GET", path: "/api/v1?a={{uuid}}", headers: { "user-agent": "x" }, status: 200 };
  const found = { ...get, path: `/api/v1?a=${crypto.randomUUID()}` };
  const post = (json: CliRequest["json"]): CliRequest => ({ ...get, method: "POST", path: "/x", json });
  const patch = (json: CliRequest["json"]): CliRequest => ({ ...post(json), method: "PATCH" });
  const poll = { ...get, path: "/api/v1/commands/1" };
  const recorded = { id: "", name: "n", load_factor: 1, bbb: { host: "h", at: "0001-01-01T00:00:00Z" }, settings: {} };
  const same: readonly (readonly [CliRequest[], CliRequest[]])[] = [
    [[found], [get]],
    [[poll, poll, poll], [poll]],
    [[post({ name: "n", bbb: { host: "h" } })], [post(recorded)]],
    [[patch({ a: 1 })], [patch({ a: 1 })]],
  ];
  const different: readonly (readonly [CliRequest[], CliRequest[]])[] = [
    [[], [get]],
    [[found, found], [get]],
    [[{ ...found, path: "/api/v1?a=1" }], [get]],
    [[{ ...found, status: 404 }], [get]],
    [[{ ...found, headers: {} }], [get]],
    [[{ ...found, headers: { ...get.headers, authorization: "Bearer x" } }], [get]],
    [[post({ bbb: { host: "h" } })], [post(recorded)]],
    [[post({ name: "n", bbb: { host: "h" }, more: 1 })], [post(recorded)]],
    [[post({ name: "n", load_factor: 2, bbb: { host: "h" } })], [post(recorded)]],
    [[patch({})], [patch({ a: null })]],
    [[patch({ a: 1, b: 1 })], [patch({ a: 1 })]],
  ];
  for (const [actual, expected] of same) assert.deepEqual(compareRequests(actual, expected), []);
  for (const [actual, expected] of different) {
    assert.notDeepEqual(compareRequests(actual, expected), [], JSON.stringify(actual));
  }
});

Deno.test("golden cli: a table of deviations must fit its cases", () => {
  const recorded = { name: "a.a", args: [], requests: [], exit_code: 0, stdout: [], stderr: [] };
  const marked = { ...recorded, deviate: "exit 1" };
  const fitting = () => ({ exit_code: 1 });
  assert.deepEqual(misfits([marked], { "a.a": fitting }), []);
  assert.deepEqual(misfits([recorded], { "a.a": fitting }), []);
  assert.deepEqual(misfits([marked], {}), ['"a.a" has no entry']);
  assert.deepEqual(misfits([recorded], { "a.b": fitting }), ['there is no "a.b"']);
  assert.deepEqual(misfits([marked], { "a.a": () => ({ exit_code: 0 }) }), ['the entry of "a.a" changes nothing']);
});
