// HTTP/1.1 as bytes, for both ends of the driver: `fetch` and `Deno.serve` would normalise what the vectors are about
// (raw queries, dropped connections). One message per connection.

export interface WireMessage {
  readonly startLine: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The first header of this name, case aside. */
export const header = (message: Pick<WireMessage, "headers">, name: string): string | undefined =>
  message.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

/**
 * @param isResponse a response without a length ends with the connection
 * @returns undefined when the connection ends before a whole message
 */
export async function readMessage(conn: Deno.Conn, isResponse: boolean): Promise<WireMessage | undefined> {
  const source = createSource(conn);
  const head = await source.until("\r\n\r\n");
  if (head === undefined) return undefined;
  const [startLine = "", ...lines] = decoder.decode(head).split("\r\n");
  const message = {
    startLine,
    headers: lines.filter((line) => line !== "").map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  };
  const body = await readBody(source, message, isResponse);
  return body && { ...message, body };
}

async function readBody(
  source: Source,
  message: Pick<WireMessage, "startLine" | "headers">,
  isResponse: boolean,
): Promise<Uint8Array | undefined> {
  if (isResponse && /^HTTP\/1\.1 (?:1\d\d|204|304)/.test(message.startLine)) return new Uint8Array();
  if (header(message, "transfer-encoding")?.toLowerCase().includes("chunked")) return await readChunks(source);
  const length = header(message, "content-length");
  if (length !== undefined) return await source.take(Number(length));
  return isResponse ? await source.rest() : new Uint8Array();
}

async function readChunks(source: Source): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  while (true) {
    const line = await source.until("\r\n");
    const size = line && parseInt(decoder.decode(line), 16);
    if (size === undefined || Number.isNaN(size)) return undefined;
    const chunk = await source.take(size + 2);
    if (chunk === undefined) return undefined;
    if (size === 0) return concat(chunks);
    chunks.push(chunk.subarray(0, size));
  }
}

interface Source {
  /** Bytes before `end`, which is skipped. */
  until(end: string): Promise<Uint8Array | undefined>;
  take(count: number): Promise<Uint8Array | undefined>;
  rest(): Promise<Uint8Array>;
}

function createSource(conn: Deno.Conn): Source {
  let buffered = new Uint8Array();
  const more = async () => {
    const chunk = new Uint8Array(64 * 1024);
    const count = await conn.read(chunk);
    if (count === null) return false;
    buffered = concat([buffered, chunk.subarray(0, count)]);
    return true;
  };
  const cut = (count: number, skip: number) => {
    const taken = buffered.slice(0, count);
    buffered = buffered.slice(count + skip);
    return taken;
  };
  return {
    async until(end) {
      while (true) {
        const at = indexOf(buffered, encoder.encode(end));
        if (at >= 0) return cut(at, end.length);
        if (!await more()) return undefined;
      }
    },
    async take(count) {
      while (buffered.length < count) if (!await more()) return undefined;
      return cut(count, 0);
    },
    async rest() {
      while (await more());
      return cut(buffered.length, 0);
    },
  };
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

/** Writes all of it, and says that the connection ends afterwards. */
export async function writeMessage(
  conn: Deno.Conn,
  message: Pick<WireMessage, "startLine" | "headers"> & { readonly body?: Uint8Array },
): Promise<void> {
  const lines = [message.startLine, ...message.headers.map(([name, value]) => `${name}: ${value}`)];
  if (message.body !== undefined) lines.push(`Content-Length: ${message.body.length}`);
  const head = encoder.encode([...lines, "Connection: close", "", ""].join("\r\n"));
  const bytes = concat([head, message.body ?? new Uint8Array()]);
  for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export const gzip = (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  through(bytes, new CompressionStream("gzip"));

export const gunzip = (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  through(bytes, new DecompressionStream("gzip"));

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}
