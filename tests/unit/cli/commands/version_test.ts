import assert from "node:assert/strict";
import { PROGRAM } from "../../../../cli/commands.ts";
import { databaseText } from "../../../../cli/commands/version.ts";
import { runProgram } from "../../../../cli/program.ts";
import { BUILD, VERSION } from "../../../../src/version.ts";
import { createWorld, STATUS, takesAll } from "../fake_deps.ts";

const URL = "http://b3scale.test";
const given = { env: { B3SCALE_API_URL: URL }, stored: { [URL]: "token" }, server: takesAll };

Deno.test("version names this program, the server and its database", async () => {
  const { deps, stdout } = createWorld(given);
  assert.equal(await runProgram(PROGRAM, ["version"], deps), 0);
  assert.equal(
    stdout(),
    `b3scalectl v.${VERSION}\t${BUILD}
API status:
b3scale @ ${URL}

server version: 1.4.0 \tbuild: abc
   api version: v1

Database: b3scale
Version:  v2, 'node agent api', applied at: 2026-01-02 03:04:05 +0000 UTC

`,
  );
});

Deno.test("version --json prints both sides and nothing else", async () => {
  const { deps, stdout, stderr } = createWorld(given);
  assert.equal(await runProgram(PROGRAM, ["version", "--json"], deps), 0);
  assert.deepEqual(JSON.parse(stdout()), { version: VERSION, build: BUILD, api: URL, server: STATUS });
  assert.equal(stderr(), "");
});

Deno.test("version says its own even when the server is away", async () => {
  const { deps, stdout } = createWorld({ ...given, server: undefined });
  await assert.rejects(runProgram(PROGRAM, ["version"], deps), /cannot reach/);
  assert.ok(stdout().startsWith(`b3scalectl v.${VERSION}`));
});

Deno.test("databaseText() tells what is not in order, and lets no text of the server steer the terminal", () => {
  const { database } = STATUS;
  assert.equal(
    databaseText({ ...database, migration: null, pending_migrations: 2 }),
    "Database: b3scale\nVersion:  none, the database is empty\nPending:  2, apply with `b3scalectl db migrate`\n",
  );
  assert.equal(
    databaseText({ ...database, available: false, migration: null, error: "away\x1b[2J" }),
    "Database: b3scale\nError:    away�[2J\n",
  );
});
