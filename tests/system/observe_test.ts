// Dashboards, alerts and the table of docs/monitoring.md against what a busy server serves, and against their own rules.
import assert from "node:assert/strict";
import { scrapeBusyServer } from "../support/busy_scrape.ts";
import type { Scrape } from "../support/metrics_scene.ts";
import { alertQueries, dashboardQueries, type Panel, type Query } from "../support/observe_files.ts";
import { readAlerts, readDashboards } from "../support/observe_files.ts";
import { examine, type Served } from "../support/promql.ts";

const dashboards = await readDashboards();
const alerts = await readAlerts();
const ALERT_TESTS = "deploy/prometheus/tests/b3scale_test.yml";

Deno.test("a busy server serves", async (t) => {
  const scrape = await scrapeBusyServer();
  const served = servedBy(scrape);

  await t.step("what panels and variables of the dashboards ask for", () => {
    assert.deepEqual(problemsOf(dashboards.flatMap(dashboardQueries), served), []);
  });
  await t.step("what alerts and their texts ask for", () => {
    assert.deepEqual(problemsOf(alerts.flatMap(alertQueries), served), []);
  });
  await t.step("what docs/monitoring.md has in its tables, and nothing else", async () => {
    assert.deepEqual(familiesIn(await Deno.readTextFile("docs/monitoring.md")), familiesOf(scrape));
  });
});

/** Each is refused, so that the test above can fail. */
const refused: [string, string, RegExp][] = [
  ["a series that is not served", "sum(b3scale_made_up_total)", /no series b3scale_made_up_total/],
  ["one among others", "sum(a_total) / sum(rate(b_count[5m]))", /no series b_count/],
  ["one that is named by a matcher", '{__name__="b_count"}', /no series b_count/],
  ["a label that its series has not", 'a_total{wrong="x"}', /a_total has no label wrong/],
  ["one to group by", "sum by (wrong) (a_total)", /no label wrong/],
  ["one that the sum before has dropped", "sum by (kind) (sum by (state) (a_total))", /no label kind/],
  ["one without which nothing is dropped", "max without (wrong) (a_total)", /no label wrong/],
  ["one to match by", "a_total / on (state) sum by (kind) (a_total)", /no label state/],
  ["le after the quantile", "sum by (le) (histogram_quantile(0.9, sum by (le) (b_bucket)))", /no label le/],
  ["what is no query", "sum(a_total", /cannot be read/],
];
const SERVED: Served = new Map([["a_total", new Set(["state", "kind"])], ["b_bucket", new Set(["le"])]]);
for (const [what, query, problem] of refused) {
  Deno.test(`examine() refuses ${what}`, () => assert.match(examine(query, SERVED).problems.join("\n"), problem));
}

const understood: [string, string[]][] = [
  ["a_total", ["instance", "job", "kind", "pod", "state"]],
  ["sum(a_total)", []],
  ["sum(a_total) by (kind, instance)", ["instance", "kind"]],
  ["max without (instance, pod) (rate(a_total[5m] offset 1h))", ["job", "kind", "state"]],
  ["topk(3, sum by (kind) (a_total))", ["kind"]],
  ["histogram_quantile(0.9, sum by (le, job) (rate(b_bucket[5m])))", ["job"]],
  ["sum by (kind) (a_total) > 3 and on () sum by (state) (a_total) > 0", ["kind"]],
  ["sum by (kind) (a_total) or vector(0)", ["kind"]],
  ["sum_over_time((max by (kind) (a_total))[1h:1m]) / 60", ["kind"]],
  ['{__name__=~"a_total|b_bucket"}', ["instance", "job", "kind", "le", "pod", "state"]],
  ['up{job=~"b3scale.*"} == 0', ["instance", "job", "pod"]],
];
for (const [query, labels] of understood) {
  Deno.test(`examine() knows the labels of ${query}`, () => {
    const examined = examine(query, SERVED);
    assert.deepEqual(examined.problems, []);
    assert.deepEqual([...examined.labels].sort(), labels);
  });
}

Deno.test("problemsOf() finds a made-up series in a rule, and in the query of its text", () => {
  const annotations = { description: 'Gone:{{ range query "b_count == 1" }} {{ .Labels.kind }}{{ end }}' };
  const queries = alertQueries({ alert: "Canary", expr: "b3scale_made_up > 0", labels: {}, annotations });
  assert.deepEqual(problemsOf(queries, SERVED), [
    "Canary: there is no series b3scale_made_up: b3scale_made_up > 0",
    "Canary, texts: there is no series b_count: b_count == 1",
  ]);
});

Deno.test("problemsOf() finds a label that a text shows and the result has not", () => {
  const query = { where: "panel", expr: "sum by (kind) (a_total)", shown: ["kind", "state"] };
  assert.deepEqual(problemsOf([query], SERVED), ["panel: shows state, which is not in sum by (kind) (a_total)"]);
});

