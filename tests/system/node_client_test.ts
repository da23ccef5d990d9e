// The node client and the real `fetch` against listening servers: what no fake of either can show.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import {
  createNodeClient,
  type NodeAddress,
  type NodeClient,
  NodeError,
  type NodeErrorReason,
  type NodeRequest,
} from "../../src/bbb/client.ts";
import { verify } from "../../src/bbb/checksum.ts";
import { rawQueryOf, withoutChecksum } from "../../src/bbb/query.ts";
import { createNodeFetch } from "../../src/deps.ts";
import { createFakeClock, type FakeClock } from "../support/fake_clock.ts";

const SECRET = "node-secret";
const GET: NodeRequest = {
  method: "GET",
  resource: "getMeetings",
  params: new Map(),
  idempotent: true,
  timeoutMs: 5000,
};
const POST: NodeRequest = {
  ...GET,
  method: "POST",
  resource: "insertDocument",
  body: new TextEncoder().encode("<modules/>"),
  headers: { "content-type": "application/xml" },
  idempotent: false,
};

interface RawServer extends Disposable {
  readonly node: NodeAddress;
  /** Head and body of each request. */
  readonly requests: string[];
  readonly connections: number;
  /** Resolves with the first request. */
  readonly asked: Promise<void>;
}

/**
 * @param answer bytes for each request; undefined closes the connection, a promise that never settles hangs
 * @param hangUp closes the connection after each answer
 */
function serve(
  answer: (request: string) => BodyInit | undefined | Promise<never>,
  { scheme = "http", hangUp = false }: { scheme?: string; hangUp?: boolean } = {},
): RawServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const asked = Promise.withResolvers<void>();
  const requests: string[] = [];
  let connections = 0;

  async function talk(conn: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let text = "";
    for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
      text += new TextDecoder("latin1").decode(buffer.subarray(0, read));
      const head = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      const isTls = text.startsWith("\u0016");
      if (!isTls && (head < 0 || text.length < head + 4 + length)) continue;
      requests.push(text);
      text = "";
      asked.resolve();
      const body = await answer(requests.at(-1) ?? "");
      if (body === undefined) return;
      const writer = conn.writable.getWriter();
      await writer.write(new Uint8Array(await new Response(body).arrayBuffer()));
      writer.releaseLock();
      if (hangUp) return;
    }
  }
  (async () => {
    for await (const conn of listener) {
      connections++;
      open.add(conn);
      talk(conn).catch(() => {}).finally(() => closeQuietly(conn));
    }
  })();
  return {
    node: {
      id: "n",
      host: `${scheme}://127.0.0.1:${listener.addr.port}/bigbluebutton/api`,
      secret: SECRET,
      checksum_algorithm: "sha256",
    },
    requests,
    asked: asked.promise,
    get connections() {
      return connections;
    },
    [Symbol.dispose]: () => {
      listener.close();
      for (const conn of open) closeQuietly(conn);
    },
  };
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}

const reply = (body: string, headers = "") =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

async function withClient(run: (client: NodeClient, clock: FakeClock) => Promise<void>): Promise<void> {
  const { fetch, fetchOnce, close } = createNodeFetch();
  const clock = createFakeClock();
  try {
    await run(createNodeClient({ fetch, fetchOnce, clock }), clock);
  } finally {
    close();
  }
  assert.equal(clock.waiting, 0);
}

const reasonIs = (reason: NodeErrorReason, node: NodeAddress) => (error: unknown): boolean => {
  assert.ok(error instanceof NodeError);
  assert.equal(error.reason, reason);
  const all = Deno.inspect(error, { depth: 20, showHidden: true });
  for (const word of ["checksum=", node.host, SECRET]) assert.ok(!all.includes(word), word);
  return true;
};

Deno.test("call() sends bytes that a node can verify", () =>
  withClient(async (client) => {
    using server = serve(() => reply("<response/>"));
    const params = new Map([["name", "a'b (ä) *~ \"<>\\|`{}^"], ["x y", "&=+%"], ["..", "/../"], ["empty", ""]]);
    assert.equal((await client.call(server.node, { ...GET, resource: "create", params })).status, 200);
    const target = /^GET (\S+) HTTP/.exec(server.requests[0] ?? "")?.[1] ?? "";
    const checksum = /checksum=(\w+)$/.exec(target)?.[1] ?? "";
    assert.ok(target.startsWith("/bigbluebutton/api/create?"));
    assert.ok(verify("create", [withoutChecksum(rawQueryOf(target))], SECRET, checksum), target);
  }));

