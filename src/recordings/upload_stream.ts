// The bytes of an upload on their way from the client to the archive inside: timed, hashed, counted, unzipped. Nothing is
// read before somebody asks for it, so a slow disk slows the client down instead of filling the memory.
import { createHash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Clock } from "../deps.ts";
import { AppError } from "../errors.ts";
import { within } from "../lib/within.ts";

export interface UploadStream {
  /** Of the archive. @throws upload_stalled, malformed_body, upload_too_large while it is read */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** SHA-256 in base64 of what was sent. Once, after all of it was read. */
  digest(): string;
}

export interface UploadLimits {
  /** Between two parts of the body. */
  readonly idleMs: number;
  /** Of the body, and again of what is in it. */
  readonly maxBytes: number;
}

/** @param zipped whether it must be gzip; if not it may be, which its first bytes say */
export function readUpload(
  { body, zipped }: { readonly body: ReadableStream<Uint8Array> | null; readonly zipped: boolean },
  { idleMs, maxBytes }: UploadLimits,
  clock: Clock,
): UploadStream {
  const hash = createHash("sha256");
  const sent = capped(hashed(timed(body, idleMs, clock), (chunk) => void hash.update(chunk)), maxBytes);
  return { bytes: capped(unzipped(sent, zipped), maxBytes), digest: () => hash.digest("base64") };
}

async function* timed(body: ReadableStream<Uint8Array> | null, idleMs: number, clock: Clock) {
  const reader = body?.getReader();
  const late = () => new AppError("upload_stalled", `Nothing was sent for ${Math.round(idleMs / 1000)} s`);
  while (reader !== undefined) {
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await within(clock, idleMs, reader.read(), late);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError("malformed_body", "The upload was cut off", { cause });
    }
    if (part.done) return;
    yield part.value;
  }
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, note: (chunk: Uint8Array) => void) {
  for await (const chunk of chunks) {
    note(chunk);
    yield chunk;
  }
}

async function* capped(chunks: AsyncIterable<Uint8Array>, maxBytes: number) {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

export const tooLarge = (maxBytes: number): AppError =>
  new AppError("upload_too_large", `The upload exceeds ${maxBytes} bytes (B3SCALE_RECORDINGS_UPLOAD_MAX_BYTES)`);

const GUNZIP_CHUNK = 64 * 1024;

/** No tar begins like gzip: its first bytes are those of a name. */
async function* unzipped(chunks: AsyncIterable<Uint8Array>, must: boolean): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = joined(head, value);
  }
  const whole = (async function* () {
    yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    if (must) throw new AppError("malformed_body", "The upload is not gzip, but says so in Content-Encoding");
    return yield* whole;
  }
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK });
  pipeline(Readable.from(whole, { objectMode: false }), gunzip, () => {}); // an error comes out of gunzip
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("malformed_body", "The upload is not gzip", { cause });
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
