// What the operator sees: tables that fit the terminal, colours where they are wanted, JSON as 1.x indents it.
import type { Terminal } from "./types.ts";

/** Its control characters are escaped, those too that JSON allows: it may be read on a terminal. */
export const json = (value: unknown): string =>
  `${JSON.stringify(value, null, 3).replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, escapeUnit)}\n`;

const escapeUnit = (symbol: string): string =>
  symbol.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Style = keyof typeof CODES;

export const paint = ({ colours }: Pick<Terminal, "colours">, style: Style, text: string): string =>
  colours ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly alignRight?: boolean;
  /** The widest one of these gives way when the terminal is too narrow. */
  readonly shrinks?: boolean;
  readonly style?: (row: Row) => Style | undefined;
}

/** Lines without a break: what does not fit is cut with an ellipsis; without a terminal nothing is cut. */
export function table<Row>(
  terminal: Pick<Terminal, "columns" | "colours">,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...cells.map((line) => displayWidth(line[index] ?? "")))
  );
  fit(widths, columns, terminal.columns());
  const pad = (text: string, index: number) => {
    const width = widths[index] ?? 0;
    const cut = clip(text, width);
    const space = " ".repeat(width - displayWidth(cut));
    return columns[index]?.alignRight ? space + cut : cut + space;
  };
  const head = paint(terminal, "dim", columns.map(({ title }, index) => pad(title, index)).join("  ").trimEnd());
  const body = rows.map((row, at) =>
    columns.map((column, index) => {
      const text = pad(cells[at]?.[index] ?? "", index);
      const style = column.style?.(row);
      return style === undefined ? text : paint(terminal, style, text);
    }).join("  ").trimEnd()
  );
  return [head, ...body, ""].join("\n");
}

const SMALLEST = 8;

function fit(widths: number[], columns: readonly Column<never>[], available: number): void {
  const total = () => widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1);
  while (available > 0 && total() > available) {
    const shrinking = widths.map((width, index) => columns[index]?.shrinks ? width : 0);
    const widest = shrinking.indexOf(Math.max(...shrinking));
    if ((shrinking[widest] ?? 0) <= SMALLEST) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const symbolsOf = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** Shown two columns wide: the scripts of East Asia, full-width forms, emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\ufe0f]|\p{Emoji_Presentation}/u;

/** In columns of a terminal. */
export const displayWidth = (text: string): number =>
  symbolsOf(text).reduce((width, symbol) => width + (WIDE.test(symbol) ? 2 : 1), 0);

/** At most that wide, with an ellipsis where something is missing. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let left = width - 1;
  for (const symbol of symbolsOf(text)) {
    left -= displayWidth(symbol);
    if (left < 0) break;
    kept += symbol;
  }
  return width > 0 ? `${kept}…` : "";
}

/** Names of rooms come from strangers: a control character in one must not steer the terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}|\p{Zl}|\p{Zp}|(?![\u200c\u200d])\p{Cf}/gu, "�"); // but for the joiners of scripts and emoji
