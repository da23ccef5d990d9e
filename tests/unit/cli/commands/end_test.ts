import assert from "node:assert/strict";
import { end } from "../../../../cli/commands/end.ts";
import type { CommandSpec } from "../../../../cli/types.ts";
import { type Line, type Run, runCommand } from "../../../support/fake_cli.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";

const meetings = end.commands?.find(({ name }) => name === "meetings") as CommandSpec;
const command = {
  id: "c1",
  action: "end_all_meetings",
  result: null,
  created_at: "2030-01-01T00:00:00Z",
  deadline: "2030-01-01T00:00:10Z",
};

/** @param states what the queue says, one look after the other; the last one stays */
function endMeetings(states: readonly unknown[], more: Line = {}): Run {
  let looks = 0;
  return runCommand(meetings, {
    args: ["http://n1/api/"],
    server: ({ method, path }) => {
      if (path.includes("/backends")) return [{ id: "b1", bbb: { host: "http://n1/api/" } }];
      if (method === "POST") return Response.json({ ...command, state: "", deadline: "0001-01-01T00:00:00Z" });
      const state = states[Math.min(looks++, states.length - 1)];
      return typeof state === "string" ? { ...command, state } : state;
    },
    ...more,
  });
}

const said = (run: Run) => run.stdout().split("\n").slice(1, -1);

Deno.test("end meetings gives the command and tells each new state until it is done", async () => {
  const clock = createFakeClock();
  const run = endMeetings(["requested", "requested", "running", { ...command, state: "success", result: true }], {
    clock,
  });
  await clock.advance(1500);
  assert.equal(await run.code, 0);
  assert.deepEqual(said(run), ["State: requested", "State: running", "State: success", "Result: true"]);
  assert.deepEqual(run.asked.find(({ method }) => method === "POST")?.body, {
    action: "end_all_meetings",
    params: { BackendID: "b1" },
  });
  assert.deepEqual(run.stderr, []);
});

Deno.test("end meetings exits 1 when the command failed", async () => {
  const run = endMeetings([{ ...command, state: "error", result: "end meeting failed: \u001b[2J" }]);
  assert.equal(await run.code, 1);
  assert.deepEqual(said(run), ["State: error", "Result: end meeting failed: �[2J"]);
});

Deno.test("end meetings stops at the command's deadline and says why", async () => {
  const clock = createFakeClock();
  const waited = {
    requested: /within 10 s: nobody has taken it from the queue/,
    running: /within 10 s: it is still running/,
  };
  for (const [state, message] of Object.entries(waited)) {
    const run = endMeetings([state], { clock });
    const ended = assert.rejects(run.code, message);
    await clock.advance(9_999);
    assert.equal(run.asked.length, 2 + 20);
    await clock.advance(1);
    await ended;
  }
});

Deno.test("end meetings goes on when the server is away for a moment, and names the reason when it stays away", async () => {
  const clock = createFakeClock();
  const away = [new TypeError("connection refused"), new Response("", { status: 502 })];
  const run = endMeetings([...away, { ...command, state: "success", result: true }], { clock });
  await clock.advance(1000);
  assert.equal(await run.code, 0);

  const gone = endMeetings([new TypeError("connection refused")], { clock });
  const ended = assert.rejects(gone.code, /within 120 s: cannot reach http:\/\/b3scale.test: connection refused/);
  await clock.advance(120_000);
  await ended;
  await assert.rejects(endMeetings([Response.json({ message: "no" }, { status: 403 })]).code, /message: no/);
});

Deno.test("end meetings shows on a terminal how long it waits, with JSON too, and ends when it is interrupted", async () => {
  const clock = createFakeClock();
  const interrupt = new AbortController();
  const shown: string[] = [];
  const run = endMeetings(["running"], {
    clock,
    signal: interrupt.signal,
    flags: { json: true },
    terminal: { update: (line) => void shown.push(line) },
  });
  const ended = assert.rejects(run.code, /interrupted/);
  await clock.advance(1200);
  assert.deepEqual(shown.filter((line) => line !== "").map((line) => /: (\d+) s$/.exec(line)?.[1]), ["0", "1", "1"]);
  interrupt.abort(new Error("interrupted"));
  await ended;
  assert.equal(run.stdout(), "");
  assert.equal(shown.at(-1), "");
});
