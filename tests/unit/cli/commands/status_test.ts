import assert from "node:assert/strict";
import { status } from "../../../../cli/commands/status.ts";
import { CliError } from "../../../../cli/types.ts";
import { type Asked, type Line, runCommand } from "../../../support/fake_cli.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { STATUS } from "../fake_deps.ts";
import { makeBackendJson, makeCommandJson, NOW } from "../rest_objects.ts";

const BACKEND = makeBackendJson("bbb1");
const COMMAND = makeCommandJson(1, { result: "two\nlines\u009b2J" });
const AWAY = { ...STATUS, database: { ...STATUS.database, available: false, error: "connection refused" } };

function server({ path }: Asked): unknown {
  if (path.endsWith("/backends")) return [BACKEND];
  return path.endsWith("/commands") ? [COMMAND] : STATUS;
}

const line = (more: Line = {}): Line => ({ clock: createFakeClock(NOW), server, ...more });

Deno.test("status prints the screen once, whatever the terminal's height", async () => {
  const terminal = { interactive: true, columns: () => 80, rows: () => 3 };
  const run = runCommand(status, line({ terminal }));
  assert.equal(await run.code, 0);
  assert.match(run.stdout(), /^b3scale 1\.4\.0 .*\nbbb1\.example\.org +available [^\n]*\n$/s);
  assert(!run.stdout().includes("\x1b"));
});

Deno.test("status --json is one object without the nodes' secrets", async () => {
  const run = runCommand(status, line({ flags: { json: true } }));
  assert.equal(await run.code, 0);
  const backend = { ...BACKEND, bbb: { host: BACKEND.bbb.host }, settings: { tags: null } };
  assert.deepEqual(JSON.parse(run.stdout()), { status: STATUS, backends: [backend], commands: [COMMAND] });
});

Deno.test("status exits 1 when the database is away, and shows what is known", async () => {
  for (const flags of [{}, { json: true }] as const) {
    const run = runCommand(status, line({ flags, server: ({ path }) => path === "/api/v1" ? AWAY : undefined }));
    assert.equal(await run.code, 1);
    assert.match(run.stdout(), /connection refused/);
    assert.equal(run.asked.length, 1);
  }
});

Deno.test("status fails when the server is away", async () => {
  await assert.rejects(runCommand(status, line({ server: () => new Error("x") })).code, /cannot reach/);
});

Deno.test("status --watch draws on a terminal until it is interrupted, then exits 0", async () => {
  const clock = createFakeClock(NOW);
  const interrupt = new AbortController();
  const terminal = { interactive: true, columns: () => 80, rows: () => 24 };
  const run = runCommand(status, line({ clock, terminal, signal: interrupt.signal, flags: { watch: true } }));
  await clock.advance(0);
  assert(run.stdout().startsWith("\x1b[?1049h"));
  assert.match(run.stdout(), /12:00:00 UTC/);
  await clock.advance(2250);
  assert.match(run.stdout(), /12:00:02 UTC/);
  interrupt.abort();
  assert.equal(await run.code, 0);
  assert(run.stdout().endsWith("\x1b[?1049l"));
});

Deno.test("status --watch writes a line per round where there is no terminal, with --json an object", async () => {
  for (const [flags, shape] of [[{}, /^2026-\S+ 1 node \(1 available\), /], [{ json: true }, /^\{"status"/]] as const) {
    const clock = createFakeClock(NOW);
    const interrupt = new AbortController();
    const run = runCommand(status, line({ clock, signal: interrupt.signal, flags: { watch: "60", ...flags } }));
    await clock.advance(120_000);
    interrupt.abort();
    assert.equal(await run.code, 0);
    const lines = run.stdout().trimEnd().split("\n");
    assert.equal(lines.length, 3);
    for (const text of lines) assert.match(text, shape);
    if (flags.json) assert.deepEqual(JSON.parse(lines[2] ?? "").commands, [COMMAND]);
    for (const control of ["\x1b", "\u009b"]) assert(!run.stdout().includes(control));
  }
});

Deno.test("status --watch refuses what is no number of seconds", async () => {
  for (const watch of ["0", "0.5", "x", "-2", "1e3", "100000"]) {
    await assert.rejects(runCommand(status, line({ flags: { watch } })).code, CliError, watch);
  }
});
