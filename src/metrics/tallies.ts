// Counters and histograms as plain numbers, because they stand in each request: prom-client's own look for their series by
// a text that they make of its labels each time, and check them. It only writes these, at a scrape.
import type { Metric, Registry } from "prom-client";

export type Labels = Readonly<Record<string, string>>;

/** One series. What is no amount counts as 0: it never fails. */
export interface Tally {
  /** To a counter; of a histogram, one observation. */
  add(amount: number): void;
}

/** A family. */
export interface Tallies {
  /** Made when it is asked for the first time; whoever adds often keeps it. */
  of(labels: Labels): Tally;
  /** Drops the series of all others. */
  retain(isPresent: (labels: Labels) => boolean): void;
}

interface Head {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
}

interface Value {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

interface ReadableTally extends Tally {
  values(): Value[];
}

export const createCounters = (head: Head): Tallies =>
  register(head, "counter", (labels) => {
    const total = new Float64Array(1);
    return {
      add: (amount) => void (total[0] = (total[0] ?? 0) + atLeastZero(amount)),
      values: () => [{ labels, value: total[0] ?? 0 }],
    };
  });

/** @param buckets upper bounds, rising */
export const createHistograms = ({ buckets, ...head }: Head & { readonly buckets: readonly number[] }): Tallies =>
  register(head, "histogram", (labels) => {
    const counts = new Float64Array(buckets.length + 1); // the last one is of what is beyond all of them
    const sum = new Float64Array(1);
    return {
      add: (amount) => {
        const value = atLeastZero(amount);
        let index = 0;
        while (value > (buckets[index] ?? Infinity)) index++;
        counts[index] = (counts[index] ?? 0) + 1;
        sum[0] = (sum[0] ?? 0) + value;
      },
      values: () => {
        let below = 0;
        const cumulated = Array.from(counts, (count, index) => {
          below += count;
          const le = String(buckets[index] ?? "+Inf");
          return { metricName: `${head.name}_bucket`, labels: { le, ...labels }, value: below };
        });
        return [
          ...cumulated,
          { metricName: `${head.name}_sum`, labels, value: sum[0] ?? 0 },
          { metricName: `${head.name}_count`, labels, value: below },
        ];
      },
    };
  });

const atLeastZero = (amount: number): number => amount > 0 && amount < Infinity ? amount : 0;

function register(
  { name, help, registry }: Head,
  type: "counter" | "histogram",
  make: (labels: Labels) => ReadableTally,
): Tallies {
  const series = new Map<string, { readonly labels: Labels; readonly tally: ReadableTally }>();
  const metric = {
    name,
    help,
    type,
    get: () =>
      Promise.resolve({ name, help, type, values: Array.from(series.values(), (one) => one.tally.values()).flat() }),
  };
  registry.registerMetric(metric as unknown as Metric); // all that its registry asks of one
  return {
    of: (labels) => {
      let key = "";
      for (const label in labels) key += `${labels[label]}\n`;
      const known = series.get(key);
      if (known !== undefined) return known.tally;
      const tally = make(labels);
      series.set(key, { labels, tally });
      return tally;
    },
    retain: (isPresent) => {
      for (const [key, { labels }] of series) if (!isPresent(labels)) series.delete(key);
    },
  };
}
