import assert from "node:assert/strict";
import { drain } from "../../../../cli/commands/drain.ts";
import { waitingText } from "../../../../cli/wait_until_empty.ts";
import { type Asked, type Line, runCommand } from "../../../support/fake_cli.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { hostOf, makeBackendJson, makeMeetingJson } from "../rest_objects.ts";

const HOST = hostOf("bbb1");

/** A server with the node `bbb1` and meetings of 3 people on it. */
function createScene(admin_state: string, meetings: number) {
  const node = { admin_state, meetings, isThere: true, isAway: false };
  const clock = createFakeClock();
  const interrupt = new AbortController();
  const backend = () => makeBackendJson("bbb1", { admin_state: node.admin_state });
  const server = ({ method, path, body }: Asked): unknown => {
    if (node.isAway) return new Error("away");
    if (method === "PATCH") node.admin_state = (body as { admin_state: string }).admin_state;
    if (path.includes("/meetings")) {
      return Array.from({ length: node.meetings }, (_, index) => makeMeetingJson(`m${index}`));
    }
    if (path.includes("/commands")) return {};
    if (path.includes("?host=")) return node.isThere && path.endsWith(encodeURIComponent(HOST)) ? [backend()] : [];
    return node.isThere ? backend() : undefined;
  };
  const run = (flags: Line["flags"] = {}, args = [HOST]) =>
    runCommand(drain, { args, flags, server, clock, signal: interrupt.signal });
  return { node, clock, run, interrupt: () => interrupt.abort() };
}

const changes = (asked: readonly Asked[]) =>
  asked.filter(({ method }) => method !== "GET").map(({ method, path, body }) => [method, path, body]);

const STOPPED = [["PATCH", "/api/v1/backends/id-bbb1", { admin_state: "stopped" }]];

Deno.test("drain stops the node, changes nothing else, and says what happens now", async () => {
  const run = createScene("ready", 2).run();
  assert.equal(await run.code, 0);
  assert.deepEqual(changes(run.asked), STOPPED);
  assert.equal(
    run.stdout(),
    `${HOST} is stopped: it takes no new meetings
still on it: 2 meetings with 6 people, more people may join
to take it back: b3scalectl enable backend ${HOST}
`,
  );
});

Deno.test("drain changes nothing about a node that is drained already: 64, or 0 for who waits until it is empty", async () => {
  for (const [flags, code] of [[{}, 64], [{ wait: true }, 0], [{ timeout: "1m" }, 0]] as const) {
    for (const state of ["stopped", "decommissioned"]) {
      const run = createScene(state, 0).run(flags);
      assert.equal(await run.code, code, state);
      assert.deepEqual(changes(run.asked), []);
      assert.match(run.stdout(), /is already \w+: it takes no new meetings\nstill on it: no meetings\n/);
    }
  }
  const run = createScene("stopped", 2).run();
  assert.equal(await run.code, 64);
});

Deno.test("drain --wait returns when the last meeting is over", async () => {
  const { node, clock, run } = createScene("stopped", 2);
  const waiting = run({ wait: true });
  await clock.advance(60_000);
  node.meetings = 1;
  await clock.advance(60_000);
  assert.deepEqual(waiting.stderr.slice(0, 1), ["waiting for 2 meetings with 6 people since 0 s"]);
  assert.equal(waiting.stderr.at(-1), "waiting for 1 meeting with 3 people since 112 s, 2 people leave a minute");
  node.meetings = 0;
  await clock.advance(2000);
  assert.equal(await waiting.code, 0);
  assert.match(waiting.stdout(), /is empty after 2 min\n$/);
});

Deno.test("drain --wait gives meetings time that were on their way to a node stopped just now", async () => {
  const { node, clock, run } = createScene("ready", 0);
  const waiting = run({ wait: true });
  let ended = false;
  waiting.code.then(() => ended = true);
  await clock.advance(8000);
  assert.equal(ended, false);
  node.meetings = 1;
  await clock.advance(8000);
  assert.equal(ended, false);
  node.meetings = 0;
  await clock.advance(2000);
  assert.equal(await waiting.code, 0);
});

Deno.test("drain --wait waits on while the server is away, and sees when the node was removed", async () => {
  const { node, clock, run } = createScene("decommissioned", 1);
  const waiting = run({ wait: true });
  await clock.advance(2000);
  node.isAway = true;
  await clock.advance(60_000);
  assert.match(waiting.stderr.at(-1) ?? "", /cannot reach .*; waiting on, 1 meeting with 3 people left before/);
  Object.assign(node, { isAway: false, isThere: false });
  await clock.advance(2000);
  assert.equal(await waiting.code, 0);
});

