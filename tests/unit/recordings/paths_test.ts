import assert from "node:assert/strict";
import fc from "fast-check";
import { isSafeName, readTrashName, recordingDir, trashName, trashRoot } from "../../../src/recordings/paths.ts";

Deno.test("isSafeName() takes the names that BBB makes", () => {
  for (const name of ["presentation", "183f0bf3a0982a127bdb8161-1700000000000", "a_B-9", "x".repeat(200)]) {
    assert.ok(isSafeName(name), name);
  }
});

Deno.test("isSafeName() refuses what could lead elsewhere or be hidden", () => {
  const names = ["", ".", "..", "a/b", "../a", "a.b", ".a", "a b", "a\n", "a\0", "ä", "a\\b", "%2e", "x".repeat(201)];
  for (const name of names) assert.ok(!isSafeName(name), JSON.stringify(name));
});

Deno.test("recordingDir() stays below its root, whatever it is given", () => {
  assert.equal(recordingDir("/var/published", "video", "abc-1"), "/var/published/video/abc-1");
  const name = fc.oneof(fc.string(), fc.constantFrom("..", ".", "", "a/../b", "video"));
  fc.assert(fc.property(name, name, (format, recordID) => {
    let dir: string;
    try {
      dir = recordingDir("/root", format, recordID);
    } catch {
      return;
    }
    assert.match(dir, /^\/root\/[\w-]+\/[\w-]+$/);
  }));
});

Deno.test("readTrashName() finds the time in every name that trashName() makes", () => {
  const times = fc.date({ min: new Date("2000-01-01"), max: new Date("2999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(fc.stringMatching(/^[\w-]{1,200}$/), times, fc.integer({ min: 1, max: 99 }), (id, at, number) => {
      const name = trashName(id, at, number);
      assert.deepEqual(readTrashName(name), at);
      assert.ok(new TextEncoder().encode(name).length <= 255);
    }),
  );
});

Deno.test("trashName() differs by id, time and number", () => {
  const [at, later] = [new Date("2026-11-21T13:31:00.123Z"), new Date("2026-11-21T13:31:00.124Z")];
  assert.equal(trashName("a-1", at), "a-1.20261121T133100.123Z");
  const names = [trashName("a-1", at), trashName("a-1", at, 2), trashName("a-1", later), trashName("a-2", at)];
  assert.equal(new Set(names).size, 4);
});

Deno.test("readTrashName() knows nothing of what others put into the trash", () => {
  for (
    const name of ["a", "a-1.", "a-1.2026", "a.20261399T999999.999Z", ".a.20261121T133100.123Z", "20261121T133100.123Z"]
  ) {
    assert.equal(readTrashName(name), undefined, name);
  }
});

Deno.test("trashRoot() is hidden below the unpublished recordings", () => {
  assert.equal(trashRoot({ unpublishedPath: "/var/unpublished" }), "/var/unpublished/.trash");
});
