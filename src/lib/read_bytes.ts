// The whole of a stream, as long as it stays below a limit: answers of nodes, bodies of requests.
import { AppError } from "../errors.ts";

/** 2 MB is a BBB node's own limit for slides; clients that know a larger one still pass. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** @throws body_too_large, and invalid_parameter when the client hung up in the middle */
export async function readBody(req: Request): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const tooLarge = () => new AppError("body_too_large", `The body exceeds ${MAX_BODY_BYTES} bytes`);
    return await readBytes(req.body, MAX_BODY_BYTES, tooLarge);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("invalid_parameter", "The body was cut off", { cause });
  }
}

/** @param tooLarge makes the error that is thrown as soon as the limit is passed */
export async function readBytes(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
