// How busy the database's connections are. The driver tells neither how many are open nor what waits in them, so this is
// counted from outside: what has begun and has not ended, against the size of the pool. Wired by metrics.ts.
import { Gauge, type Registry } from "prom-client";

/** @returns to be called with 1 when a query or transaction needs a connection, with -1 when it has ended */
export function createPoolGauges({ registry, poolSize }: { registry: Registry; poolSize: number }) {
  let underWay = 0;
  const registers = [registry];
  new Gauge({
    name: "b3scale_database_connections",
    help: "Connections of the pool that work for a query or transaction",
    labelNames: ["state"],
    registers,
    collect() {
      this.set({ state: "busy" }, Math.min(underWay, poolSize));
    },
  });
  new Gauge({ name: "b3scale_database_connections_max", help: "Size of the pool", registers }).set(poolSize);
  new Gauge({
    name: "b3scale_database_queries_waiting",
    help: "Queries and transactions beyond the size of the pool: they wait for others to end",
    registers,
    collect() {
      this.set(Math.max(0, underWay - poolSize));
    },
  });
  return (change: 1 | -1): void => void (underWay += change);
}
