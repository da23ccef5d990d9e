// The dashboards of deploy/grafana and the alerts of deploy/prometheus, with every query that stands in them.
import { parse } from "yaml";

export interface Target {
  readonly expr: string;
  readonly legendFormat?: string;
  readonly datasource: unknown;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource: unknown;
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly targets: readonly Target[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
  readonly includeAll: boolean;
}

export interface Dashboard {
  readonly file: string;
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Query {
  /** For people who have to find it. */
  readonly where: string;
  readonly expr: string;
  /** Labels that texts take from the result. */
  readonly shown: readonly string[];
}

const DASHBOARDS = "deploy/grafana/dashboards";
const RULES = "deploy/prometheus/rules";

export async function readDashboards(): Promise<Dashboard[]> {
  const texts = await readFolder(DASHBOARDS, ".json");
  return texts.map(({ file, text }) => ({ ...JSON.parse(text) as Omit<Dashboard, "file">, file }));
}

export async function readAlerts(): Promise<Alert[]> {
  const texts = await readFolder(RULES, ".yml");
  return texts.flatMap(({ text }) =>
    (parse(text) as { groups: { rules: Alert[] }[] }).groups.flatMap((it) => it.rules)
  );
}

async function readFolder(folder: string, end: string) {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).filter((it) => it.endsWith(end));
  return await Promise.all(
    names.sort().map(async (name) => {
      const file = `${folder}/${name}`;
      return { file, text: await Deno.readTextFile(file) };
    }),
  );
}

/** Of panels, and of variables. */
export function dashboardQueries({ file, panels, templating }: Dashboard): Query[] {
  const ofPanels = panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat = "" }) => ({
      where: `${file}, ${title}`,
      expr: withoutVariables(expr),
      shown: matchesOf(legendFormat, /\{\{(\w+)\}\}/g),
    }))
  );
  const ofVariables = templating.list.flatMap(({ name, definition = "" }) => {
    const [, expr, label = ""] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
    return expr === undefined ? [] : [{ where: `${file}, $${name}`, expr: withoutVariables(expr), shown: [label] }];
  });
  return [...ofPanels, ...ofVariables];
}

/** Of the rule, and of its texts. */
export function alertQueries({ alert, expr, annotations }: Alert): Query[] {
  const text = Object.values(annotations).join("\n");
  const inTexts = matchesOf(text, /\{\{ range query "(.+?)" /g).map((query) => ({
    where: `${alert}, texts`,
    expr: query,
    shown: matchesOf(text, /\{\{ \.Labels\.(\w+) /g),
  }));
  return [{ where: alert, expr, shown: matchesOf(text, /\$labels\.(\w+)/g) }, ...inTexts];
}

/** Grafana puts a value in their place; within text that is compared any will do. */
const withoutVariables = (expr: string): string => expr.replace(/\$__\w+/g, (name) => name.endsWith("_s") ? "1" : "1h");

const matchesOf = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, found = ""]) => found);
