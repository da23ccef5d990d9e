import assert from "node:assert/strict";
import { type ProgramSpec, runProgram } from "../../../cli/program.ts";
import { CliError, type CommandSpec, type ExitCode, type Given } from "../../../cli/types.ts";
import { VERSION } from "../../../src/version.ts";
import { createWorld, type Given as World, takesAll } from "./fake_deps.ts";

interface Call {
  readonly command: string;
  readonly apiUrl: string;
  readonly args: readonly string[];
  readonly given: Given;
}

/** Commands that only note how they were called. */
function createSpec({ ends = 0 as ExitCode, fails = undefined as Error | undefined } = {}) {
  const calls: Call[] = [];
  const runs = (command: string): NonNullable<CommandSpec["run"]> => (cli, given) => {
    calls.push({ command, apiUrl: cli.apiUrl, args: given.args, given });
    return fails === undefined ? Promise.resolve(ends) : Promise.reject(fails);
  };
  const backend: CommandSpec = {
    name: "backend",
    aliases: ["be"],
    summary: "change a node",
    args: "<host>",
    options: [
      { flags: "-s, --secret <secret>", summary: "its secret" },
      { flags: "--param <k=v>", summary: "a parameter", repeatable: true },
    ],
    examples: ["b3scalectl set backend --secret x https://node1/"],
    complete: async ({ api }) => [(await Promise.resolve(api)).url, "host\nwith a break"],
    run: runs("backend"),
  };
  const token: CommandSpec = {
    name: "token",
    summary: "make one",
    options: [
      { flags: "--sub <name>", summary: "whose", required: true },
      { flags: "--scopes <list>", summary: "what for", required: true },
    ],
    run: runs("token"),
  };
  const spec: ProgramSpec = {
    options: [{ flags: "-b, --api <url>", summary: "address" }, { flags: "--json", summary: "print JSON" }],
    commands: [
      {
        name: "set",
        aliases: ["add"],
        summary: "change things",
        options: [{ flags: "--dry", summary: "change nothing" }, { flags: "--json", summary: "as JSON" }],
        commands: [backend],
      },
      token,
    ],
    withoutCommand: runs("none"),
  };
  return { spec, calls };
}

async function run(line: string, world: World = {}, spec = createSpec()) {
  const { deps, ...seen } = createWorld(world);
  const words = line.split(" ").filter((word) => word !== "").map((word) => word === "''" ? "" : word);
  const outcome = await runProgram(spec.spec, words, deps).catch((error: unknown) => error);
  return { outcome, calls: spec.calls, stdout: seen.stdout(), stderr: seen.stderr(), asked: seen.asked };
}

Deno.test("runProgram() calls the command with its arguments and the flags of all levels, wherever they stand", async () => {
  for (
    const line of [
      "add --dry be --secret x --json host",
      "set backend host -dry -s x -json",
      "-json set -dry backend -secret=x host",
    ]
  ) {
    const { outcome, calls } = await run(line);
    const [call] = calls;
    assert.deepEqual([outcome, call?.command, call?.args], [0, "backend", ["host"]], line);
    assert.deepEqual(
      [call?.given.has("dry"), call?.given.has("json"), call?.given.text("secret")],
      [true, true, "x"],
      line,
    );
  }
});

Deno.test("runProgram() tells what was not given from what is empty", async () => {
  const { calls: [call] } = await run("set backend --secret '' --param a=1 --param b=2");
  assert.deepEqual([call?.given.text("secret"), call?.given.texts("param")], ["", ["a=1", "b=2"]]);
  const { calls: [bare] } = await run("set backend");
  assert.deepEqual([bare?.given.has("secret"), bare?.given.text("secret"), bare?.given.texts("param")], [
    false,
    undefined,
    [],
  ]);
});

Deno.test("runProgram() takes the server's address from the line, the environment, or 1.x's default", async () => {
  const env = { B3SCALE_API_URL: "http://env/" };
  const urls = await Promise.all([
    run("-b http://line// set backend", { env }),
    run("set backend --api=http://line", { env }),
    run("set backend", { env }),
    run("set backend", { env: { B3SCALE_API_URL: "" } }),
  ]);
  assert.deepEqual(urls.map(({ calls }) => calls[0]?.apiUrl), [
    "http://line",
    "http://line",
    "http://env",
    "http://127.0.0.1:42353",
  ]);
});

Deno.test("runProgram() ends as the command does", async () => {
  assert.equal((await run("set backend", {}, createSpec({ ends: 64 }))).outcome, 64);
  const fails = new Error("broken");
  assert.equal((await run("set backend", {}, createSpec({ fails }))).outcome, fails);
});

const HELP_OF_BACKEND = /^Usage: b3scalectl set backend\|be \[options\] <host>\n/;
const HELP_OF_SET = /^Usage: b3scalectl set\|add \[options\] \[command\]\n/;
const helps: [string, RegExp][] = [
  ["--help", /^Usage: b3scalectl \[options\] \[command\]\n/],
  ["-h", /^Usage: b3scalectl \[options\]/],
  ["help", /^Usage: b3scalectl \[options\]/],
  ["h", /^Usage: b3scalectl \[options\]/],
  ["set", HELP_OF_SET],
  ["set -h", HELP_OF_SET],
  ["set h", HELP_OF_SET],
  ["help add", HELP_OF_SET],
  ["set help backend", HELP_OF_BACKEND],
  ["h set be", HELP_OF_BACKEND],
  ["set backend -help", HELP_OF_BACKEND],
  ["-b http://x set --dry backend host -h", HELP_OF_BACKEND],
];
for (const [line, expected] of helps) {
  Deno.test(`"b3scalectl ${line}" shows help and does nothing`, async () => {
    const { outcome, calls, stdout, stderr } = await run(line);
    assert.deepEqual([outcome, calls, stderr], [0, [], ""]);
    assert.match(stdout, expected);
  });
}

