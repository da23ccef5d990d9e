// Reads a query of Prometheus with the parser of its own editor, and judges it by what a server serves. Used by
// tests/system/observe_test.ts for rules and dashboards.
import { parser } from "@prometheus-io/lezer-promql";

type Node = ReturnType<typeof parser.parse>["topNode"];

/** Series → its labels. */
export type Served = ReadonlyMap<string, ReadonlySet<string>>;

/** What Prometheus puts to each series. */
const TARGET_LABELS = ["job", "instance", "pod"];

/** Series that Prometheus makes itself. */
const OWN_SERIES: Served = new Map([
  ["up", new Set<string>()],
  ["scrape_duration_seconds", new Set<string>()],
  ["ALERTS", new Set(["alertname", "alertstate", "severity"])],
]);

export interface Examined {
  /** Labels that the result may have. */
  readonly labels: ReadonlySet<string>;
  /** Empty when the query reads what there is. */
  readonly problems: readonly string[];
}

export function examine(query: string, served: Served): Examined {
  const problems: string[] = [];
  const tree = parser.parse(query);
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) problems.push(`cannot be read from "${query.slice(from, from + 20)}" on: ${query}`);
    },
  });
  const labels = problems.length > 0 ? new Set<string>() : labelsOf(tree.topNode, { query, served, problems });
  return { labels, problems };
}

interface Context {
  readonly query: string;
  readonly served: Served;
  readonly problems: string[];
}

function labelsOf(node: Node, context: Context): Set<string> {
  switch (node.name) {
    case "VectorSelector":
      return ofSelector(node, context);
    case "AggregateExpr":
      return ofAggregation(node, context);
    case "BinaryExpr":
      return ofOperation(node, context);
    case "FunctionCall": {
      const labels = ofChildren(node, context);
      if (node.getChild("FunctionIdentifier")?.getChild("HistogramQuantile")) labels.delete("le");
      return labels;
    }
    default:
      return ofChildren(node, context);
  }
}

const ofChildren = (node: Node, context: Context): Set<string> =>
  new Set(childrenOf(node).flatMap((child) => [...labelsOf(child, context)]));

function ofSelector(node: Node, { query, served, problems }: Context): Set<string> {
  const matchers = (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map((matcher) => ({
    label: textOf(matcher.getChild("LabelName"), query),
    value: textOf(matcher.getChild("StringLiteral"), query).slice(1, -1),
  }));
  const own = textOf(node.getChild("Identifier"), query);
  const names = own === ""
    ? matchers.filter(({ label }) => label === "__name__").flatMap(({ value }) => value.split("|"))
    : [own];
  const labels = new Set(TARGET_LABELS);
  for (const name of names) {
    const known = served.get(name) ?? OWN_SERIES.get(name);
    if (known === undefined) problems.push(`there is no series ${name}: ${query}`);
    for (const label of known ?? []) labels.add(label);
  }
  for (const { label } of matchers) {
    if (label !== "__name__" && !labels.has(label)) problems.push(`${names} has no label ${label}: ${query}`);
  }
  return labels;
}

function ofAggregation(node: Node, context: Context): Set<string> {
  const inner = ofChildren(node, context);
  const modifier = node.getChild("AggregateModifier");
  const names = groupingOf(modifier, context);
  const keepsSeries = ["Topk", "Bottomk"].some((name) => node.getChild("AggregateOp")?.getChild(name));
  if (modifier === null) return keepsSeries ? inner : new Set();
  requireAll(names, inner, context);
  if (modifier.getChild("Without")) return new Set([...inner].filter((label) => !names.includes(label)));
  return keepsSeries ? inner : new Set(names);
}

function ofOperation(node: Node, context: Context): Set<string> {
  const operands = childrenOf(node).filter(({ name }) => name !== "MatchingModifierClause");
  const both = operands.map((operand) => labelsOf(operand, context));
  const matching = node.getChild("MatchingModifierClause");
  for (const labels of both.filter((labels) => labels.size > 0)) {
    if (matching?.getChild("On")) requireAll(groupingOf(matching, context), labels, context);
  }
  const leftOnly = node.getChild("And") !== null || node.getChild("Unless") !== null;
  return leftOnly ? both[0] ?? new Set() : new Set(both.flatMap((labels) => [...labels]));
}

function requireAll(names: readonly string[], labels: ReadonlySet<string>, { problems, query }: Context) {
  for (const name of names) if (!labels.has(name)) problems.push(`no label ${name} to group by: ${query}`);
}

const groupingOf = (node: Node | null, { query }: Context): string[] =>
  (node?.getChild("GroupingLabels")?.getChildren("LabelName") ?? []).map((label) => textOf(label, query));

const textOf = (node: Node | null, query: string): string => node === null ? "" : query.slice(node.from, node.to);

function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
