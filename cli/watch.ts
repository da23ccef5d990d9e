// Shows again and again how things are: on a terminal in place, elsewhere line by line. It goes on when the server does not
// answer, with the last picture and how old that is. Used by `status`.
import { errorText } from "../src/errors.ts";
import { printable } from "./output.ts";
import { durationText } from "./phrases.ts";
import type { Cli } from "./types.ts";

type WatchDeps = Pick<Cli, "clock" | "terminal" | "signal">;

export interface Watched<Picture> {
  readonly everyMs: number;
  readonly first: Picture;
  ask(): Promise<Picture>;
}

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"; // the other screen, no cursor, no line breaks of the terminal's own
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/** Before a line, not behind it: there it would take the last column of a full line along. */
const CLEAR = "\x1b[H\x1b[J";
/** How fast a change of the terminal's size is seen. */
const DRAW_EVERY_MS = 250;
/** An answer may take its time before that is worth a word. */
const PATIENCE_MS = 3000;
/** Of a terminal that does not tell. */
const USUAL_ROWS = 24;

/** Until the operator interrupts. @param lines of a screen with so many rows */
export async function watchScreen<Picture>(
  { clock, terminal, signal }: WatchDeps,
  { everyMs, first, ask, lines }: Watched<Picture> & {
    lines(picture: Picture, rows: number, problem: string | undefined): readonly string[];
  },
): Promise<void> {
  let picture = first;
  let answeredAt = clock.monotonic();
  let failure: string | undefined;
  let dueAt = answeredAt + everyMs;
  let isAsking = false;
  let drawn = "";

  async function askAgain(): Promise<void> {
    isAsking = true;
    try {
      picture = await ask();
      answeredAt = clock.monotonic();
      failure = undefined;
    } catch (error) {
      failure = errorText(error);
    }
    isAsking = false;
    dueAt = clock.monotonic() + everyMs;
  }

  function draw(): void {
    const silentMs = clock.monotonic() - answeredAt;
    const isLate = failure !== undefined || silentMs > everyMs + PATIENCE_MS;
    const rows = terminal.rows() || USUAL_ROWS;
    const screen = lines(picture, rows, isLate ? noAnswer(silentMs, failure) : undefined).join("\n");
    const frame = `${terminal.columns()}x${rows}\n${screen}`;
    if (frame !== drawn) terminal.write(CLEAR + screen);
    drawn = frame;
  }

  terminal.write(ENTER);
  try {
    while (true) {
      draw();
      await clock.sleep(DRAW_EVERY_MS, signal);
      if (!isAsking && clock.monotonic() >= dueAt) askAgain();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    terminal.write(LEAVE);
  }
}

/** Until the operator interrupts; what goes wrong is noted on stderr. */
export async function watchLines<Picture>(
  { clock, terminal, signal }: WatchDeps,
  { everyMs, first, ask, line }: Watched<Picture> & { line(picture: Picture): string },
): Promise<void> {
  let answeredAt = clock.monotonic();
  terminal.write(`${line(first)}\n`);
  while (!signal.aborted) {
    try {
      await clock.sleep(everyMs, signal);
      const picture = await ask();
      answeredAt = clock.monotonic();
      terminal.write(`${line(picture)}\n`);
    } catch (error) {
      if (!signal.aborted) terminal.note(noAnswer(clock.monotonic() - answeredAt, errorText(error)));
    }
  }
}

const noAnswer = (silentMs: number, failure: string | undefined): string =>
  printable(`no answer since ${durationText(silentMs / 1000)}${failure === undefined ? "" : `: ${failure}`}`);
