import assert from "node:assert/strict";
import { doctor } from "../../../../cli/commands/doctor.ts";
import { runCommand } from "../../../support/fake_cli.ts";

const AWAY = () => new TypeError("fetch failed", { cause: new Error("Connection refused") });

Deno.test("doctor prints a line for each check, then how many there are of which kind, and exits with 1", async () => {
  const run = runCommand(doctor, { server: AWAY });
  assert.equal(await run.code, 1);
  assert.equal(
    run.stdout(),
    `problem  cannot reach http://b3scale.test: connection refused  – start b3scaled there, or give its address with -b or B3SCALE_API_URL
problem  no token is stored for this server  – run b3scalectl auth authorize with the server's B3SCALE_API_JWT_SECRET

2 checks: 2 problems, 0 warnings
`,
  );
});

Deno.test("doctor --json prints the checks and nothing else", async () => {
  const run = runCommand(doctor, { server: AWAY, flags: { json: true } });
  assert.equal(await run.code, 1);
  assert.deepEqual(JSON.parse(run.stdout()), [
    {
      check: "server",
      state: "problem",
      message: "cannot reach http://b3scale.test: connection refused",
      hint: "start b3scaled there, or give its address with -b or B3SCALE_API_URL",
    },
    {
      check: "token",
      state: "problem",
      message: "no token is stored for this server",
      hint: "run b3scalectl auth authorize with the server's B3SCALE_API_JWT_SECRET",
    },
  ]);
});

Deno.test("doctor colours the state, writes progress over, and lets no server steer the terminal", async () => {
  const updates: string[] = [];
  const server = () => Response.json({ message: "\x1b[2Jboo" }, { status: 500 });
  const terminal = { colours: true, interactive: true, update: (line: string) => void updates.push(line) };
  const run = runCommand(doctor, { server, terminal });
  assert.equal(await run.code, 1);
  const red = "\x1b[31mproblem\x1b[0m";
  const [line = ""] = run.stdout().split("\n");
  assert.ok(line.startsWith(`${red}  http://b3scale.test answers 500: message: �[2Jboo  – `), line);
  assert.equal(updates[0], "asking http://b3scale.test");
  assert.equal(updates.at(-1), "");
  assert.deepEqual(run.stderr, []);
});
