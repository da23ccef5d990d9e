// How a service is asked to stop. For the programs that run until then.
import type { Clock } from "../deps.ts";

/** "deno task" repeats a signal that its whole process group got (Ctrl-C, systemd) 2 ms later: that is no second one. */
const REPEATED_MS = 500;

/** Calls `stop` with the first signal; a later one ends the process at once, code 1. */
export function onStopSignal(clock: Clock, stop: (signal: Deno.Signal) => void): void {
  let stoppingSince: number | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      const now = clock.monotonic();
      if (stoppingSince === undefined) {
        stoppingSince = now;
        stop(signal);
      } else if (now - stoppingSince > REPEATED_MS) {
        Deno.exit(1);
      }
    });
  }
}
