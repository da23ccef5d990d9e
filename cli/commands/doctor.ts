// `doctor`: what is wrong with the cluster, and what to do about it.
import type { Check, State, StoredToken } from "../doctor/check.ts";
import { examine } from "../doctor/examine.ts";
import { json, paint, printable, type Style } from "../output.ts";
import { count } from "../phrases.ts";
import { progress } from "../progress.ts";
import type { Cli, CommandSpec, Terminal } from "../types.ts";

export const doctor: CommandSpec = {
  name: "doctor",
  summary: "examine the server, its nodes, frontends and callbacks, and say what to do",
  examples: ["b3scalectl doctor", "b3scalectl doctor --json"],
  async run(cli, given) {
    const { terminal, clock } = cli;
    const asJson = given.has("json");
    const checks: Check[] = [];
    const waiting = progress(terminal, clock);
    try {
      for await (const check of examine({ ...cli, stored: await readStored(cli), progress: waiting.show })) {
        checks.push(check);
        if (asJson) continue;
        waiting.end();
        terminal.write(checkLine(terminal, check));
      }
    } finally {
      waiting.end();
    }
    terminal.write(asJson ? json(checks) : `\n${verdict(checks)}\n`);
    return checks.some(({ state }) => state === "problem") ? 1 : 0;
  },
};

/** The file may be read by others: the store does not look. */
async function readStored({ tokens, apiUrl }: Pick<Cli, "tokens" | "apiUrl">): Promise<StoredToken> {
  const [path, token] = [tokens.pathOf(apiUrl), await tokens.read(apiUrl)];
  return { path, token, mode: token === undefined ? null : (await Deno.stat(path)).mode };
}

const STYLES: Readonly<Record<State, Style>> = { ok: "green", warning: "yellow", problem: "red" };
const WIDTH = Math.max(...Object.keys(STYLES).map((state) => state.length));

function checkLine(terminal: Pick<Terminal, "colours">, { state, message, hint }: Check): string {
  const advice = hint === "" ? "" : `  – ${hint}`;
  return `${paint(terminal, STYLES[state], state.padEnd(WIDTH))}  ${printable(message + advice)}\n`;
}

function verdict(checks: readonly Check[]): string {
  const number = (wanted: State) => checks.filter(({ state }) => state === wanted).length;
  return `${count(checks.length, "check")}: ${count(number("problem"), "problem")}, ${
    count(number("warning"), "warning")
  }`;
}
