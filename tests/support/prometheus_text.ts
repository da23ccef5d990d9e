// Prometheus' text format as a scraper reads it: strict, so that a test which reads a scrape proves that it can be read.

export interface ScrapedSample {
  /** With `_bucket`, `_sum` or `_count` in a histogram. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ScrapedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ScrapedSample[];
}

/** @throws Error for what a scraper refuses: a line of another form, a series or a family twice, a sample of no family */
export function parseMetrics(text: string): ReadonlyMap<string, ScrapedFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, ScrapedFamily & { readonly samples: ScrapedSample[] }>();
  const series = new Set<string>();
  let help: { readonly name: string; readonly text: string } | undefined;
  let family: (ScrapedFamily & { readonly samples: ScrapedSample[] }) | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      help = { name, text: rest };
    } else if (keyword === "TYPE") {
      if (help?.name !== name) throw new Error(`no help before: ${line}`);
      if (families.has(name)) throw new Error(`twice: ${line}`);
      if (!["counter", "gauge", "histogram", "summary"].includes(rest)) throw new Error(`unknown type: ${line}`);
      families.set(name, family = { name, type: rest, help: help.text, samples: [] });
    } else if (line !== "") {
      const sample = parseSample(line);
      const known = family !== undefined && belongs(sample.name, family);
      if (family === undefined || !known) throw new Error(`of no family: ${line}`);
      const key = seriesKey(sample);
      if (series.has(key)) throw new Error(`twice: ${line}`);
      series.add(key);
      family.samples.push(sample);
    }
  }
  return families;
}

const belongs = (name: string, family: ScrapedFamily): boolean =>
  name === family.name ||
  (family.type === "histogram" && ["_bucket", "_sum", "_count"].some((part) => name === family.name + part));

const seriesKey = ({ name, labels }: ScrapedSample): string =>
  JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1)]);

function parseSample(line: string): ScrapedSample {
  const [, name = "", inner, number = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line) ?? [];
  const value = number === "+Inf" ? Infinity : number === "-Inf" ? -Infinity : Number(number);
  if (name === "" || number === "" || (Number.isNaN(value) && number !== "Nan" && number !== "NaN")) {
    throw new Error(`no sample: ${line}`);
  }
  return { name, labels: inner === undefined ? {} : parseLabels(inner, line), value };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const pair = /([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y;
  while (pair.lastIndex < text.length) {
    const [, name, escaped] = pair.exec(text) ?? [];
    if (name === undefined || escaped === undefined) throw new Error(`unreadable labels: ${line}`);
    if (name in labels) throw new Error(`label twice: ${line}`);
    labels[name] = escaped.replace(/\\(.)/g, (_, char: string) => char === "n" ? "\n" : char);
  }
  return labels;
}

/** The samples of a family as one object, for comparison: `{a="1",b="2"}` → value, labels in the order of their names. */
export function valuesOf(family: ScrapedFamily | undefined): Record<string, number> {
  if (family === undefined) throw new Error("there is no such family");
  return Object.fromEntries(family.samples.map(({ name, labels, value }) => {
    const pairs = Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1).map(([key, text]) => `${key}="${text}"`);
    return [`${name.slice(family.name.length)}{${pairs.join(",")}}`, value];
  }));
}
