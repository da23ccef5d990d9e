import assert from "node:assert/strict";
import { retryImport, showImports } from "../../../../cli/commands/imports.ts";
import type { RecordingImportJson } from "../../../../src/contract/recording.ts";
import { type Asked, type Line, runCommand } from "../../../support/fake_cli.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { NOW } from "../rest_objects.ts";

const at = (ms: number) => new Date(NOW + ms).toISOString();
const done: RecordingImportJson = {
  id: "id-1",
  record_id: "r-1",
  format: "video",
  digest: "d",
  state: "done",
  reason: null,
  attempts: 0,
  created_at: at(-14_000),
  due_at: at(-14_000),
  finished_at: at(-1000),
};
const failed: RecordingImportJson = {
  ...done,
  id: "id-2",
  format: "notes",
  state: "failed",
  reason: "No frontend is known",
};

const server = ({ method, path }: Asked): unknown => {
  if (method === "GET") return path.includes("state=failed") ? [failed] : [failed, done];
  return path.includes("/id-2/") ? { ...failed, state: "requested" } : undefined;
};
const paths = (asked: readonly Asked[]) => asked.map(({ method, path }) => `${method} ${path}`);

Deno.test("show imports lists uploads with their state and why they failed", async () => {
  const run = runCommand(showImports, { clock: createFakeClock(NOW), server });
  assert.equal(await run.code, 0);
  assert.equal(
    `\n${run.stdout()}`,
    `
ID    STATE   RECORDING  FORMAT   AGE  REASON
id-2  failed  r-1        notes   14 s  No frontend is known
id-1  done    r-1        video   14 s
`,
  );
});

Deno.test("show imports --state asks for those only, and refuses a state that there is not", async () => {
  const run = runCommand(showImports, { flags: { state: "failed", json: true }, server });
  assert.equal(await run.code, 0);
  assert.deepEqual(paths(run.asked), ["GET /api/v1/recordings-imports?state=failed"]);
  assert.deepEqual(JSON.parse(run.stdout()), [failed]);
  await assert.rejects(
    runCommand(showImports, { flags: { state: "lost" }, server }).code,
    /unknown state of an import/,
  );
});

Deno.test("retry import tries one, or all that failed", async () => {
  const one = runCommand(retryImport, { args: ["id-2"], server });
  assert.equal(await one.code, 0);
  assert.deepEqual(paths(one.asked), ["POST /api/v1/recordings-imports/id-2/retry"]);
  const all = runCommand(retryImport, { flags: { all: true }, server });
  assert.equal(await all.code, 0);
  assert.deepEqual(paths(all.asked), [
    "GET /api/v1/recordings-imports?state=failed",
    "POST /api/v1/recordings-imports/id-2/retry",
  ]);
  const wrong: Line[] = [{}, { args: ["id-2"], flags: { all: true } }];
  for (const line of wrong) {
    await assert.rejects(runCommand(retryImport, { ...line, server }).code, /require: <id>, or --all/);
  }
});
