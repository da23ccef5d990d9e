// Reads the result out of what `deno test` prints. Used by tests/run.ts.

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Sums up lines like `ok | 3 passed (4 steps) | 0 failed (170ms)`. A run that ended badly without a failed test (type
 * error, crash, leak) or ran nothing counts as one failure.
 */
export function countsOf(output: string, success: boolean, mayBeEmpty = false): Counts {
  let [passed, failed] = [0, 0];
  // deno-lint-ignore no-control-regex
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  for (const match of plain.matchAll(/^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed\b/gm)) {
    passed += Number(match[1]);
    failed += Number(match[2]);
  }
  if (failed === 0 && (!success || (passed === 0 && !mayBeEmpty))) failed = 1;
  return { passed, failed };
}
