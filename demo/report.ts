// What the demo prints: steps with their time, the story, PASS or FAIL of each expectation, tables. Colours on terminals.

export interface Report {
  heading(text: string): void;
  scene(text: string): void;
  say(text: string): void;
  /** @param seen printed when it is not so */
  expect(what: string, ok: boolean, seen?: unknown): void;
  /** Shows that something is under way, and how long it took. */
  step<T>(what: string, work: () => Promise<T>, result?: (value: T) => string): Promise<T>;
  /** Columns as wide as their contents. @param header none when what stands in them is plain */
  table(rows: readonly (readonly string[])[], header?: readonly string[]): void;
  readonly passed: number;
  /** Expectations that were not met. */
  readonly failed: readonly string[];
}

export type Output = { write(text: string): void; readonly isTerminal: boolean; readonly colours: boolean };

export const standardOutput = (): Output => ({
  write: (text) => {
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  },
  isTerminal: Deno.stdout.isTerminal(),
  colours: Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR"),
});

export function createReport(output: Output): Report {
  const paint = (code: number) => (text: string) => output.colours ? `\x1b[${code}m${text}\x1b[0m` : text;
  const [bold, dim, red, green] = [paint(1), paint(2), paint(31), paint(32)];
  const line = (text = "") => output.write(`${text}\n`);
  const failed: string[] = [];
  let scenes = 0;
  let passed = 0;

  return {
    heading: (text) => line(bold(text)),
    scene: (text) => line(`\n${bold(`${++scenes}  ${text}`)}`),
    say: (text) => line(`   ${text}`),
    expect: (what, ok, seen) => {
      if (ok) passed++;
      else failed.push(what);
      line(`   ${ok ? green("PASS") : red("FAIL")}  ${what}`);
      if (!ok && seen !== undefined) line(`         ${red(`instead: ${textOf(seen)}`)}`);
    },
    step: async (what, work, result = () => "") => {
      const startedAt = performance.now();
      const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      output.write(`   ${what} … `);
      const ticking = output.isTerminal
        ? setInterval(() => output.write(`\r   ${what} … ${dim(seconds())}`), 500)
        : undefined;
      try {
        const value = await work();
        const clear = output.isTerminal ? `\r   ${what} … \x1b[K` : "";
        line(`${clear}${[result(value), dim(seconds())].filter((part) => part !== "").join("  ")}`);
        return value;
      } catch (error) {
        line(red("failed"));
        throw error;
      } finally {
        clearInterval(ticking);
      }
    },
    table: (rows, header) => {
      const all = header === undefined ? rows : [header, ...rows];
      const widths = (all[0] ?? []).map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
      const format = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd();
      for (const row of all) line(`   ${row === header ? dim(format(row)) : format(row)}`);
    },
    get passed() {
      return passed;
    },
    failed,
  };
}

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value);
