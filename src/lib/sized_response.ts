// Answers whose length is known, so that nobody has to count their bytes while they are sent.
import { Buffer } from "node:buffer";

/** `Response` throws for a body with one of these, be it empty. */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** The server itself says the length in its header; to set it here as well would cost each request a microsecond. */
export class SizedResponse extends Response {
  readonly sizeBytes: number;
  constructor(body: string | Uint8Array<ArrayBuffer> | null, init: ResponseInit) {
    super(body, init);
    // A text stays one: Deno copies bytes that it is given, which costs more than to count those of a text.
    this.sizeBytes = typeof body === "string" ? Buffer.byteLength(body) : body?.length ?? 0;
  }
}

export const sizedResponse = (
  body: string | Uint8Array<ArrayBuffer>,
  status: number,
  headers: [name: string, value: string][],
): Response => new SizedResponse(NO_BODY.has(status) ? null : body, { status, headers });

export const sizedJson = (value: unknown, status: number, headers: [name: string, value: string][] = []): Response =>
  sizedResponse(JSON.stringify(value), status, [["content-type", "application/json"], ...headers]);

/** @param allow as its header lists the methods */
export const methodNotAllowed = (allow: string): Response =>
  sizedJson({ message: "Method Not Allowed" }, 405, [["allow", allow]]);
