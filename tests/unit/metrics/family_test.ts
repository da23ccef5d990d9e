import assert from "node:assert/strict";
import fc from "fast-check";
import { familyText, label, single, tally } from "../../../src/metrics/family.ts";
import { parseMetrics, valuesOf } from "../../support/prometheus_text.ts";

const HEAD = { name: "b3scale_test", help: "For a test", type: "gauge" } as const;

Deno.test("familyText() writes help, type and a line for each sample", () => {
  const text = familyText(HEAD, [...single(3), [`${label("a", "x")},${label("b", "y")}`, 0.5]]);
  assert.equal(
    text,
    '# HELP b3scale_test For a test\n# TYPE b3scale_test gauge\nb3scale_test 3\nb3scale_test{a="x",b="y"} 0.5\n',
  );
});

Deno.test("label() writes any text so that a scraper reads the same", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (one, two) => {
    const family = parseMetrics(familyText(HEAD, [[`${label("one", one)},${label("two", two)}`, 1]])).get(HEAD.name);
    assert.deepEqual(family?.samples[0]?.labels, { one, two });
  }));
});

Deno.test("tally() adds up what has the same labels, or merges it as told", () => {
  const rows = [["a", 1], ["b", 5], ["a", 4], ["a", 2]] as const;
  const by = (merge?: (a: number, b: number) => number) =>
    Object.fromEntries(tally(rows, ([name]) => name, ([, count]) => count, merge));
  assert.deepEqual(by(), { a: 7, b: 5 });
  assert.deepEqual(by(Math.max), { a: 4, b: 5 });
});

Deno.test("parseMetrics() refuses what a scraper would", () => {
  const head = "# HELP m text\n# TYPE m gauge\n";
  for (
    const [what, text] of Object.entries({
      "a series twice": `${head}m{a="1",b="2"} 1\nm{b="2",a="1"} 2\n`,
      "a family twice": `${head}m 1\n${head}`,
      "no family": "m 1\n",
      "another family": `${head}other 1\n`,
      "an open quote": `${head}m{a="1} 1\n`,
      "a bare quote": `${head}m{a="1"2"} 1\n`,
      "no number": `${head}m one\n`,
      "no end": `${head}m 1`,
    })
  ) {
    assert.throws(() => parseMetrics(text), Error, what);
  }
  assert.deepEqual(valuesOf(parseMetrics(`${head}m{a="1"} +Inf\n`).get("m")), { '{a="1"}': Infinity });
});
