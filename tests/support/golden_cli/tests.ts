// Registers one test per recorded command line of some groups, for the files that drive them.
import assert from "node:assert/strict";
import { type CliCase, groupOf, loadCliCases } from "./case.ts";
import { type Deviations, misfits } from "./deviations.ts";
import { type GoldenCli, startGoldenCli } from "./drive.ts";

/** @param groups how many cases each has: a file that loses some must not go unnoticed */
export function goldenCliTests(groups: Readonly<Record<string, number>>, deviations: Deviations): void {
  const cases = loadCliCases(Object.keys(groups));
  const driven: CliCase[] = [];
  let cli: GoldenCli | undefined;
  Deno.test.beforeAll(async () => {
    cli = await startGoldenCli();
  });
  Deno.test.afterAll(async () => {
    await cli?.[Symbol.asyncDispose]();
  });

  Deno.test("golden cli: the table of deviations fits the cases", () => {
    assert.deepEqual(misfits(cases, deviations), []);
  });

  for (const one of cases) {
    // The server outlives each of them.
    Deno.test(`golden cli: ${one.name}`, { sanitizeOps: false, sanitizeResources: false }, async () => {
      driven.push(one);
      assert.ok(cli !== undefined);
      await cli.drive(one, deviations);
    });
  }

  Deno.test("golden cli: every case of the groups was driven", () => {
    const counts = Object.entries(Object.groupBy(driven, groupOf)).map(([group, list]) => [group, list?.length]);
    assert.deepEqual(Object.fromEntries(counts), groups);
  });
}