Deno.test("drain --wait fails when somebody enables the node again", async () => {
  const { node, clock, run } = createScene("ready", 1);
  const waiting = run({ wait: true });
  waiting.code.catch(() => {});
  await clock.advance(4000);
  node.admin_state = "ready";
  await clock.advance(2000);
  await assert.rejects(waiting.code, /somebody has enabled/);
});

Deno.test("drain --timeout fails when meetings are left then, and leaves the node stopped", async () => {
  const { node, clock, run } = createScene("ready", 1);
  const waiting = run({ timeout: "1m30s" });
  waiting.code.catch(() => {});
  await clock.advance(92_000);
  await assert.rejects(waiting.code, /1 meeting with 3 people left on \S+ after 90 s; it stays stopped/);
  assert.equal(node.admin_state, "stopped");
});

Deno.test("drain --timeout takes a node for empty only when the server says so at the end", async () => {
  const { node, clock, run } = createScene("ready", 0);
  const waiting = run({ timeout: "5s" });
  waiting.code.catch(() => {});
  await clock.advance(4000);
  node.isAway = true;
  await clock.advance(6000);
  await assert.rejects(waiting.code, /cannot reach/);
});

Deno.test("drain --end-meetings ends what is left after the timeout", async () => {
  const { node, clock, run } = createScene("ready", 1);
  const waiting = run({ timeout: "30s", "end-meetings": true });
  await clock.advance(34_000);
  assert.deepEqual(changes(waiting.asked), [
    ...STOPPED,
    ["POST", "/api/v1/commands", { action: "end_all_meetings", params: { BackendID: "id-bbb1" } }],
  ]);
  node.meetings = 0;
  await clock.advance(2000);
  assert.equal(await waiting.code, 0);
  assert.match(waiting.stdout(), /ending 1 meeting with 3 people on /);
});

Deno.test("drain --end-meetings fails when they do not end, and needs a timeout", async () => {
  const { clock, run } = createScene("stopped", 1);
  const waiting = run({ timeout: "0s", "end-meetings": true });
  waiting.code.catch(() => {});
  await clock.advance(182_000);
  await assert.rejects(waiting.code, /did not end on .*: b3scalectl show commands/);
  await assert.rejects(run({ "end-meetings": true }).code, /needs --timeout/);
});

Deno.test("drain --end-meetings ends nothing before a meeting on its way can have arrived", async () => {
  const { clock, run } = createScene("ready", 1);
  const waiting = run({ timeout: "0s", "end-meetings": true });
  waiting.code.catch(() => {});
  await clock.advance(8000);
  assert.deepEqual(changes(waiting.asked), STOPPED);
  await clock.advance(2000);
  assert.equal(changes(waiting.asked).length, 2);
  await clock.advance(182_000);
});

Deno.test("drain --wait, interrupted, says that the node stays stopped", async () => {
  const { clock, run, interrupt } = createScene("ready", 1);
  const waiting = run({ wait: true });
  waiting.code.catch(() => {});
  await clock.advance(3000);
  interrupt();
  await assert.rejects(waiting.code, { name: "AbortError" });
  assert.match(waiting.stdout(), /no longer waiting; \S+ stays stopped\n$/);
});

Deno.test("drain --json prints the node as it is then, and the rest to stderr", async () => {
  const run = createScene("ready", 1).run({ json: true });
  assert.equal(await run.code, 0);
  assert.equal(JSON.parse(run.stdout()).admin_state, "stopped");
  assert.equal(run.stderr.length, 3);
});

Deno.test("drain refuses a node that nobody knows, no node, and what is no span of time", async () => {
  const { run } = createScene("ready", 0);
  await assert.rejects(run({}, [hostOf("bbb2")]).code, /not found/);
  await assert.rejects(run({}, []).code, /require: <host>/);
  const wrong = run({ timeout: "soon" });
  await assert.rejects(wrong.code, /"soon" is no span of time/);
  assert.deepEqual(wrong.asked, []);
});

Deno.test("waitingText() says how fast people leave once that can be said", () => {
  const left = { meetings: 2, people: 30 };
  const text = (passedMs: number, leaving: number) => waitingText(left, { passedMs, settleMs: 10_000, leaving });
  assert.equal(text(59_000, 50), "waiting for 2 meetings with 30 people since 59 s");
  assert.equal(text(300_000, 50), "waiting for 2 meetings with 30 people since 5 min, 10 people leave a minute");
  assert.equal(text(300_000, 5), "waiting for 2 meetings with 30 people since 5 min, 1 person leaves a minute");
  assert.equal(text(300_000, -50), "waiting for 2 meetings with 30 people since 5 min");
  assert.equal(
    waitingText({ meetings: 0, people: 0 }, { passedMs: 4000, settleMs: 10_000, leaving: 0 }),
    "empty; 6 s more, for meetings that were on their way",
  );
});
