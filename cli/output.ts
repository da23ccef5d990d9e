// What the operator sees: tables that fit the terminal, colours where they are wanted, JSON as 1.x indents it.
import type { Terminal } from "./types.ts";

export const json = (value: unknown): string => `${JSON.stringify(value, null, 3)}\n`;

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
    Math.max(title.length, ...cells.map((line) => [...line[index] ?? ""].length))
  );
  fit(widths, columns, terminal.columns());
  const pad = (text: string, index: number) => {
    const width = widths[index] ?? 0;
    const symbols = [...text];
    if (symbols.length > width) return `${symbols.slice(0, Math.max(0, width - 1)).join("")}…`;
    const space = " ".repeat(width - symbols.length);
    return columns[index]?.alignRight ? space + text : text + space;
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

/** Names of rooms come from strangers: a control character in one must not steer the terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}|\p{Cf}/gu, "�");
