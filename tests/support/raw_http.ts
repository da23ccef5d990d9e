// HTTP as bytes: what `fetch` and `new Request` would tidy up reaches the server as it is.

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

const ANSWER_WITHIN_MS = 20_000;

/**
 * Sends the bytes and reads until the server closes; what the server does not want to read any more is not sent.
 * @returns undefined when the connection ended without an answer
 */
export async function sendRaw(origin: string, parts: Iterable<string | Uint8Array>): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(origin);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  const timer = setTimeout(() => close(conn), ANSWER_WITHIN_MS);
  try {
    const reading = readAll(conn);
    await writeAll(conn, parts).catch(() => {}); // refused while still sending: the answer says why
    const text = new TextDecoder().decode(await reading);
    const split = text.indexOf("\r\n\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
    return status === 0 ? undefined : { status, head: text.slice(0, split), body: text.slice(split + 4) };
  } finally {
    clearTimeout(timer);
    close(conn);
  }
}

async function writeAll(conn: Deno.Conn, parts: Iterable<string | Uint8Array>): Promise<void> {
  const encoder = new TextEncoder();
  for (const part of parts) {
    const bytes = typeof part === "string" ? encoder.encode(part) : part;
    for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
  }
}

async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  try {
    for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
      chunks.push(buffer.slice(0, read));
    }
  } catch { /* reset after the answer */ }
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}

/** Head and body of one request, connection closed after it. */
export const requestParts = (
  method: string,
  target: string | Uint8Array,
  body?: { readonly type: string; readonly bytes: string | Uint8Array },
): (string | Uint8Array)[] => {
  const size = typeof body?.bytes === "string" ? new TextEncoder().encode(body.bytes).length : body?.bytes.length;
  const headers = body === undefined ? "" : `Content-Type: ${body.type}\r\nContent-Length: ${size}\r\n`;
  return [
    `${method} `,
    target,
    ` HTTP/1.1\r\nHost: b3scale.test\r\nConnection: close\r\n${headers}\r\n`,
    ...body === undefined ? [] : [body.bytes],
  ];
};
