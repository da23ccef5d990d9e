// The text of one scrape. Each family is made on its own: one that cannot be made is absent and counted, the rest is
// served.
import { Counter, Gauge, Registry } from "prom-client";
import type { Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import { createSingleFlight } from "../lib/single_flight.ts";
import { type Collector, familyText } from "./family.ts";

export interface Exposition {
  /** Scrapes at the same time share one text. */
  scrape(): Promise<string>;
  /** Counts a request for the text from its begin; the returned function says how it was answered. */
  beginRequest(): (status: number) => void;
}

/** Longer than that without a break keeps requests waiting. */
const BREAK_AFTER_MS = 8;

/** @param registry what this process counts */
export function createExposition(
  { registry, collectors, clock, log }: Pick<Deps, "clock" | "log"> & {
    readonly registry: Registry;
    readonly collectors: readonly Collector[];
  },
): Exposition {
  const own = new Registry();
  const failures = new Counter({
    name: "b3scale_metrics_failures_total",
    help: "Families that could not be made at a scrape, and were absent",
    labelNames: ["family"],
    registers: [own],
  });
  const requests = new Counter({
    name: "promhttp_metric_handler_requests_total",
    help: "Scrapes by HTTP status",
    labelNames: ["code"],
    registers: [own],
  });
  for (const code of ["200", "500", "503"]) requests.inc({ code }, 0);
  const inFlight = new Gauge({
    name: "promhttp_metric_handler_requests_in_flight",
    help: "Scrapes that are being served",
    registers: [own],
  });
  const scrapes = createSingleFlight<string>({ clock });
  const failing = new Set<string>();

  async function scrape(): Promise<string> {
    const parts: string[] = [];
    const newlyFailing = new Map<string, string[]>();
    let startedAt = clock.monotonic();
    const add = async (family: string, make: () => Promise<string>) => {
      failures.inc({ family }, 0); // so that the first failure is an increase
      try {
        parts.push(await make());
        failing.delete(family);
      } catch (error) {
        failures.inc({ family });
        const text = errorText(error);
        if (!failing.has(family)) newlyFailing.set(text, [...newlyFailing.get(text) ?? [], family]);
        failing.add(family);
      }
      if (clock.monotonic() - startedAt < BREAK_AFTER_MS) return;
      await clock.sleep(0);
      startedAt = clock.monotonic();
    };

    const pending = collectors.flatMap((begin) => begin());
    for (const { samples, ...head } of pending) {
      await add(head.name, async () => familyText(head, await samples()));
    }
    for (const { name } of registry.getMetricsAsArray()) {
      await add(name, async () => await registry.getSingleMetricAsString(name) + "\n");
    }
    for (const [error, families] of newlyFailing) log.warn("metrics could not be made", { families, error });
    return parts.join("") + await own.metrics();
  }

  return {
    scrape: () => scrapes.run("", scrape),
    beginRequest: () => {
      inFlight.inc();
      return (status) => {
        inFlight.dec();
        requests.inc({ code: String(status) });
      };
    },
  };
}
