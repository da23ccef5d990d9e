import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { createEntryPlacer } from "../../../src/recordings/upload_entry.ts";

const placer = () => createEntryPlacer({ format: "presentation", recordID: "r-1" });
const file = (name: string) => ({ name, type: "file" });
const folder = (name: string) => ({ name, type: "directory" });

for (const top of ["", "./", "presentation/r-1/", "./presentation/r-1/", "published/presentation/r-1/"]) {
  Deno.test(`createEntryPlacer() takes what is below "${top}"`, () => {
    const place = placer();
    assert.deepEqual(place(file(`${top}metadata.xml`)), ["metadata.xml"]);
    assert.deepEqual(place(folder(`${top}presentation//d1/./slides/`)), ["presentation", "d1", "slides"]);
    assert.deepEqual(place(file(`${top}presentation/d1/a b.png`)), ["presentation", "d1", "a b.png"]);
  });
}

Deno.test("createEntryPlacer() skips the folders above, and lets the first entry below decide", () => {
  const place = placer();
  for (const name of ["./", "published/", "published/presentation/", "published/presentation/r-1/"]) {
    assert.deepEqual(place(folder(name)), []);
  }
  assert.deepEqual(place(file("published/presentation/r-1/a")), ["a"]);
  assert.throws(() => place(file("b")), /is not below "published\/presentation\/r-1" as the others/);
  const plain = placer();
  assert.deepEqual(plain(folder("presentation/")), [], "the slides' folder is made with its first file");
  assert.deepEqual(plain(file("presentation/d1/a")), ["presentation", "d1", "a"]);
});

Deno.test("createEntryPlacer() refuses a file in the place of the recording's folder, and sparse files", () => {
  assert.throws(() => placer()(file("presentation/r-1")), /is a file where a folder belongs/);
  assert.throws(() => placer()({ ...file("a"), pax: { "GNU.sparse.major": "1" } }), /sparse/);
  assert.throws(() => placer()({ name: "a", type: "fifo" }), /but a fifo/);
});

Deno.test("createEntryPlacer() never leads out of the folder, whatever a name is", () => {
  const segment = fc.oneof(fc.constantFrom("..", ".", "", "presentation", "r-1", "published"), fc.string());
  fc.assert(fc.property(fc.array(segment, { maxLength: 8 }), fc.constantFrom("file", "directory"), (parts, type) => {
    try {
      const path = placer()({ name: parts.join("/"), type });
      assert.ok(path.every((name) => name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name)));
      assert.ok(type === "directory" || path.length > 0);
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === "malformed_body", String(error));
    }
  }));
});
