// A family of series as plain values: what is known of the cluster is put into it anew at each scrape (collect_*.ts) and
// written as Prometheus text by the exposition. What this process counts lives in prom-client's registry instead.

/**
 * Labels as they are written between the braces, each set of them once, with its value. Their texts come only from the
 * database's keys, hosts, states and, where they are wanted, ids of meetings: never from a request or a person.
 */
export type Samples = Iterable<readonly [labels: string, value: number]>;

export interface FamilyHead {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
}

export interface Family<State> extends FamilyHead {
  readonly samples: (state: State) => Samples;
}

/** A family within one scrape. */
export interface PendingFamily extends FamilyHead {
  readonly samples: () => Promise<Samples>;
}

/** Begins what one scrape needs to read. */
export type Collector = () => readonly PendingFamily[];

/** Families that share one reading; when that fails, each of them does. */
export function createCollector<State>(
  read: () => State | Promise<State>,
  families: readonly Family<State>[],
): Collector {
  return () => {
    const reading = (async () => await read())();
    reading.catch(() => {}); // each family tells
    return families.map(({ samples, ...head }) => ({ ...head, samples: async () => samples(await reading) }));
  };
}

/** Of a family without labels. */
export const single = (value: number): Samples => [["", value]];

/** One label, as Prometheus' text format has it. */
export const label = (name: string, text: string): string =>
  `${name}="${/["\\\n]/.test(text) ? text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n") : text}"`;

const sum = (a: number, b: number): number => a + b;

/** One sample for all rows of the same labels. */
export function tally<Row>(
  rows: Iterable<Row>,
  labelsOf: (row: Row) => string,
  valueOf: (row: Row) => number,
  merge: (a: number, b: number) => number = sum,
): Map<string, number> {
  const samples = new Map<string, number>();
  for (const row of rows) {
    const labels = labelsOf(row);
    const known = samples.get(labels);
    samples.set(labels, known === undefined ? valueOf(row) : merge(known, valueOf(row)));
  }
  return samples;
}

/** In Prometheus' text format. */
export function familyText({ name, help, type }: FamilyHead, samples: Samples): string {
  let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  for (const [labels, value] of samples) text += labels === "" ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`;
  return text;
}