Deno.test("call() reuses one connection for what may arrive twice, and none for what must not", () =>
  withClient(async (client) => {
    using server = serve(() => reply("ok"));
    for (let i = 0; i < 5; i++) await client.call(server.node, GET);
    assert.equal(server.connections, 1);
    for (let i = 0; i < 5; i++) await client.call(server.node, POST);
    assert.equal(server.connections, 6);
    assert.equal(server.requests.length, 10);
  }));

Deno.test("call() sends a POST that must not arrive twice once, though its connection dies", () =>
  withClient(async (client) => {
    let dies = false;
    using server = serve(() => dies ? undefined : reply("ok"));
    await client.call(server.node, POST);
    dies = true;
    await assert.rejects(client.call(server.node, POST), reasonIs("closed", server.node));
    assert.equal(server.requests.length, 2);
  }));

Deno.test("call() says refused when nobody listens", () =>
  withClient(async (client) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const node = {
      id: "n",
      host: `http://127.0.0.1:${listener.addr.port}/api`,
      secret: SECRET,
      checksum_algorithm: "sha256",
    } as const;
    listener.close();
    await assert.rejects(client.call(node, GET), reasonIs("refused", node));
  }));

Deno.test("call() says closed when a node hangs up before or within its answer", () =>
  withClient(async (client) => {
    const cut = ["Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"];
    for (const answer of [undefined, ...cut]) {
      using server = serve(() => answer === undefined ? undefined : `HTTP/1.1 200 OK\r\n${answer}`, { hangUp: true });
      await assert.rejects(client.call(server.node, GET), reasonIs("closed", server.node));
    }
  }));

Deno.test("call() gives up at its deadline when a node hangs, before the answer and within it", () =>
  withClient(async (client, clock) => {
    for (
      const answer of [() => new Promise<never>(() => {}), () => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"]
    ) {
      using server = serve(answer);
      const rejected = assert.rejects(client.call(server.node, GET), reasonIs("timeout", server.node));
      await server.asked;
      await clock.advance(4999);
      assert.equal(clock.waiting, 1);
      await clock.advance(1);
      await rejected;
    }
  }));

Deno.test("call() stops at 32 MiB after inflation, however small the answer was", () =>
  withClient(async (client) => {
    const small = gzipSync(new Uint8Array(33 << 20));
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${small.length}\r\n\r\n`;
    using server = serve(() => new Blob([head, new Uint8Array(small)]));
    await assert.rejects(client.call(server.node, GET), reasonIs("too large", server.node));
  }));

Deno.test("call() decodes a gzip answer and asks for one", () =>
  withClient(async (client) => {
    const text = "<response><returncode>SUCCESS</returncode></response>";
    const packed = gzipSync(text);
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`;
    using server = serve(() => new Blob([head, new Uint8Array(packed)]));
    assert.equal(new TextDecoder().decode((await client.call(server.node, GET)).body), text);
    assert.match(server.requests[0] ?? "", /accept-encoding: .*gzip/i);
  }));

Deno.test("call() does not follow a redirect, which would send the checksum elsewhere", () =>
  withClient(async (client) => {
    using elsewhere = serve(() => reply("followed"));
    const location = `${elsewhere.node.host}/x`;
    using server = serve(() => `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
    const answer = await client.call(server.node, GET);
    assert.deepEqual([answer.status, answer.headers.get("location")], [302, location]);
    assert.equal(elsewhere.connections, 0);
  }));

Deno.test("call() says tls to a node that does not speak it, unreadable to one that speaks no HTTP", () =>
  withClient(async (client) => {
    using plain = serve(() => reply("ok"), { scheme: "https" });
    await assert.rejects(client.call(plain.node, GET), reasonIs("tls", plain.node));
    using other = serve(() => "220 mail.example.org ESMTP\r\n\r\n");
    await assert.rejects(client.call(other.node, GET), reasonIs("unreadable", other.node));
  }));

Deno.test("call() opens no more than 32 connections to a node at once", () =>
  withClient(async (client) => {
    let inFlight = 0;
    let most = 0;
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inFlight--;
      return new Response("ok");
    });
    const node = {
      id: "n",
      host: `http://127.0.0.1:${server.addr.port}/api`,
      secret: SECRET,
      checksum_algorithm: "sha1",
    } as const;
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => client.call(node, i % 2 === 0 ? GET : POST)),
    );
    assert.ok(answers.every((answer) => answer.status === 200));
    assert.ok(most <= 32, String(most));
  }));
