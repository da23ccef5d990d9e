import assert from "node:assert/strict";
import { queueChecks } from "../../../../cli/doctor/queue.ts";
import { ago, makeCommand, NOW } from "../../../support/doctor.ts";

const told = (...commands: Parameters<typeof makeCommand>[0][]) =>
  queueChecks(commands.map(makeCommand), NOW).map(({ state, message }) => [state, message]);

Deno.test("queueChecks() is content while nothing waits long and nothing failed", () => {
  assert.deepEqual(told(), [["ok", "the queue keeps up (0 commands lately)"]]);
  assert.deepEqual(
    told(
      { state: "success", created_at: ago(170) },
      { state: "requested", created_at: ago(15) },
      { state: "running", created_at: ago(100), started_at: ago(75) },
    ),
    [["ok", "the queue keeps up (3 commands lately)"]],
  );
});

Deno.test("queueChecks() tells how many commands wait or hang, and for how long", () => {
  assert.deepEqual(
    told(
      { state: "requested", created_at: ago(16) },
      { state: "requested", created_at: ago(200) },
      { state: "running", created_at: ago(200), started_at: ago(76) },
    ),
    [
      ["problem", "waiting in the queue: 2 commands, the oldest for 3 min"],
      ["problem", "running in the queue: 1 command, the oldest for 76 s"],
    ],
  );
});

Deno.test("queueChecks() tells what failed, by action, with the last reason and without URLs", () => {
  const result = "Get https://n1.example/bigbluebutton/api/end?checksum=0123: refused";
  assert.deepEqual(
    told(
      { state: "error", result: "timedout" },
      { state: "error", result },
      { state: "error", action: "collect_garbage", result: { code: 1 } },
      { state: "error", action: "decommission_backend", result: null },
    ),
    [
      ["warning", "failed in the queue: 2 × update_node_state: Get … refused"],
      ["warning", 'failed in the queue: 1 × collect_garbage: {"code":1}'],
      ["warning", "failed in the queue: 1 × decommission_backend: null"],
    ],
  );
});
