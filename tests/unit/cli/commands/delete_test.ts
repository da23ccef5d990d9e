import assert from "node:assert/strict";
import { remove } from "../../../../cli/commands/delete.ts";
import type { CommandSpec } from "../../../../cli/types.ts";
import { type Line, type Run, runCommand } from "../../../support/fake_cli.ts";

const backend = remove.commands?.find(({ name }) => name === "backend") as CommandSpec;

const deleteBackend = (row: Record<string, unknown>, flags: Line["flags"] = {}): Run =>
  runCommand(backend, {
    args: ["http://n1/api"],
    flags,
    server: ({ method }) => method === "GET" ? [{ id: "b1", ...row }] : { id: "b1", method },
  });
const methods = (run: Run) => run.asked.map(({ method }) => method);

Deno.test("delete backend does nothing to a node that is on its way out, unless it is forced", async () => {
  const row = { node_state: "ready", admin_state: "decommissioned" };
  const again = deleteBackend(row);
  assert.equal(await again.code, 64);
  assert.deepEqual(methods(again), ["GET"]);
  const forced = deleteBackend(row, { force: true });
  assert.equal(await forced.code, 0);
  assert.deepEqual(methods(forced), ["GET", "DELETE"]);
});

Deno.test("delete backend never writes when dry, forced or not, and prints the node when JSON is asked for", async () => {
  const row = { node_state: "ready", admin_state: "ready" };
  for (const flags of [{ dry: true, json: true }, { dry: true, force: true, json: true }] as const) {
    const run = deleteBackend(row, flags);
    assert.equal(await run.code, 0);
    assert.deepEqual(methods(run), ["GET"]);
    assert.deepEqual(JSON.parse(run.stdout()), { id: "b1", ...row });
  }
});
