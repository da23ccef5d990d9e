// The HTTP client for all BBB nodes: signs, bounds what is in flight per node, and ends each call by its deadline.
// Its errors never carry the signed URL, which `fetch` puts into the cause of each of its own.
import type { Clock, Deps, Fetch } from "../deps.ts";
import { readBytes } from "../lib/read_bytes.ts";
import { createSemaphore, type Semaphore } from "../lib/semaphore.ts";
import { type ChecksumAlgorithm, sign } from "./checksum.ts";
import { encodeQuery, type Params } from "./query.ts";

/** What a call needs to know of a backend. */
export interface NodeAddress {
  readonly id: string;
  /** API base as stored, with or without the slash at its end. */
  readonly host: string;
  readonly secret: string;
  readonly checksum_algorithm: ChecksumAlgorithm;
}

export interface NodeRequest {
  readonly method: "GET" | "POST";
  readonly resource: string;
  readonly params: Params;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A POST that a node must not see twice goes over a connection of its own. */
  readonly idempotent: boolean;
  /** For everything: waiting for a place, connecting, the answer's last byte. */
  readonly timeoutMs: number;
}

export interface NodeAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** From the moment the request was sent. */
  readonly latencyMs: number;
}

export type NodeErrorReason =
  | "refused"
  | "dns"
  | "tls"
  | "timeout"
  | "closed"
  | "too large"
  | "status"
  | "unreadable"
  | "failed";

/** No answer that can be used. `reason` is all that may be told. */
export class NodeError extends Error {
  override name = "NodeError";
  constructor(readonly reason: NodeErrorReason, readonly resource: string, detail = "") {
    super(`${resource === "" ? "index" : resource}: ${TEXT[reason]}${detail}`);
  }
}

const TEXT: Readonly<Record<NodeErrorReason, string>> = {
  refused: "connection refused",
  dns: "the host name cannot be resolved",
  tls: "TLS handshake failed",
  timeout: "no answer in time",
  closed: "connection closed",
  "too large": "the answer is too large",
  status: "HTTP status ",
  unreadable: "the answer cannot be read",
  failed: "connection failed",
};

export interface NodeClient {
  /** @throws NodeError; any HTTP status is an answer */
  call(node: NodeAddress, request: NodeRequest): Promise<NodeAnswer>;
}

const MAX_IN_FLIGHT = 32;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** @param observe is told of each call when it has ended */
export function createNodeClient(
  { fetch, fetchOnce, clock, observe = () => {} }: {
    fetch: Fetch;
    fetchOnce: Fetch;
    clock: Clock;
    observe?: Deps["metrics"]["nodeCall"];
  },
): NodeClient {
  const places = new Map<string, Semaphore>();

  function placesOf(node: NodeAddress): Semaphore {
    const base = baseOf(node);
    const known = places.get(base);
    if (known !== undefined) return known;
    const created = createSemaphore(MAX_IN_FLIGHT);
    places.set(base, created);
    return created;
  }

  return {
    call: async (node, request) => {
      const startedAt = clock.monotonic();
      let reason: NodeErrorReason | undefined;
      const controller = new AbortController();
      const cancelTimeout = clock.after(request.timeoutMs, () => controller.abort(TIMED_OUT));
      let release: (() => void) | undefined;
      try {
        release = await placesOf(node).acquire(controller.signal);
        const sentAt = clock.monotonic();
        const response = await (request.idempotent ? fetch : fetchOnce)(signedUrl(node, request), {
          method: request.method,
          headers: request.headers,
          body: request.body,
          redirect: "manual",
          signal: controller.signal,
        });
        // Counted while it streams, after inflation: a node cannot make us hold more.
        const tooLarge = () => new NodeError("too large", request.resource);
        const body = await readBytes(response.body, MAX_ANSWER_BYTES, tooLarge);
        if (!response.ok && !isSentOn(request, response)) reason = "status";
        return { status: response.status, headers: response.headers, body, latencyMs: clock.monotonic() - sentAt };
      } catch (error) {
        // The original is dropped on purpose: its cause holds the URL with a valid checksum.
        const failed = error instanceof NodeError
          ? error
          : new NodeError(controller.signal.aborted ? "timeout" : reasonOf(error), request.resource);
        reason = failed.reason;
        throw failed;
      } finally {
        cancelTimeout();
        release?.();
        const seconds = (clock.monotonic() - startedAt) / 1000;
        observe({ host: node.host, resource: request.resource, error: reason, seconds });
      }
    },
  };
}

/** What a join is answered with when all is well. */
const isSentOn = ({ resource }: NodeRequest, { status }: Response): boolean =>
  resource === "join" && status >= 300 && status <= 399;

const TIMED_OUT = new Error("deadline passed");

/** The URL a node accepts: parameters sorted, signed with the node's secret (gateway contract §2.5). */
export function signedUrl(node: NodeAddress, request: Pick<NodeRequest, "resource" | "params">): string {
  const query = encodeQuery(request.params);
  const checksum = sign(request.resource, query, node.secret, node.checksum_algorithm);
  // Escaped, because `getMeetings?` as a resource would read as a signed getMeetings: name and query have no mark between them.
  const path = `${baseOf(node)}${encodeURIComponent(request.resource)}`;
  return `${path}?${query === "" ? "" : `${query}&`}checksum=${checksum}`;
}

const baseOf = (node: NodeAddress): string => node.host.endsWith("/") ? node.host : `${node.host}/`;

/** As Deno words it, in this order. */
const REASONS: readonly (readonly [RegExp, NodeErrorReason])[] = [
  [/refused/i, "refused"],
  [/dns error/i, "dns"],
  [/certificate|tls|handshake|corrupt message/i, "tls"],
  [/timed out/i, "timeout"],
  [/http version|message head|invalid header|corrupt|deflate|gzip|brotli/i, "unreadable"],
  [/reset|closed|broken pipe|incomplete|reading a body|end of file/i, "closed"],
];

/** Only what follows the URL is looked at: names of hosts and parameters in it may say anything. */
function reasonOf(error: unknown): NodeErrorReason {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : "";
  const start = text.lastIndexOf("client error (");
  if (start < 0 && text.includes("://")) return "failed";
  return REASONS.find(([words]) => words.test(text.slice(Math.max(start, 0))))?.[1] ?? "failed";
}