Deno.test("help shows the flags of all levels once, examples, and commands with their aliases and arguments", async () => {
  const { stdout: leaf } = await run("set backend -h");
  for (
    const text of [
      "-s, --secret <secret>",
      "\nGlobal Options:\n",
      "--dry ",
      "-b, --api <url>",
      "\nExamples:\n  b3scalectl",
    ]
  ) {
    assert.ok(leaf.includes(text), `${text} in ${leaf}`);
  }
  assert.equal(leaf.split("--json").length, 2);
  const { stdout: group } = await run("set -h");
  assert.ok(
    group.includes("\n  backend, be <host>  change a node\n  help, h [command]   show the help of a command\n"),
  );
});

Deno.test("help for what nobody knows is an error", async () => {
  const { outcome, stdout } = await run("help set frontend");
  assert.deepEqual(outcome, new CliError('unknown command "set frontend"'));
  assert.match(stdout, HELP_OF_SET);
});

Deno.test("runProgram() without a command shows help, then what it is given for that", async () => {
  for (const line of ["", "-b http://x", "--json"]) {
    const { outcome, calls, stdout } = await run(line);
    assert.deepEqual([outcome, calls.map(({ command }) => command)], [0, ["none"]], line);
    assert.match(stdout, /^Usage: b3scalectl/);
  }
});

Deno.test("an unknown command shows help and goes on as without one, as in 1.x, and may have been meant otherwise", async () => {
  const { outcome, calls, stdout, stderr } = await run("-b http://x sett backend");
  assert.deepEqual([outcome, calls[0]?.command, calls[0]?.apiUrl], [0, "none", "http://x"]);
  assert.match(stdout, /^Usage: b3scalectl/);
  assert.equal(stderr, '(Did you mean set?)\nunknown command "sett"\n');
});

Deno.test("an unknown command of a group is an error", async () => {
  const { outcome, calls, stdout, stderr } = await run("set backnd");
  assert.deepEqual([outcome, calls], [new CliError('unknown command "set backnd"'), []]);
  assert.match(stdout, HELP_OF_SET);
  assert.equal(stderr, "(Did you mean backend?)\n");
});

const misused: [line: string, problem: string, usage: RegExp][] = [
  ["--foo set backend", "flag provided but not defined: -foo", /Usage: b3scalectl \[options\]/],
  ["set --foo backend", "flag provided but not defined: -foo", /Usage: b3scalectl set\|add /],
  ["set -s x backend", "flag provided but not defined: -s", /Usage: b3scalectl set\|add /],
  ["set backend host -x", "flag provided but not defined: -x", /Usage: b3scalectl set backend/],
  ["set backend -foo=bar", "flag provided but not defined: -foo", /Usage: b3scalectl set backend/],
  ["set backend --secret", "flag needs an argument: -secret", /Usage: b3scalectl set backend/],
];
for (const [line, problem, usage] of misused) {
  Deno.test(`"b3scalectl ${line}" is misused: ${problem}`, async () => {
    const { outcome, calls, stdout } = await run(line);
    assert.deepEqual([outcome, calls], [new CliError(problem), []]);
    assert.ok(stdout.startsWith(`Incorrect Usage: ${problem}\n\n`));
    assert.match(stdout, usage);
  });
}

Deno.test("a misspelt flag may have been meant otherwise", async () => {
  assert.equal((await run("set backend --secert x")).stderr, "(Did you mean --secret?)\n");
});

Deno.test("required flags that are missing are named, and the help is shown", async () => {
  const both = await run("token");
  assert.deepEqual([both.outcome, both.calls], [new CliError('Required flags "sub, scopes" not set'), []]);
  assert.match(both.stdout, /^Usage: b3scalectl token/);
  assert.deepEqual((await run("token --sub x")).outcome, new CliError('Required flag "scopes" not set'));
  assert.equal((await run("token --sub x --scopes ''")).outcome, 0);
});

Deno.test("--version asks nobody", async () => {
  const { outcome, stdout, asked } = await run("--version");
  assert.deepEqual([outcome, asked], [0, []]);
  assert.ok(stdout.startsWith(`b3scalectl v.${VERSION}\t`));
});

const COMPLETE = "--generate-bash-completion";

Deno.test("completion prints candidates by line, with live values of the server that the line names", async () => {
  assert.equal((await run(`set '' ${COMPLETE}`)).stdout, "backend\nbe\nhelp\nh\n");
  const world = { stored: { "http://x": "token" }, server: takesAll };
  const live = await run(`-b http://x/ set backend '' ${COMPLETE}`, world);
  assert.deepEqual([live.outcome, live.stdout, live.asked], [0, "http://x\n", ["GET http://x/api/v1"]]);
});

Deno.test("completion is silent where it cannot know: no token, no server, no permission", async () => {
  const server = () => Response.json({ message: "no" }, { status: 403 });
  const worlds: World[] = [{ typed: [] }, { stored: { "http://x": "t" } }, { stored: { "http://x": "t" }, server }];
  for (const world of worlds) {
    const { outcome, stdout, stderr } = await run(`-b http://x set backend ${COMPLETE}`, world);
    assert.deepEqual([outcome, stdout, stderr], [0, "", ""]);
  }
});

Deno.test("completion does not wait for a server that hangs", async () => {
  const world = createWorld({ stored: { "http://x": "token" }, server: () => new Promise(() => {}) });
  const ended = runProgram(createSpec().spec, ["-b", "http://x", "set", "backend", COMPLETE], world.deps);
  await world.clock.advance(2000);
  assert.deepEqual([await ended, world.stdout()], [0, ""]);
});
