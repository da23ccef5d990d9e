// The frontend's side: signs a recorded request, sends it byte for byte, and reads the answer.
import { createHash } from "node:crypto";
import { gunzip, header, readMessage, type WireMessage, writeMessage } from "./http_wire.ts";
import { withTokens } from "./jwt.ts";
import { API_HOST } from "./placeholders.ts";
import type { GivenFrontend, VectorRequest } from "./vector.ts";

/** Longer than the 10 s that a create may wait for a verdict about its node. */
const ANSWER_TIMEOUT_MS = 20_000;

export interface ClientAnswer {
  readonly status: number;
  readonly headers: WireMessage["headers"];
  readonly body: string;
}

/** @param accept the Accept header, when the client names what it takes */
export async function send(
  address: { readonly hostname: string; readonly port: number },
  vectorRequest: VectorRequest,
  frontends: readonly GivenFrontend[],
  accept?: string,
): Promise<ClientAnswer> {
  const request = withTokens(vectorRequest);
  const conn = await Deno.connect(address);
  const timer = setTimeout(() => conn.close(), ANSWER_TIMEOUT_MS);
  try {
    await writeMessage(conn, {
      startLine: `${request.method} ${requestTarget(request, frontends)} HTTP/1.1`,
      headers: [
        ["Host", API_HOST],
        ...accept === undefined ? [] : [["Accept", accept] as const],
        ...request.content_type === undefined ? [] : [["Content-Type", request.content_type] as const],
        ...Object.entries(request.headers ?? {}),
      ],
      body: request.body === undefined ? undefined : new TextEncoder().encode(request.body),
    });
    const message = await readMessage(conn, true);
    if (message === undefined) throw new Error("The server closed the connection without an answer");
    const zipped = header(message, "content-encoding") === "gzip";
    const body = zipped ? await gunzip(Uint8Array.from(message.body)) : message.body;
    return {
      status: Number(message.startLine.split(" ")[1]),
      headers: message.headers,
      body: new TextDecoder().decode(body),
    };
  } finally {
    clearTimeout(timer);
    try {
      conn.close();
    } catch {
      // Closed by the timer.
    }
  }
}

/** Path and query as they stand in the request line. */
export function requestTarget(request: VectorRequest, frontends: readonly GivenFrontend[]): string {
  const pairs = request.raw_query?.split("&") ??
    request.query.map(([name, value]) => `${escape(name)}=${escape(value)}`);
  const query = pairs.join("&");
  const { checksum } = request;
  if (checksum === null || checksum.position === "body") {
    return query === "" ? request.path : `${request.path}?${query}`;
  }
  const key = request.path.split("/")[2];
  const secret = frontends.find((frontend) => frontend.key === key)?.secret ?? "fe1-secret";
  const resource = request.path.slice(request.path.lastIndexOf("/") + 1);
  const signed = `checksum=${sign(checksum.kind, resource + query + secret)}`;
  const at = { start: 0, middle: 1, end: pairs.length }[checksum.position];
  if (at === undefined) throw new Error(`Unknown position of a checksum: "${checksum.position}"`);
  return `${request.path}?${
    [...pairs.slice(0, at), signed, ...pairs.slice(at)].filter((pair) => pair !== "").join("&")
  }`;
}

function sign(kind: string, text: string): string {
  if (kind === "invalid") return "0".repeat(64);
  if (kind === "sha256-upper") return sign("sha256", text).toUpperCase();
  return createHash(kind).update(text).digest("hex");
}

const escape = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");
