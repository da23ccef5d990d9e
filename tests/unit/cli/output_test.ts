import assert from "node:assert/strict";
import * as fc from "fast-check";
import { clip, type Column, displayWidth, json, paint, printable, table } from "../../../cli/output.ts";

interface Row {
  readonly name: string;
  readonly host: string;
  readonly count: number;
}
const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", text: ({ name }) => name },
  { title: "HOST", text: ({ host }) => host, shrinks: true },
  { title: "COUNT", text: ({ count }) => String(count), alignRight: true },
];
const plain = (columns: number) => ({ columns: () => columns, colours: false });
const lines = (columns: number, rows: readonly Row[]) => table(plain(columns), COLUMNS, rows).split("\n");
const ROWS = [{ name: "a", host: "https://node1.example.org", count: 7 }, { name: "bb", host: "x", count: 12 }];

Deno.test("table() aligns its columns and ends each line where its text ends", () => {
  assert.deepEqual(lines(0, ROWS), [
    "NAME  HOST                       COUNT",
    "a     https://node1.example.org      7",
    "bb    x                             12",
    "",
  ]);
  assert.deepEqual(table(plain(0), COLUMNS.slice(0, 2), ROWS).split("\n").at(2), "bb    x");
});

Deno.test("table() without rows is its head", () => assert.deepEqual(lines(80, []), ["NAME  HOST  COUNT", ""]));

Deno.test("table() cuts what may shrink until it fits the terminal", () => {
  assert.deepEqual(lines(30, ROWS), [
    "NAME  HOST               COUNT",
    "a     https://node1.ex…      7",
    "bb    x                     12",
    "",
  ]);
});

Deno.test("table() cuts nothing without a terminal, and nothing that may not shrink", () => {
  assert.ok(lines(0, ROWS)[1]?.includes("https://node1.example.org"));
  const long = [{ ...ROWS[1], name: "n".repeat(40), host: "h".repeat(20), count: 1 }];
  assert.equal(lines(20, long)[1], `${"n".repeat(40)}  hhhhhhh…      1`);
});

Deno.test("table() never is wider than the terminal where its columns may shrink so far", () => {
  const row = fc.record({ name: fc.constantFrom("a", "b"), host: fc.string({ unit: "grapheme" }), count: fc.nat(99) });
  fc.assert(fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 21, max: 60 }), (rows, columns) => {
    for (const line of lines(columns, rows)) assert.ok(displayWidth(line) <= columns, line);
  }));
});

Deno.test("table() puts colours around cells, not into their widths", () => {
  const coloured = { columns: () => 0, colours: true };
  const columns: Column<Row>[] = [
    { title: "N", text: ({ name }) => name, style: ({ count }) => count > 10 ? "red" : undefined },
    { title: "C", text: ({ count }) => String(count) },
  ];
  assert.equal(table(coloured, columns, ROWS), "\x1b[2mN   C\x1b[0m\na   7\n\x1b[31mbb\x1b[0m  12\n");
});

Deno.test("table() lines up names of all scripts", () => {
  const [, ...body] = lines(0, [
    { name: "日本", host: "-", count: 1 },
    { name: "e\u0301a", host: "-", count: 2 },
    { name: "👩‍🏫x", host: "-", count: 3 },
  ]);
  assert.deepEqual(body, ["日本  -         1", "e\u0301a    -         2", "👩‍🏫x   -         3", ""]);
});

const widths: [string, number][] = [
  ["", 0],
  ["abc", 3],
  ["über", 4],
  ["u\u0308ber", 4],
  ["日本", 4],
  ["ｶﾅ", 2],
  ["한글", 4],
  ["ＡＢ", 4],
  ["😀", 2],
  ["👩‍🏫", 2],
  ["❤️", 2],
  ["❤", 1],
];
for (const [text, width] of widths) {
  Deno.test(`displayWidth() of "${text}" is ${width}`, () => assert.equal(displayWidth(text), width));
}

Deno.test("clip() keeps what fits and cuts between symbols", () => {
  assert.equal(clip("abc", 3), "abc");
  assert.equal(clip("abcd", 3), "ab…");
  assert.equal(clip("日本語", 4), "日…");
  assert.equal(clip("abc", 1), "…");
  assert.equal(clip("abc", 0), "");
});

Deno.test("paint() paints only where colours are wanted", () => {
  assert.equal(paint({ colours: true }, "bold", "x"), "\x1b[1mx\x1b[0m");
  assert.equal(paint({ colours: false }, "bold", "x"), "x");
});

Deno.test("printable() leaves nothing that steers a terminal, and names as they are", () => {
  assert.equal(printable("a\x1b[2J\u009b1m\u202eb\nc\u2028d\u200be"), "a�[2J�1m�b�c�d�e");
  for (const name of ["Übung", "می‌خواهم", "👩‍🏫", "日本"]) assert.equal(printable(name), name);
});

Deno.test("json() indents by three", () => assert.equal(json({ a: [1] }), '{\n   "a": [\n      1\n   ]\n}\n'));
