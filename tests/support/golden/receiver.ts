// The frontend's end of a callback: a receiver on loopback that notes what reaches it, and how that is compared with a
// vector. Used by the drivers of gateway and REST vectors.
import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { compareJson } from "./jwt.ts";
import type { Json, Pair, VectorToken } from "./vector.ts";

export interface ReceivedCallback {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** Decoded, in the order in which they stood. */
  readonly query: readonly Pair[];
  readonly contentType: string | null;
  readonly body: string;
}

/** An entry of `forwarded` whose `to` is `client`. */
export interface SentCallback {
  readonly to?: "client";
  readonly method: string;
  readonly path: string;
  readonly query: readonly Pair[];
  readonly content_type: string | null;
  readonly body: string;
  readonly jwt?: readonly VectorToken[];
}

export interface Receiver extends AsyncDisposable {
  /** host:port */
  readonly host: string;
  readonly received: readonly ReceivedCallback[];
}

export function startReceiver(status = 200): Receiver {
  const received: ReceivedCallback[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (req) => {
    const { pathname, searchParams } = new URL(req.url);
    received.push({
      at: performance.now(),
      method: req.method,
      path: pathname,
      query: [...searchParams],
      contentType: req.headers.get("content-type"),
      body: await req.text(),
    });
    return new Response(null, { status });
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    received,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** @returns what differs, one line each */
export function compareCallbacks(received: readonly ReceivedCallback[], expected: readonly SentCallback[]): string[] {
  if (received.length !== expected.length) {
    return [`callbacks: expected ${expected.length}, got ${received.length}: ${JSON.stringify(received)}`];
  }
  return expected.flatMap((wanted, index) => {
    const { at: _, contentType, body, ...got } = received[index] ?? { at: 0, contentType: null, body: "" };
    const { to: __, jwt, body: wantedBody, content_type, ...rest } = wanted;
    return [
      ...compareJson(`callback ${index}`, got as unknown as Json, rest as unknown as Json),
      ...compareJson(`callback ${index}: content type`, contentType, content_type),
      ...compareBody(body, wantedBody, jwt?.[0]),
    ];
  });
}

const JWT = "{{jwt:0}}";
const HASHES: Readonly<Record<string, string>> = { HS256: "sha256", HS512: "sha512" };

function compareBody(actual: string, expected: string, token: VectorToken | undefined): string[] {
  const prefix = expected.slice(0, expected.indexOf(JWT));
  if (token === undefined || !expected.endsWith(JWT) || !actual.startsWith(prefix)) {
    return actual === expected ? [] : [`body: expected "${expected}", got "${actual}"`];
  }
  const [header = "", payload = "", signature = ""] = actual.slice(prefix.length).split(".");
  const decoded = [header, payload].map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Json);
  const hash = HASHES[String(token.header["alg"])] ?? "";
  const valid = createHmac(hash, token.signed_with).update(`${header}.${payload}`).digest("base64url");
  return [
    ...valid === signature ? [] : ["the token is not signed with the expected secret"],
    ...compareJson("header", decoded[0], token.header),
    ...compareJson("claims", decoded[1], token.claims),
  ];
}
