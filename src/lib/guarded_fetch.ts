// One request to a URL that came from outside, a callback of a tenant: never to an address inside the operator's network
// unless it is allowed. `fetch` cannot be bound to checked addresses, node:http can (its `lookup`).
import { lookup as lookUpName } from "node:dns/promises";
import { Agent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as SecureAgent, request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import type { Clock } from "../deps.ts";
import { VERSION } from "../version.ts";
import { type AllowList, isAllowed, readAddress, specialKind } from "./address_ranges.ts";

export interface GuardedRequest {
  readonly url: string;
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For everything: resolving the name, connecting, the answer's last byte. */
  readonly timeoutMs: number;
}

export type GuardedReason =
  | "invalid" // no http(s) URL, or one with a user in it
  | "refused target" // every address of it is one the guard keeps requests from
  | "dns"
  | "unreachable" // nobody listens there, or no way leads there
  | "tls"
  | "timeout"
  | "closed"
  | "unreadable" // no HTTP
  | "failed";

/** @field message for people: neither path nor query of the URL, which hold tokens */
export interface GuardedFailure {
  readonly status: null;
  readonly reason: GuardedReason;
  readonly message: string;
}

/** The answer's body is not of interest: a 3xx is an answer like any other. */
export type GuardedResult = { readonly status: number } | GuardedFailure;

/** Never rejects but with the reason of the caller's signal. */
export type GuardedFetch = (request: GuardedRequest, signal?: AbortSignal) => Promise<GuardedResult>;

export interface GuardedFetchOptions {
  readonly allow: AllowList;
  readonly clock: Clock;
  /** All addresses of a name. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Certificates, PEM, trusted instead of the usual ones. */
  readonly ca?: string;
}

/** What a callback's receiver may send before the connection is cut. */
const MAX_ANSWER_BYTES = 64 * 1024;

const resolveName = async (host: string) => (await lookUpName(host, { all: true })).map(({ address }) => address);

export function createGuardedFetch({ allow, clock, resolve = resolveName, ca }: GuardedFetchOptions): GuardedFetch {
  return async (request, signal) => {
    const url = URL.parse(request.url);
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
      return failure("invalid");
    }
    const deadline = new AbortController();
    const cancel = clock.after(request.timeoutMs, () => deadline.abort());
    const ended = signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal]);
    try {
      const host = hostOf(url);
      const addresses = readAddress(host) === undefined ? await unlessEnded(resolve(host), ended) : [host];
      const judged = judge(allow, host, addresses);
      if (!Array.isArray(judged)) return judged;
      return await send(url, request, { lookup: lookupAnswering(judged), ca, signal: ended });
    } catch (error) {
      signal?.throwIfAborted();
      return failure(deadline.signal.aborted ? "timeout" : reasonOf(error));
    } finally {
      cancel();
    }
  };
}

/** Without the brackets of an IPv6 address. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");

/** Those the request may go to, or why there are none. An address that cannot be read is not trusted. */
function judge(allow: AllowList, host: string, addresses: readonly string[]): string[] | GuardedFailure {
  const refused: string[] = [];
  const passed = addresses.filter((text) => {
    const address = readAddress(text);
    const kind = address === undefined ? "unreadable" : specialKind(address);
    if (kind === undefined || (address !== undefined && isAllowed(allow, host, address))) return true;
    refused.push(text === host ? `${host} is a ${kind} address` : `${host} has the ${kind} address ${text}`);
    return false;
  });
  const [first] = refused;
  if (passed.length > 0) return passed;
  if (first === undefined) return failure("dns");
  return { status: null, reason: "refused target", message: `${first}, which B3SCALE_CALLBACK_ALLOW does not list` };
}

/** The name is not resolved a second time, so nobody can answer differently: what was judged is what is connected to. */
const lookupAnswering = (addresses: readonly string[]): LookupFunction => (_, { all }, callback) => {
  const answers = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  const [first] = answers;
  if (all || first === undefined) callback(null, answers);
  else callback(null, first.address, first.family);
};

/**
 * A kept connection that dies has the request sent again, and a proxy of the environment (NODE_USE_ENV_PROXY) would
 * connect to wherever it likes.
 */
const DIRECT = { keepAlive: false, proxyEnv: {} };

function send(
  url: URL,
  { method, headers, body }: GuardedRequest,
  { lookup, ca, signal }: {
    readonly lookup: LookupFunction;
    readonly ca: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<GuardedResult> {
  signal.throwIfAborted(); // it would not tell again
  const bytes = new TextEncoder().encode(body ?? "");
  const isSecure = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    /** A status is the answer: that its body comes too late, or breaks off, does not change it. */
    const end = (error?: unknown) => status === undefined ? reject(error) : resolve({ status });
    const sent = (isSecure ? requestHttps : requestHttp)({
      lookup,
      ca,
      agent: new (isSecure ? SecureAgent : Agent)(DIRECT),
      hostname: hostOf(url), // Host, SNI and the certificate's name follow from it
      port: url.port || (isSecure ? 443 : 80),
      path: url.pathname + url.search,
      method,
      headers: {
        "user-agent": `b3scale/${VERSION}`,
        ...headers,
        ...method === "POST" ? { "content-length": String(bytes.length) } : {},
      },
    }, (response) => {
      status = response.statusCode ?? 0;
      drain(response, end);
    });
    sent.on("upgrade", ({ statusCode }, socket) => {
      status = statusCode ?? 0;
      socket.destroy();
      end();
    });
    sent.on("error", end).end(bytes);
    // Not by the request's own option: it forgets a connection that was upgraded.
    signal.addEventListener("abort", () => {
      sent.destroy();
      end(signal.reason);
    }, { once: true });
  });
}

/** Read to its end, because some receivers stop their work when the connection breaks. */
function drain(response: IncomingMessage, done: (error?: unknown) => void): void {
  let size = 0;
  response.on("data", ({ length }: Uint8Array) => {
    size += length;
    if (size > MAX_ANSWER_BYTES) response.destroy();
  });
  response.on("error", done).on("close", done);
}

/** A lookup cannot be called off: it goes on without us. */
async function unlessEnded<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: end, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, end]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const MESSAGES: Readonly<Record<Exclude<GuardedReason, "refused target">, string>> = {
  invalid: "a callback needs an http:// or https:// URL without a user in it",
  dns: "the host name cannot be resolved",
  unreachable: "connection refused, or no way to the host",
  tls: "TLS handshake failed: the certificate is not trusted, has expired, or is for another name",
  timeout: "no answer in time",
  closed: "connection closed without an answer",
  unreadable: "the answer is no HTTP",
  failed: "connection failed",
};

const failure = (reason: keyof typeof MESSAGES): GuardedFailure => ({
  status: null,
  reason,
  message: MESSAGES[reason],
});

/** By node's codes, in this order. */
const REASONS: readonly (readonly [RegExp, keyof typeof MESSAGES])[] = [
  [/^(ENOTFOUND|EAI_)/, "dns"],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM|EINVAL)/, "unreachable"],
  [/CERT|TLS|SSL|VERIFY|^EPROTO/, "tls"],
  [/^ETIMEDOUT/, "timeout"],
  [/^HPE_/, "unreadable"],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)/, "closed"],
];

function reasonOf(error: unknown): keyof typeof MESSAGES {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS.find(([codes]) => codes.test(code))?.[1] ?? "failed";
}
