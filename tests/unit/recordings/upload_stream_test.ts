import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { AppError } from "../../../src/errors.ts";
import { refusalOf } from "../../../src/recordings/unpack_upload.ts";
import { readUpload } from "../../../src/recordings/upload_stream.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const limits = { idleMs: 30_000, maxBytes: 1_000_000 };
const clock = createFakeClock();

/** In parts of `size` bytes. */
const bodyOf = (bytes: Uint8Array, size = bytes.length): ReadableStream<Uint8Array> =>
  ReadableStream.from((function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  })());

async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts = await Array.fromAsync(bytes);
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const text = new TextEncoder().encode("plain bytes of an archive");
const zipped = new Uint8Array(gzipSync(text));

for (const [name, sent] of Object.entries({ plain: text, gzipped: zipped, empty: new Uint8Array(0) })) {
  for (const size of [1, 3, 1000]) {
    Deno.test(`readUpload() gives the archive out of ${name} bytes in parts of ${size}, hashed as they were sent`, async () => {
      const upload = readUpload({ body: bodyOf(sent, size), zipped: false }, limits, clock);
      assert.deepEqual(await readAll(upload.bytes), sent.length === 0 ? sent : text);
      assert.equal(upload.digest(), createHash("sha256").update(sent).digest("base64"));
    });
  }
}

Deno.test("readUpload() gives up a client that sends nothing for 30 s", async () => {
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(text) });
  const iterator = readUpload({ body, zipped: false }, limits, clock).bytes[Symbol.asyncIterator]();
  await iterator.next();
  const next = iterator.next();
  await clock.advance(29_999);
  const waiting = await Promise.race([next.catch(() => "failed"), Promise.resolve("waiting")]);
  assert.equal(waiting, "waiting");
  await clock.advance(1);
  await assert.rejects(next, { code: "upload_stalled" });
});

Deno.test("readUpload() counts what is sent and what is in it", async () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(2_000_000)));
  for (const sent of [new Uint8Array(1_000_001), bomb]) {
    const upload = readUpload({ body: bodyOf(sent), zipped: false }, limits, clock);
    await assert.rejects(readAll(upload.bytes), { code: "upload_too_large" });
  }
});

Deno.test("refusalOf() tells a full disk from an archive that is wrong, and from what is our fault", () => {
  const withCode = (code: string) => Object.assign(new Error(code), { code });
  const codeOf = (error: unknown) => {
    const refusal = refusalOf(error);
    return refusal instanceof AppError ? refusal.code : refusal;
  };
  assert.equal(codeOf(withCode("ENOSPC")), "no_space");
  assert.equal(codeOf(withCode("EDQUOT")), "no_space");
  assert.equal(codeOf(withCode("EEXIST")), "malformed_body");
  assert.equal(codeOf(new Error("Tar archive is truncated.")), "malformed_body");
  const denied = withCode("EACCES");
  assert.equal(codeOf(denied), denied);
});
