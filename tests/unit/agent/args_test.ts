import assert from "node:assert/strict";
import { type Args, readArgs, USAGE } from "../../../agent/args.ts";

const run = (register = false): Args => ({ action: "run", register });
const check = (register = false): Args => ({ action: "check", register });
const refuse = (message: string): Args => ({ action: "refuse", message });

Deno.test("readArgs() takes flags as Go's flag package does", () => {
  const cases: readonly (readonly [args: string, expected: Args])[] = [
    ["", run()],
    ["-a", run(true)],
    ["--a", run(true)],
    ["-register", run(true)],
    ["--register", run(true)],
    ["-a=true", run(true)],
    ["--register=1", run(true)],
    ["-a=F", run()],
    ["-a -register=false", run()],
    ["-a -- --foo", run(true)],
    ["-register true --foo", run(true)],
    ["-a -", run(true)],
    ["-h", { action: "help" }],
    ["--help", { action: "help" }],
    ["-a -help=no", { action: "help" }],
    ["--foo", refuse("flag provided but not defined: -foo")],
    ["-a --toString", refuse("flag provided but not defined: -toString")],
    ["-a=maybe", refuse('invalid boolean value "maybe" for -a: parse error')],
    ["-a=", refuse('invalid boolean value "" for -a: parse error')],
    ["---a", refuse("bad flag syntax: ---a")],
    ["-=a", refuse("bad flag syntax: -=a")],
  ];
  for (const [args, expected] of cases) assert.deepEqual(readArgs(args.split(" ").filter(Boolean)), expected, args);
});

Deno.test("readArgs() finds the command before and after flags", () => {
  assert.deepEqual(readArgs(["check"]), check());
  assert.deepEqual(readArgs(["check", "-a"]), check(true));
  assert.deepEqual(readArgs(["-a", "check"]), check(true));
  assert.deepEqual(readArgs(["check", "--foo"]), refuse("flag provided but not defined: -foo"));
  assert.deepEqual(readArgs(["chekc"]), refuse('unknown command "chekc"'));
  assert.deepEqual(readArgs(["-"]), refuse('unknown command "-"'));
});

Deno.test("readArgs() knows the version flag", () => {
  assert.deepEqual(readArgs(["--version"]), { action: "version" });
  assert.deepEqual(readArgs(["-version"]), { action: "version" });
  assert.deepEqual(readArgs(["-version=false"]), run());
});

Deno.test("USAGE names every flag and command", () => {
  for (const name of ["-a", "-register", "-version", "check"]) assert.match(USAGE, new RegExp(`^  ${name}\\b`, "m"));
});
