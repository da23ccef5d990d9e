import assert from "node:assert/strict";
import { ok, problem, shellWord, summarize, warning } from "../../../../cli/doctor/check.ts";

Deno.test("summarize() joins what is fine, and tells only what is not where something is not", () => {
  assert.deepEqual(summarize("node", "n1", [ok("fast"), ok("alive")]), {
    check: "node",
    state: "ok",
    message: "n1: fast; alive",
    hint: "",
  });
  const findings = [
    ok("fast"),
    warning("a", "mend a"),
    problem("b", "mend b"),
    problem("c", "mend c"),
    warning("d", ""),
  ];
  assert.deepEqual(summarize("node", "n1", findings), {
    check: "node",
    state: "problem",
    message: "n1: b; c; a; d",
    hint: "mend b",
  });
});

Deno.test("shellWord() makes one word of anything", () => {
  for (const plain of ["moodle", "https://n1.example:8443/bigbluebutton/api/"]) assert.equal(shellWord(plain), plain);
  assert.equal(shellWord("$(reboot); it's"), "'$(reboot); it'\\''s'");
  assert.equal(shellWord(""), "''");
});
