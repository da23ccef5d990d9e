import assert from "node:assert/strict";
import { readEnvFile } from "../../../src/lib/env_file.ts";

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
