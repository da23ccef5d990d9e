import assert from "node:assert/strict";
import { watchLines, watchScreen } from "../../../cli/watch.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const CLEAR = "\x1b[H\x1b[J";

/** A terminal of 80x24 and a server that answers 1, 2, 3 …, unless it is told to be away or to hang. */
function createScene() {
  const clock = createFakeClock();
  const interrupt = new AbortController();
  const written: string[] = [];
  const noted: string[] = [];
  const size = { columns: 80, rows: 24 };
  const server: { state: "up" | "away" | "hanging" } = { state: "up" };
  let answers = 0;
  const open: (() => void)[] = [];
  const terminal = {
    write: (text: string) => void written.push(text),
    note: (line: string) => void noted.push(line),
    prompt: () => {},
    interactive: true,
    colours: false,
    columns: () => size.columns,
    rows: () => size.rows,
  };
  const ask = async () => {
    if (server.state === "away") throw new Error("connection refused");
    if (server.state === "hanging") await new Promise<void>((resolve) => open.push(resolve));
    return ++answers;
  };
  const release = () => open.splice(0).forEach((resolve) => resolve());
  const deps = { clock, terminal, signal: interrupt.signal };
  const lines = (picture: number, rows: number, problem?: string) => [`${picture} on ${rows} rows`, problem ?? "fine"];
  return {
    clock,
    size,
    server,
    written,
    noted,
    release,
    interrupt: () => interrupt.abort(),
    screen: (draw = lines) => watchScreen(deps, { everyMs: 2000, first: 0, ask, lines: draw }),
    line: () => watchLines(deps, { everyMs: 2000, first: 0, ask, line: (picture) => `picture ${picture}` }),
    last: () => written.at(-1),
  };
}

const frame = (...lines: string[]) => CLEAR + lines.join("\n");

Deno.test("watchScreen() draws each answer in place, and gives the terminal back when interrupted", async () => {
  const { clock, screen, written, interrupt } = createScene();
  const watching = screen();
  await clock.advance(0);
  assert.deepEqual(written, [ENTER, frame("0 on 24 rows", "fine")]);
  await clock.advance(1750);
  assert.equal(written.length, 2, "nothing new, nothing drawn");
  await clock.advance(500);
  assert.equal(written.at(-1), frame("1 on 24 rows", "fine"));
  await clock.advance(2000);
  assert.equal(written.at(-1), frame("2 on 24 rows", "fine"));
  interrupt();
  await watching;
  assert.equal(written.at(-1), LEAVE);
  assert.equal(clock.waiting, 0);
});

Deno.test("watchScreen() keeps the last picture while the server is away, says since when, and goes on", async () => {
  const { clock, screen, server, last, interrupt } = createScene();
  const watching = screen();
  await clock.advance(2250);
  server.state = "away";
  await clock.advance(8000);
  assert.equal(last(), frame("1 on 24 rows", "no answer since 8 s: connection refused"));
  await clock.advance(1000);
  assert.equal(
    last(),
    frame("1 on 24 rows", "no answer since 9 s: connection refused"),
    "time goes on between two looks",
  );
  server.state = "up";
  await clock.advance(2500);
  assert.equal(last(), frame("2 on 24 rows", "fine"));
  interrupt();
  await watching;
});

Deno.test("watchScreen() says so when an answer is long in coming, and asks no second time meanwhile", async () => {
  const { clock, screen, server, last, interrupt, release } = createScene();
  server.state = "hanging";
  const watching = screen();
  await clock.advance(4000);
  assert.equal(last(), frame("0 on 24 rows", "fine"));
  await clock.advance(4000);
  assert.equal(last(), frame("0 on 24 rows", "no answer since 8 s"));
  release();
  await clock.advance(250);
  assert.equal(last(), frame("1 on 24 rows", "fine"));
  interrupt();
  await watching;
});

Deno.test("watchScreen() follows the terminal's size at once", async () => {
  const { clock, screen, size, written, interrupt } = createScene();
  const watching = screen();
  await clock.advance(0);
  size.rows = 10;
  await clock.advance(250);
  assert.equal(written.at(-1), frame("0 on 10 rows", "fine"));
  size.columns = 60;
  await clock.advance(250);
  assert.equal(written.length, 4, "drawn again, though the lines are the same");
  size.rows = 0;
  await clock.advance(250);
  assert.equal(written.at(-1), frame("0 on 24 rows", "fine"));
  interrupt();
  await watching;
});

Deno.test("watchScreen() gives the terminal back when drawing fails", async () => {
  const { screen, written } = createScene();
  const watching = screen(() => {
    throw new Error("broken");
  });
  await assert.rejects(watching, /broken/);
  assert.deepEqual(written, [ENTER, LEAVE]);
});

Deno.test("watchLines() writes a line per answer and notes what goes wrong, until it is interrupted", async () => {
  const { clock, line, server, written, noted, interrupt } = createScene();
  const watching = line();
  await clock.advance(2000);
  server.state = "away";
  await clock.advance(4000);
  server.state = "up";
  await clock.advance(2000);
  assert.deepEqual(written, ["picture 0\n", "picture 1\n", "picture 2\n"]);
  assert.deepEqual(noted, ["no answer since 2 s: connection refused", "no answer since 4 s: connection refused"]);
  interrupt();
  await watching;
});
