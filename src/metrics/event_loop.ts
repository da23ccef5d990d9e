// How late this process gets round to what is due: everything it does waits for one thread. Started by metrics.ts.
import { Gauge, Histogram, type Registry } from "prom-client";
import type { Clock } from "../deps.ts";

const EVERY_MS = 500;
const LAG_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** @returns ends it */
export function watchEventLoop({ clock, registry }: { clock: Clock; registry: Registry }): () => void {
  const lag = new Histogram({
    name: "b3scale_event_loop_lag_seconds",
    help: "Lateness of a timer that is due each half second",
    buckets: LAG_SECONDS,
    registers: [registry],
  });
  let worst = 0;
  new Gauge({
    name: "b3scale_event_loop_lag_max_seconds",
    help: "Worst lateness since the last scrape",
    registers: [registry],
    collect() {
      this.set(worst);
      worst = 0;
    },
  });

  let cancel = () => {};
  const wait = () => {
    const dueAt = clock.monotonic() + EVERY_MS;
    cancel = clock.after(EVERY_MS, () => {
      const seconds = Math.max(0, clock.monotonic() - dueAt) / 1000;
      lag.observe(seconds);
      worst = Math.max(worst, seconds);
      wait();
    });
  };
  wait();
  return () => cancel();
}
