import assert from "node:assert/strict";
import type { Level } from "../../../cli/args.ts";
import { candidates } from "../../../cli/completions.ts";
import type { CommandSpec, OptionSpec, Session } from "../../../cli/types.ts";

const keys: OptionSpec = {
  flags: "--fe, --frontend <key>",
  summary: "",
  complete: () => Promise.resolve(["fe1", "fe2"]),
};
const leaf = (name: string, more: Partial<CommandSpec>): CommandSpec => ({
  name,
  summary: "",
  complete: () => Promise.resolve(["host1", "host2"]),
  run: () => Promise.resolve(),
  ...more,
});
const program: Level = {
  options: [{ flags: "-b, --api <url>", summary: "" }, { flags: "--json", summary: "" }],
  commands: [{
    name: "show",
    aliases: ["s"],
    summary: "",
    options: [{ flags: "--json", summary: "" }],
    commands: [
      leaf("backend", {
        args: "<host>",
        options: [keys, { flags: "--state <state>", summary: "", values: ["a", "b"] }],
      }),
      leaf("both", { args: "<host...>" }),
      leaf("silent", { complete: undefined }),
    ],
  }, leaf("load", { options: [{ flags: "-f, --file <file>", summary: "" }] })],
};

const names = ["backend", "both", "silent", "help", "h"];
const hosts = ["host1", "host2"];
const cases: [what: string, line: string[], found: string[]][] = [
  ["names and aliases of the program", [], ["show", "s", "load", "help", "h"]],
  ["the same for the scripts that name the word under the cursor", [""], ["show", "s", "load", "help", "h"]],
  ["names of a group", ["s"], names],
  ["names behind help", ["help", "show", ""], names],
  ["names behind flags and their values", ["-b", "show", "show", "--json", ""], names],
  ["nothing behind a command that nobody knows", ["foo", ""], []],
  ["flags of the program", ["-"], ["--api", "-b", "--json", "--help", "-h", "--version"]],
  ["flags of a group", ["show", "-"], ["--json", "--help", "-h"]],
  [
    "flags of a command, with those of its group",
    ["show", "backend", "--"],
    ["--frontend", "--fe", "--state", "--json", "--help", "-h"],
  ],
  ["live values of an argument", ["show", "backend"], hosts],
  ["live values behind flags", ["-json", "show", "backend", "--state", "a", ""], hosts],
  ["nothing behind the last argument", ["show", "backend", "host1", ""], []],
  ["what is not on the line yet, of repeated ones", ["show", "both", "host1", ""], ["host2"]],
  ["nothing where no values are known", ["show", "silent", ""], []],
  ["nothing for a command that help is asked for", ["help", "show", "backend", ""], []],
  ["live values of a flag", ["show", "backend", "--fe", ""], ["fe1", "fe2"]],
  ["fixed values of a flag", ["show", "backend", "--state", ""], ["a", "b"]],
  ["a word for files, which the scripts find themselves", ["load", "-f", ""], ["<file>"]],
  ["values behind =", ["show", "backend", "--frontend=f"], ["--frontend=fe1", "--frontend=fe2"]],
  ["nothing for a flag without values", ["--api", ""], []],
  ["nothing behind = of a flag that nobody knows", ["show", "--foo=x"], []],
  ["the flag itself while it is typed", ["show", "backend", "--fe"], [
    "--frontend",
    "--fe",
    "--state",
    "--json",
    "--help",
    "-h",
  ]],
];
for (const [what, line, found] of cases) {
  Deno.test(`candidates() are ${what}`, async () => {
    assert.deepEqual(await candidates(program, line, () => Promise.resolve({} as Session)), found);
  });
}

Deno.test("candidates() asks the server that the line names", async () => {
  const asked: (string | undefined)[] = [];
  const open = (url: string | undefined) => {
    asked.push(url);
    return Promise.resolve({} as Session);
  };
  for (
    const line of [["-b", "http://a", "show", "backend"], ["show", "backend", "--api=http://b", ""], ["s", "backend"]]
  ) {
    await candidates(program, line, open);
  }
  assert.deepEqual(asked, ["http://a", "http://b", undefined]);
});

Deno.test("candidates() asks no server for what it knows", async () => {
  const open = () => Promise.reject(new Error("asked"));
  for (const line of [[""], ["show", ""], ["show", "-"], ["show", "backend", "--state", ""]]) {
    await candidates(program, line, open);
  }
});
