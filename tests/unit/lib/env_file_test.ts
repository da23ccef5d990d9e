import assert from "node:assert/strict";
import { ConfigError } from "../../../src/config.ts";
import { readEnvFile, withEnvFiles } from "../../../src/lib/env_file.ts";

const cases: [name: string, text: string, values: Record<string, string>][] = [
  ["names and values", "A=1\nB=two words\n", { A: "1", B: "two words" }],
  ["windows line ends", "A=1\r\nB=2\r\n", { A: "1", B: "2" }],
  ["comments by their first character", "#A=1\n #B=2\nC=3 # not one", { "#B": "2", C: "3 # not one" }],
  ["lines without =", "nothing\n\nA=1", { A: "1" }],
  ["the first = as the end of the name", "A=postgres://h/x?sslmode=disable", { A: "postgres://h/x?sslmode=disable" }],
  ["white space and quotes at both ends", ` "A" = '"1" '`, { A: '1" ' }],
  ["quotes of either kind, mixed", `A="'x'"`, { A: "x" }],
  ["quotes inside as they are", `A=a"b'c`, { A: `a"b'c` }],
  ["an empty value", "A=\nB=''", { A: "", B: "" }],
  ["no export, no escapes, no interpolation", "export A=$B\\n", { "export A": "$B\\n" }],
  ["the last of the same name", "A=1\nA=2", { A: "2" }],
  ["nothing", "", {}],
];
for (const [name, text, values] of cases) {
  Deno.test(`readEnvFile() reads ${name}`, () => assert.deepEqual(readEnvFile(text), values));
}

/** Files by their paths; an error instead of a text is what reading it says. */
function filesOf(files: Readonly<Record<string, string | Error>>, skipsForbidden?: boolean) {
  const announced: string[] = [];
  const readText = (path: string) => {
    const file = files[path] ?? new Deno.errors.NotFound(path);
    if (file instanceof Error) throw file;
    return file;
  };
  return { announced, options: { readText, announce: (line: string) => void announced.push(line), skipsForbidden } };
}

Deno.test("withEnvFiles() lays the files over the environment, the later on top, while the trigger is not set", () => {
  const { announced, options } = filesOf({ ".env": "A=1\nB=1", "/etc/default/b3scale": "B=2" });
  assert.deepEqual(withEnvFiles({ A: "0", C: "0", T: " " }, "T", options), { A: "1", B: "2", C: "0", T: " " });
  assert.deepEqual(announced, ["using environment from: .env", "using environment from: /etc/default/b3scale"]);
  assert.deepEqual(withEnvFiles({ A: "0", T: "set" }, "T", options), { A: "0", T: "set" });
});

Deno.test("withEnvFiles() refuses a file that may not be read, unless it is somebody else's", () => {
  const files = { ".env": "A=1", "/etc/default/b3scale": new Deno.errors.PermissionDenied("denied") };
  assert.throws(() => withEnvFiles({}, "T", filesOf(files).options), ConfigError);
  const { announced, options } = filesOf(files, true);
  assert.deepEqual(withEnvFiles({}, "T", options), { A: "1" });
  assert.deepEqual(announced, ["using environment from: .env"]);
});
