// Callers that ask for the same thing share one flight, and its answer for a moment after.
import type { Clock } from "../deps.ts";

export interface SingleFlight<T> {
  run(key: string, fly: () => Promise<T>): Promise<T>;
}

/** @param keepMs how long an answer is shared after it was asked for; a failure is never kept */
export function createSingleFlight<T>({ clock, keepMs = 0 }: { clock: Clock; keepMs?: number }): SingleFlight<T> {
  const flights = new Map<string, Promise<T>>();
  return {
    run: (key, fly) => {
      const flying = flights.get(key);
      if (flying !== undefined) return flying;
      const startedAt = clock.monotonic();
      const flight = fly();
      flights.set(key, flight);
      const forget = () => {
        if (flights.get(key) === flight) flights.delete(key);
      };
      flight.then(() => {
        const leftMs = keepMs - (clock.monotonic() - startedAt);
        if (leftMs > 0) clock.after(leftMs, forget);
        else forget();
      }, forget);
      return flight;
    },
  };
}
