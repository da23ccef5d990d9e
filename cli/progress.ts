// How far a long wait is, on stderr: one line that is written over on a terminal, now and then a line elsewhere.
import type { Clock } from "../src/deps.ts";
import type { Terminal } from "./types.ts";

export interface Progress {
  /** As often as there is something to say. */
  show(line: string): void;
  /** Takes the line away, before anything else is written. */
  end(): void;
}

/** A log file wants to know that it goes on, not each step. */
const PLAIN_EVERY_MS = 15_000;

export function progress(terminal: Pick<Terminal, "note" | "update">, clock: Pick<Clock, "monotonic">): Progress {
  const { update } = terminal;
  if (update !== undefined) return { show: update, end: () => update("") };
  let said = "";
  let saidAt = -Infinity;
  return {
    show: (line) => {
      if (line === said || clock.monotonic() - saidAt < PLAIN_EVERY_MS) return;
      terminal.note(line);
      said = line;
      saidAt = clock.monotonic();
    },
    end: () => {},
  };
}
