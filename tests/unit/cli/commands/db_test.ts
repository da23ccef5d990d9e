import assert from "node:assert/strict";
import { PROGRAM } from "../../../../cli/commands.ts";
import { runProgram } from "../../../../cli/program.ts";
import { createWorld, STATUS } from "../fake_deps.ts";

const URL = "http://b3scale.test";
const DATABASE = STATUS.database;
const empty = { ...DATABASE, migrated: false, migration: null, pending_migrations: 2 };

/** @param after what the server says once it was asked to migrate */
async function migrate(before: object, after: object = DATABASE, flags: readonly string[] = []) {
  const server = (path: string) =>
    path === "/api/v1/ctrl/migrate" ? Response.json(after) : Response.json({ ...STATUS, database: before });
  const world = createWorld({ env: { B3SCALE_API_URL: URL }, stored: { [URL]: "token" }, server });
  const outcome = await runProgram(PROGRAM, ["db", "migrate", ...flags], world.deps).catch((error: unknown) =>
    error instanceof Error ? error.message : error
  );
  return { outcome, stdout: world.stdout(), stderr: world.stderr(), asked: world.asked };
}
const STATUS_CALLS = [`GET ${URL}/api/v1`, `GET ${URL}/api/v1`];

Deno.test("db migrate has nothing to do when nothing is pending", async () => {
  const { outcome, stdout, asked } = await migrate(DATABASE);
  assert.deepEqual([outcome, asked], [0, STATUS_CALLS]);
  assert.equal(stdout, "There are currently no migrations to apply.\nThe database is up to date.\n");
});

Deno.test("db migrate has the server apply what is pending and shows how the database is then", async () => {
  const { outcome, stdout, asked } = await migrate(empty);
  assert.deepEqual([outcome, asked], [0, [...STATUS_CALLS, `POST ${URL}/api/v1/ctrl/migrate`]]);
  assert.equal(
    stdout,
    "Applying 2 pending migrations.\nDatabase: b3scale\n" +
      "Version:  v2, 'node agent api', applied at: 2026-01-02 03:04:05 +0000 UTC\n",
  );
});

Deno.test("db migrate --json prints the database and talks on stderr", async () => {
  const { stdout, stderr } = await migrate(empty, DATABASE, ["--json"]);
  assert.deepEqual(JSON.parse(stdout), DATABASE);
  assert.equal(stderr, "Applying 2 pending migrations.\n");
  assert.deepEqual(JSON.parse((await migrate(DATABASE, {}, ["--json"])).stdout), DATABASE);
});

Deno.test("db migrate fails with the reason", async () => {
  const away = { ...empty, available: false, pending_migrations: 0, error: "connection refused" };
  const newer = { ...DATABASE, migrated: false, error: "the database has been migrated by a newer version" };
  const outcomes = [
    await migrate(away),
    await migrate(newer),
    await migrate(empty, empty),
    await migrate(empty, away),
  ];
  assert.deepEqual(outcomes.map(({ outcome }) => outcome), [
    "the server cannot reach its database: connection refused",
    "the database has been migrated by a newer version",
    "2 migrations are still pending: the log of b3scaled says why",
    "connection refused",
  ]);
  assert.ok(outcomes[2]?.stdout.endsWith("\nPending:  2, apply with `b3scalectl db migrate`\n"));
});
