import assert from "node:assert/strict";
import { change, reportTo } from "../../../cli/report.ts";
import type { CommandSpec } from "../../../cli/types.ts";
import { type Line, runCommand } from "../../support/fake_cli.ts";

const command = (differs: boolean): CommandSpec => ({
  name: "test",
  summary: "",
  run: async ({ connect, terminal }, given) => {
    await connect();
    return await change(reportTo(terminal, given), given, {
      existing: { old: true },
      differs,
      write: () => Promise.resolve({ old: false }),
      done: "done \u001b[31m",
      skipped: "skipped",
    });
  },
});

async function outcome(differs: boolean, flags: Line["flags"]): Promise<unknown[]> {
  const run = runCommand(command(differs), { flags });
  return [await run.code, run.stdout(), run.stderr];
}

Deno.test("change() writes what differs, skips it when dry, and says 64 when nothing does", async () => {
  assert.deepEqual(await outcome(true, {}), [0, "done �[31m\n", []]);
  assert.deepEqual(await outcome(true, { dry: true }), [0, "skipped\n", []]);
  assert.deepEqual(await outcome(false, {}), [64, "no changes\n", []]);
  assert.deepEqual(await outcome(false, { dry: true }), [64, "no changes\n", []]);
});

Deno.test("reportTo() leaves stdout to the object when JSON is asked for", async () => {
  const json = true;
  assert.deepEqual(await outcome(true, { json }), [0, '{\n   "old": false\n}\n', ["done �[31m"]]);
  assert.deepEqual(await outcome(true, { json, dry: true }), [0, '{\n   "old": true\n}\n', ["skipped"]]);
  assert.deepEqual(await outcome(false, { json }), [64, '{\n   "old": true\n}\n', ["no changes"]]);
});
