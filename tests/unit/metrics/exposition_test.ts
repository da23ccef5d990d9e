import assert from "node:assert/strict";
import { Counter, Gauge } from "prom-client";
import { createExposition } from "../../../src/metrics/exposition.ts";
import { type Collector, createCollector, single } from "../../../src/metrics/family.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";
import { parseMetrics, valuesOf } from "../../support/prometheus_text.ts";

function setUp(collectors: readonly Collector[]) {
  const { log, lines } = makeLog();
  const registry = createRegistry();
  const exposition = createExposition({ registry, collectors, clock: createFakeClock(), log });
  const scrape = async () => parseMetrics(await exposition.scrape());
  return { registry, exposition, lines, scrape };
}

const gauge = (name: string, samples: () => number) =>
  ({ name, type: "gauge", help: "For a test", samples: () => single(samples()) }) as const;

Deno.test("scrape() serves families of collectors and of the registry, each with help and type", async () => {
  const { registry, scrape } = setUp([createCollector(() => 5, [{
    name: "made",
    type: "counter",
    help: "Made at the scrape",
    samples: (five) => single(five),
  }])]);
  new Counter({ name: "counted", help: "Counted before", registers: [registry] }).inc(3);
  const families = await scrape();
  assert.deepEqual(valuesOf(families.get("made")), { "{}": 5 });
  assert.equal(families.get("made")?.type, "counter");
  assert.deepEqual(valuesOf(families.get("counted")), { "{}": 3 });
});

Deno.test("scrape() leaves out a family that throws, counts it, and serves the rest", async () => {
  let broken = true;
  const { registry, scrape, lines } = setUp([createCollector(() => {}, [
    gauge("first", () => 1),
    gauge("fragile", () => {
      if (broken) throw new Error("no reason");
      return 2;
    }),
    gauge("last", () => 3),
  ])]);
  new Gauge({
    name: "fragile_too",
    help: "For a test",
    registers: [registry],
    collect() {
      if (broken) throw new Error("no reason");
    },
  });
  const failuresOf = (families: Awaited<ReturnType<typeof scrape>>, family: string) =>
    valuesOf(families.get("b3scale_metrics_failures_total"))[`{family="${family}"}`];

  const first = await scrape();
  assert.deepEqual([first.has("first"), first.has("fragile"), first.has("fragile_too"), first.has("last")], [
    true,
    false,
    false,
    true,
  ]);
  assert.deepEqual(["first", "fragile", "fragile_too"].map((family) => failuresOf(first, family)), [0, 1, 1]);
  assert.equal(failuresOf(await scrape(), "fragile"), 2);
  const line = {
    level: "warn",
    message: "metrics could not be made",
    fields: { families: ["fragile", "fragile_too"], error: "no reason" },
  };
  assert.deepEqual(lines, [line], "one line for both, and not with each scrape");

  broken = false;
  const healed = await scrape();
  assert.deepEqual(valuesOf(healed.get("fragile")), { "{}": 2 });
  assert.equal(failuresOf(healed, "fragile"), 2);
  broken = true;
  await scrape();
  assert.deepEqual(lines, [line, line], "it worked in between");
});

Deno.test("scrape() leaves out all families of a reading that fails, and none of another one", async () => {
  const { scrape } = setUp([
    createCollector(() => Promise.reject(new Error("no database")), [gauge("a", () => 1), gauge("b", () => 1)]),
    createCollector(() => Promise.resolve(1), [gauge("c", () => 1)]),
  ]);
  const families = await scrape();
  assert.deepEqual(["a", "b", "c"].map((name) => families.has(name)), [false, false, true]);
});

Deno.test("scrape() begins all readings at once, and scrapes at the same time share one", async () => {
  const begun: string[] = [];
  let goOn = () => {};
  const wait = new Promise<void>((resolve) => goOn = resolve);
  const reading = (name: string) =>
    createCollector(async () => {
      begun.push(name);
      await wait;
    }, [gauge(name, () => 1)]);
  const { exposition } = setUp([reading("slow"), reading("slower")]);
  const both = [exposition.scrape(), exposition.scrape()];
  assert.deepEqual(begun, ["slow", "slower"]);
  goOn();
  const [first, second] = await Promise.all(both);
  assert.equal(first, second);
  await exposition.scrape();
  assert.equal(begun.length, 4, "a later scrape reads anew");
});

Deno.test("beginRequest() counts what is being served, and what was", async () => {
  const { exposition, scrape } = setUp([]);
  const end = exposition.beginRequest();
  const during = await scrape();
  assert.deepEqual(valuesOf(during.get("promhttp_metric_handler_requests_in_flight")), { "{}": 1 });
  const none = { '{code="200"}': 0, '{code="500"}': 0, '{code="503"}': 0 };
  assert.deepEqual(valuesOf(during.get("promhttp_metric_handler_requests_total")), none);
  end(200);
  const after = await scrape();
  assert.deepEqual(valuesOf(after.get("promhttp_metric_handler_requests_in_flight")), { "{}": 0 });
  assert.deepEqual(valuesOf(after.get("promhttp_metric_handler_requests_total")), { ...none, '{code="200"}': 1 });
});
