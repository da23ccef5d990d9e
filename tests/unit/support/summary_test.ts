import assert from "node:assert/strict";
import { countsOf } from "../../support/summary.ts";

const cases: [string, string, boolean, { passed: number; failed: number }][] = [
  ["a good run", "a ... ok (1ms)\n\nok | 3 passed (4 steps) | 0 failed (170ms)\n", true, { passed: 3, failed: 0 }],
  ["failures", "FAILED | 5 passed | 2 failed (1 step) (1s)\n", false, { passed: 5, failed: 2 }],
  ["ignored and filtered out", "ok | 1 passed | 0 failed | 2 ignored | 3 filtered out (1s)\n", true, {
    passed: 1,
    failed: 0,
  }],
  ["colours", "\x1b[32mok\x1b[0m | 2 passed | 0 failed \x1b[90m(1s)\x1b[0m\n", true, { passed: 2, failed: 0 }],
  ["a type error", "error: Type checking failed.\n", false, { passed: 0, failed: 1 }],
  ["a crash after the summary", "ok | 2 passed | 0 failed (1s)\n", false, { passed: 2, failed: 1 }],
  ["a run of nothing", "ok | 0 passed | 0 failed (0ms)\n", true, { passed: 0, failed: 1 }],
  ["no output at all", "", true, { passed: 0, failed: 1 }],
];
for (const [name, output, success, expected] of cases) {
  Deno.test(`countsOf() sums up ${name}`, () => assert.deepEqual(countsOf(output, success), expected));
}

Deno.test("countsOf() accepts a run of nothing when a filter may have left nothing", () => {
  assert.deepEqual(countsOf("ok | 0 passed | 0 failed | 9 filtered out (0ms)\n", true, true), { passed: 0, failed: 0 });
});
