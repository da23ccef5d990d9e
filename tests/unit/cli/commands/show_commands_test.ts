import assert from "node:assert/strict";
import { showCommands } from "../../../../cli/commands/show_commands.ts";
import { type Line, runCommand } from "../../../support/fake_cli.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { makeBackendJson, makeCommandJson, NOW } from "../rest_objects.ts";

const waiting = { started_at: null, stopped_at: null, result: null };
const QUEUE = [
  makeCommandJson(12, { state: "requested", action: "collect_garbage", params: null, ...waiting }),
  makeCommandJson(9),
  makeCommandJson(10, {
    state: "error",
    action: "end_all_meetings",
    params: { BackendID: "id-bbb2" },
    result: "end meeting failed:\n\u001b[2J",
  }),
  makeCommandJson(11, {
    state: "running",
    action: "decommission_backend",
    params: { id: "id-gone" },
    ...waiting,
    started_at: new Date(NOW - 3400).toISOString(),
  }),
];

const line = (more: Line = {}): Line => ({
  clock: createFakeClock(NOW),
  server: ({ path }) => path.endsWith("/commands") ? QUEUE : [makeBackendJson("bbb1"), makeBackendJson("bbb2")],
  ...more,
});

Deno.test("show commands lists the queue in its order, with the nodes and what came of it", async () => {
  const run = runCommand(showCommands, line());
  assert.equal(await run.code, 0);
  assert.equal(
    `\n${run.stdout()}`,
    `
SEQ  STATE      ACTION                BACKEND            AGE    TOOK  RESULT
  9  success    update_node_state     bbb1.example.org  30 s  120 ms  true
 10  error      end_all_meetings      bbb2.example.org  30 s  120 ms  end meeting failed:��[2J
 11  running    decommission_backend  id-gone           30 s   3.4 s
 12  requested  collect_garbage                         30 s
`,
  );
});

Deno.test("show commands --json prints the objects in the same order, and asks for nothing else", async () => {
  const run = runCommand(showCommands, line({ flags: { json: true } }));
  assert.equal(await run.code, 0);
  assert.deepEqual(JSON.parse(run.stdout()), QUEUE.toSorted((a, b) => a.seq - b.seq));
  assert.deepEqual(run.asked.map(({ path }) => path), ["/api/v1/commands"]);
});

Deno.test("show commands says that the queue is empty", async () => {
  const run = runCommand(showCommands, line({ server: () => [] }));
  assert.equal(await run.code, 0);
  assert.deepEqual([run.stdout(), run.stderr], ["", ["the queue is empty"]]);
});
