// Families of metrics as a scraper sees them, without a server.
import { type Family, familyText } from "../../src/metrics/family.ts";
import { parseMetrics, valuesOf } from "./prometheus_text.ts";

/** @returns the values of a family by its name */
export function scrapeFamilies<State>(
  families: readonly Family<State>[],
  state: State,
): (name: string) => Record<string, number> {
  const text = families.map((family) => familyText(family, family.samples(state))).join("");
  const parsed = parseMetrics(text);
  return (name) => valuesOf(parsed.get(name));
}
