import assert from "node:assert/strict";
import * as fc from "fast-check";
import { flagNames, type Level, longName, readLine } from "../../../cli/args.ts";
import { PROGRAM } from "../../../cli/commands.ts";

const backend = {
  name: "backend",
  summary: "",
  options: [
    { flags: "-s, --secret <secret>", summary: "" },
    { flags: "--fe, --frontend <key>", summary: "" },
    { flags: "--force", summary: "" },
  ],
};
const set = {
  name: "set",
  aliases: ["add"],
  summary: "",
  options: [{ flags: "--dry", summary: "" }],
  commands: [backend],
};
const program: Level = { options: [{ flags: "-b, --api <url>", summary: "" }], commands: [set] };

const words = (...line: string[]) => readLine(program, line).words;

const lines: [what: string, line: string[], words: string[]][] = [
  ["one dash is as good as two", ["set", "-dry", "backend"], ["set", "--dry", "backend"]],
  ["values are attached", ["set", "backend", "--secret", "x", "host"], ["set", "backend", "--secret=x", "host"]],
  ["short flags get their long name", ["set", "backend", "-s", "x"], ["set", "backend", "--secret=x"]],
  ["of two long names the last counts", ["set", "backend", "-fe", "x"], ["set", "backend", "--frontend=x"]],
  ["an attached value stays", ["set", "backend", "-secret=a=b"], ["set", "backend", "--secret=a=b"]],
  ["an empty value is one", ["set", "backend", "-s", ""], ["set", "backend", "--secret="]],
  ["a value may look like a flag", ["set", "backend", "-s", "-b"], ["set", "backend", "--secret=-b"]],
  ["a value may look like a command", ["-b", "set", "set"], ["--api=set", "set"]],
  ["outer flags are taken further in", ["set", "backend", "h", "-dry"], ["set", "backend", "h", "--dry"]],
  ["inner flags are not taken further out", ["set", "-s", "x"], ["set", "-s", "x"]],
  ["nothing is changed behind --", ["set", "--", "-dry", "x"], ["set", "--", "-dry", "x"]],
  ["a number is no flag", ["set", "backend", "-1"], ["set", "backend", "-1"]],
];
for (const [what, line, expected] of lines) {
  Deno.test(`readLine() for commander: ${what}`, () => assert.deepEqual(words(...line), expected));
}

Deno.test("readLine() attaches any value to its flag", () => {
  fc.assert(fc.property(fc.string(), (value) => {
    assert.deepEqual(words("set", "backend", "--secret", value, "host"), [
      "set",
      "backend",
      `--secret=${value}`,
      "host",
    ]);
  }));
});

Deno.test("readLine() tells commands, by their aliases too, from what follows them", () => {
  const { path, args } = readLine(program, ["-b", "url", "add", "--dry", "backend", "set", "-s", "x", "--", "-y"]);
  assert.deepEqual(path, [set, backend]);
  assert.deepEqual(args, ["set", "-y"]);
});

Deno.test("readLine() stops looking for commands at what is none", () => {
  const { path, args } = readLine(program, ["sett", "backend"]);
  assert.deepEqual([path, args], [[], ["sett", "backend"]]);
});

Deno.test("readLine() takes help and h for help where a command could stand", () => {
  for (const line of [["help", "set"], ["h"], ["set", "help", "backend"], ["set", "h"]]) {
    assert.equal(readLine(program, line).help, true, line.join(" "));
  }
  assert.deepEqual(readLine(program, ["help", "set", "backend"]).path, [set, backend]);
  const host = readLine(program, ["set", "backend", "help"]);
  assert.deepEqual([host.help, host.args], [false, ["help"]]);
});

Deno.test("readLine() says which flag misses its value at the end", () => {
  assert.equal(readLine(program, ["set", "backend", "-s"]).pending, backend.options[0]);
  assert.equal(readLine(program, ["set", "backend", "--force"]).pending, undefined);
});

Deno.test("flagNames() and longName() read flags as commander does", () => {
  const option = (flags: string) => ({ flags, summary: "" });
  assert.deepEqual(flagNames(option("-s, --secret <a-secret>")), ["secret", "s"]);
  assert.deepEqual(flagNames(option("--fe, --frontend <key>")), ["frontend", "fe"]);
  assert.equal(longName(option("--fe, --frontend <key>")), "frontend");
  assert.equal(longName(option("--json")), "json");
});

Deno.test("no two commands or flags of one level share a name", () => {
  const visit = (level: Level, where: string) => {
    const names = (level.commands ?? []).flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    const flags = (level.options ?? []).flatMap(flagNames);
    for (const all of [[...names, "help", "h"], [...flags, "help", "h", "version"]]) {
      assert.deepEqual(all, [...new Set(all)], where);
    }
    for (const command of level.commands ?? []) visit(command, `${where} ${command.name}`);
  };
  visit(PROGRAM, "b3scalectl");
});
