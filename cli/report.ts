// How a command changes one object and tells of it: lines for people and, asked for by `--json`, the object for scripts.
import { json, printable } from "./output.ts";
import { type ExitCode, type Given, NO_CHANGE, type Terminal } from "./types.ts";

export interface Report {
  /** A line for people. */
  say(line: string): void;
  /** What the command was about, as it is now. */
  give(object: unknown): void;
}

/** With `--json` stdout holds nothing but the object. */
export const reportTo = (terminal: Terminal, given: Given): Report =>
  given.has("json")
    ? { say: (line) => terminal.note(printable(line)), give: (object) => terminal.write(json(object)) }
    : { say: (line) => terminal.write(`${printable(line)}\n`), give: () => {} };

export interface Change {
  readonly existing: unknown;
  readonly differs: boolean;
  /** @returns the object as it is then */
  write(): Promise<unknown>;
  /** What is said of it. */
  readonly done: string;
  readonly skipped: string;
}

/** Writes unless nothing differs or `--dry` was given. */
export async function change({ say, give }: Report, given: Given, change: Change): Promise<ExitCode> {
  if (!change.differs || given.has("dry")) {
    say(change.differs ? change.skipped : "no changes");
    give(change.existing);
    return change.differs ? 0 : NO_CHANGE;
  }
  const changed = await change.write();
  say(change.done);
  give(changed);
  return 0;
}