Deno.test("dashboards have their own uid and title, and one data source that people choose", () => {
  assert.deepEqual(dashboards.map(({ uid }) => uid).sort(), [
    "b3scale-cluster",
    "b3scale-nodes",
    "b3scale-process",
    "b3scale-tenants",
  ]);
  assert.equal(new Set(dashboards.map(({ title }) => title)).size, dashboards.length);
  for (const { file, schemaVersion, panels, templating } of dashboards) {
    assert.ok(schemaVersion >= 38, `${file}: an older schema would be migrated by each import`);
    assert.deepEqual(templating.list.filter(({ type }) => type === "datasource").map(({ name }) => name), [
      "datasource",
    ]);
    const sources = [...panels, ...panels.flatMap(({ targets }) => targets)].map(({ datasource }) => datasource);
    for (const source of sources) assert.deepEqual(source, { type: "prometheus", uid: "${datasource}" }, file);
  }
});

Deno.test("each variable of a dashboard is used, and each that is used is there", () => {
  for (const { file, panels, templating } of dashboards) {
    const text = JSON.stringify([panels, templating.list.map(({ definition }) => definition)]);
    const used = new Set(Array.from(text.matchAll(/\$\{?(?!__)([a-z]+)\b/g), ([, name]) => name));
    assert.deepEqual([...used].sort(), templating.list.map(({ name }) => name).sort(), file);
    for (const variable of templating.list) assert.equal(variable.includeAll, variable.type === "query", variable.name);
  }
});

Deno.test("each panel has a title, a text that says what to do, a unit, and a place of its own", () => {
  for (const { file, panels } of dashboards) {
    assert.deepEqual(panels.map(({ id }) => id).sort((a, b) => a - b), panels.map((_, index) => index + 1), file);
    assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length, file);
    for (const panel of panels) {
      const name = `${file}, ${panel.title}`;
      assert.match(panel.title, /^[A-Z]/, name);
      assert.match(panel.description, /^[A-Z].{15,}\.$/s, name);
      assert.notEqual(panel.fieldConfig.defaults.unit ?? "", "", name);
      assert.ok(panel.targets.length > 0, name);
      assert.ok(panel.gridPos.x >= 0 && panel.gridPos.x + panel.gridPos.w <= 24, name);
      const below = panels.filter((other) => other.id > panel.id && overlap(panel, other)).map(({ title }) => title);
      assert.deepEqual(below, [], `${name} covers`);
    }
  }
});

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

Deno.test("each alert has a name of its own, a severity, texts, a test, and its part in docs/incidents.md", async () => {
  const incidents = await Deno.readTextFile("docs/incidents.md");
  const tests = await Deno.readTextFile(ALERT_TESTS);
  const anchors = Array.from(incidents.matchAll(/^#+ (.+)$/gm), ([, heading = ""]) => anchorOf(heading));
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  for (const { alert, labels, annotations } of alerts) {
    assert.ok(["critical", "warning"].includes(labels.severity ?? ""), alert);
    assert.deepEqual(Object.keys(annotations).sort(), ["description", "runbook", "summary"], alert);
    for (const text of Object.values(annotations)) assert.ok(text.length > 10, alert);
    assert.match(tests, new RegExp(`alertname="?${alert}"`), `${alert} has no test`);
    const [file, anchor = ""] = annotations.runbook?.split("#") ?? [];
    assert.equal(file, "docs/incidents.md", alert);
    assert.ok(anchors.includes(anchor), `${alert}: docs/incidents.md has no heading for #${anchor}`);
  }
});

/** As GitHub makes them. */
const anchorOf = (heading: string): string =>
  heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");

function problemsOf(queries: readonly Query[], served: Served): string[] {
  assert.ok(queries.length > 0);
  return queries.flatMap(({ where, expr, shown }) => {
    const { labels, problems } = examine(expr, served);
    const hidden = problems.length > 0 ? [] : shown.filter((label) => !labels.has(label));
    const told = hidden.map((label) => `shows ${label}, which is not in ${expr}`);
    return [...problems, ...told].map((problem) => `${where}: ${problem}`);
  });
}

function servedBy(scrape: Scrape): Served {
  const served = new Map<string, Set<string>>();
  for (const { samples } of scrape.values()) {
    for (const { name, labels } of samples) {
      served.set(name, (served.get(name) ?? new Set()).union(new Set(Object.keys(labels))));
    }
  }
  return served;
}

/** Name → type and labels; `le` belongs to every histogram and is not told. */
type Families = Record<string, string>;

const familiesOf = (scrape: Scrape): Families =>
  Object.fromEntries(
    Array.from(scrape.values(), ({ name, type, samples }) => {
      const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
      labels.delete("le");
      return [name, `${type} ${[...labels].sort().join()}`] as const;
    }).sort(([a], [b]) => a < b ? -1 : 1),
  );

/** Of rows as | `name` | type | `label`, `label` | meaning | */
const familiesIn = (markdown: string): Families =>
  Object.fromEntries(
    Array.from(markdown.matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) +\| ([^|]+)\|/gm), (row) => {
      const [, name = "", type, cell = ""] = row;
      return [name, `${type} ${Array.from(cell.matchAll(/`(\w+)`/g), ([, label]) => label).sort().join()}`] as const;
    }).sort(([a], [b]) => a < b ? -1 : 1),
  );
