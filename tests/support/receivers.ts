// Frontends' receivers of callbacks in system tests. 127.0.0.2 stands for the internet (B3SCALE_CALLBACK_ALLOW names it),
// 127.0.0.1 for the operator's network, where nothing may arrive.
import { createServer, type Server } from "node:http";
import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";

export const OUTSIDE = "127.0.0.2";
export const INSIDE = "127.0.0.1";

export interface Arrival {
  readonly at: number;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface TestReceiver extends AsyncDisposable {
  readonly origin: string;
  readonly arrivals: readonly Arrival[];
  /** Also those that sent nothing. */
  readonly connections: number;
  /** What it answers from now on; undefined: nothing at all. */
  answer: { readonly status: number; readonly location?: string } | undefined;
}

/** @param port 0 for a free one */
export async function startTestReceiver(hostname: string, port = 0): Promise<TestReceiver> {
  const arrivals: Arrival[] = [];
  let connections = 0;
  let answer: TestReceiver["answer"] = { status: 200 };
  const server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method = "", url: target = "", headers } = request;
    arrivals.push({ at: performance.now(), method, target, headers, body });
    if (answer === undefined) return;
    const { status, location } = answer;
    response.writeHead(status, location === undefined ? {} : { location }).end();
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(port, hostname, resolve));
  const address = server.address();
  return {
    origin: `http://${hostname}:${typeof address === "object" ? address?.port : 0}`,
    arrivals,
    get connections() {
      return connections;
    },
    get answer() {
      return answer;
    },
    set answer(next) {
      answer = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const HASHES: Readonly<Record<string, string>> = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** As a node signs; written apart from the server's own. */
export function signJwt(alg: "HS256" | "HS384" | "HS512", secret: string, claims: object): string {
  const signed = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac(HASHES[alg] ?? "", secret).update(signed).digest("base64url")}`;
}

/** The claims of a token that is signed so. @throws for any other */
export function readJwt(alg: "HS256" | "HS512", secret: string, token: string): Record<string, unknown> {
  const [header = "", payload = "", signature] = token.split(".");
  const valid = createHmac(HASHES[alg] ?? "", secret).update(`${header}.${payload}`).digest("base64url");
  const text = (encoded: string) => Buffer.from(encoded, "base64url").toString();
  if (signature !== valid || JSON.parse(text(header)).alg !== alg) throw new Error(`Not signed ${alg}: ${token}`);
  return JSON.parse(text(payload)) as Record<string, unknown>;
}
