// What operators see of a plan.
import assert from "node:assert/strict";
import { planJson, planSummary, stepLines } from "../../../cli/cluster_diff.ts";
import type { Change, Step } from "../../../cli/cluster_plan.ts";

const step = (action: Step["action"], changes: Change[] = [], more: Partial<Step> = {}): Step => ({
  action,
  section: "frontends",
  name: "fe1",
  entry: {},
  changes,
  ...more,
});
const change = (path: string, old: unknown, wanted: unknown): Change => ({ path: path.split("."), old, wanted });
const linesOf = (one: Step, colours = false) => stepLines(one, { colours });

Deno.test("stepLines() shows old and new, and nothing for what is not set", () => {
  assert.deepEqual(
    linesOf(step("change", [
      change("active", true, false),
      change("account_ref", null, "acct"),
      change("settings.join_default_params.guest", "true", undefined),
    ])),
    [
      "~ frontend fe1",
      "    - active: true",
      "    + active: false",
      '    + account_ref: "acct"',
      '    - settings.join_default_params.guest: "true"',
    ],
  );
});

Deno.test("stepLines() shows of a creation what is wanted, of a removal what it means", () => {
  assert.deepEqual(linesOf(step("create", [change("active", true, false)])), ["+ frontend fe1", "    + active: false"]);
  assert.deepEqual(linesOf(step("remove")), ["- frontend fe1", "    ! DELETED with all its meetings and recordings"]);
  assert.match(linesOf(step("remove", [], { section: "backends" })).join(), /^- backend fe1,.*decommissioned/);
});

const secret: [member: string, old: unknown, wanted: unknown][] = [
  ["secret", "S3a", "S3b"],
  ["secret", undefined, "S3b"],
  ["settings.create_default_params.moderatorPW", "S3a", "S3b"],
  ["settings.create_override_params.meta_api-token", undefined, "S3b"],
  ["settings.default_presentation", { url: "https://u:S3a@a.example/", force: false }, null],
  ["settings.create_default_params.meta_callback", "https://a.example/?password=S3a", "https://a.example/"],
];
for (const [member, old, wanted] of secret) {
  Deno.test(`stepLines() and planJson() hide ${member} ${old === undefined ? "that is new" : "that changes"}`, () => {
    const one = step("change", [change(member, old, wanted)]);
    const shown = `${linesOf(one).join("\n")}${JSON.stringify(planJson({ steps: [one], notes: [] }, 0))}`;
    assert.doesNotMatch(shown, /S3/);
    assert.match(shown, old === undefined ? /\(set\)/ : /\(changed\)/);
  });
}

Deno.test("stepLines() paints, and lets no name or value steer the terminal", () => {
  const [line = ""] = linesOf(step("create", [], { name: "a\x1b[2Jb" }), true);
  assert.equal(line, "\x1b[32m+ frontend a\ufffd[2Jb\x1b[0m");
});

Deno.test("planSummary() and planJson() count", () => {
  const steps = [step("create"), step("change"), step("change"), step("remove")];
  assert.equal(planSummary({ steps, notes: [] }), "1 to create, 2 to change, 1 to remove");
  assert.deepEqual(planJson({ steps, notes: [] }, 1).steps.map(({ done }) => done), [true, false, false, false]);
  assert.deepEqual(planJson({ steps: [step("change", [change("active", true, false)])], notes: ["n"] }, 0), {
    steps: [{
      action: "change",
      object: "frontend",
      name: "fe1",
      changes: [{ member: "active", old: true, new: false }],
      done: false,
    }],
    notes: ["n"],
  });
});
