// Requests to callback targets over real connections: what is connected to, what a receiver may do, and when it ends.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { realClock } from "../../src/deps.ts";
import { ALLOW_ALL, type AllowList, readAllowList } from "../../src/lib/address_ranges.ts";
import { createGuardedFetch, type GuardedRequest } from "../../src/lib/guarded_fetch.ts";
import { eventually } from "../support/wait.ts";

const PATIENT_MS = 10_000;
const SOURCES = new URL("../../src/", import.meta.url).href;

interface Lms extends AsyncDisposable {
  readonly port: number;
}

async function listening(server: Server, address = "127.0.0.1", port = 0): Promise<Lms> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, address, resolve));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const http = (answer: Answer, address?: string, port?: number) => listening(createServer(answer), address, port);
/** Says so once it was spoken to. */
const raw = (answer: (socket: Socket) => void) =>
  listening(createPlainServer((socket) => socket.once("data", () => answer(socket))));

interface World {
  readonly allow?: AllowList;
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly ca?: string;
}

function guarded({ allow = ALLOW_ALL, names = { "lms.test": ["127.0.0.1"] }, ca }: World = {}) {
  const resolved: string[] = [];
  const resolve = (host: string) => {
    resolved.push(host);
    return Promise.resolve(names[host] ?? []);
  };
  const guardedFetch = createGuardedFetch({ allow, clock: realClock, resolve, ca });
  const ask = (url: string, more: Partial<GuardedRequest> = {}, signal?: AbortSignal) =>
    guardedFetch({ url, method: "GET", timeoutMs: PATIENT_MS, ...more }, signal);
  return { ask, resolved };
}

const reasonOf = (result: Awaited<ReturnType<ReturnType<typeof guarded>["ask"]>>) =>
  result.status === null ? result.reason : `status ${result.status}`;

Deno.test("guardedFetch() sends one request as given, under the name of the host", async () => {
  const seen: unknown[] = [];
  await using lms = await http(async (request, response) => {
    const { method, url, headers } = request;
    seen.push([method, url, headers.host, headers["content-type"], headers["content-length"], await textOf(request)]);
    response.writeHead(204).end();
  });
  const { ask } = guarded();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const url = `http://lms.test:${lms.port}/a%20b/?x=1&y=%2f`;
  assert.deepEqual(await ask(url, { method: "POST", headers, body: "signed=ä" }), { status: 204 });
  assert.deepEqual(await ask(url, { method: "POST" }), { status: 204 });
  assert.deepEqual(await ask(url), { status: 204 });
  const host = `lms.test:${lms.port}`;
  assert.deepEqual(seen, [
    ["POST", "/a%20b/?x=1&y=%2f", host, "application/x-www-form-urlencoded", "9", "signed=ä"],
    ["POST", "/a%20b/?x=1&y=%2f", host, undefined, "0", ""],
    ["GET", "/a%20b/?x=1&y=%2f", host, undefined, undefined, ""],
  ]);
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

Deno.test("guardedFetch() connects only to addresses that passed, and asks for them once", async () => {
  const asked: string[] = [];
  await using inside = await http((_, response) => (asked.push("inside"), response.end()));
  await using outside = await http((_, response) => (asked.push("outside"), response.end()), "127.0.0.2", inside.port);
  let lookups = 0;
  const rebinding = createGuardedFetch({
    allow: readAllowList("127.0.0.2").list,
    clock: realClock,
    resolve: () => Promise.resolve(lookups++ === 0 ? ["127.0.0.1", "127.0.0.2"] : ["127.0.0.1"]),
  });
  const ask = (url: string) => rebinding({ url, method: "GET", timeoutMs: PATIENT_MS });
  assert.deepEqual(await ask(`http://evil.test:${outside.port}/`), { status: 200 });
  assert.deepEqual([asked, lookups], [["outside"], 1]);
  assert.equal(reasonOf(await ask(`http://evil.test:${outside.port}/`)), "refused target");
  assert.equal(reasonOf(await ask(`http://127.0.0.1:${outside.port}/`)), "refused target");
  assert.deepEqual(asked, ["outside"]);
});

Deno.test("guardedFetch() asks nobody else about a name that the system knows, too", async () => {
  await using lms = await http((_, response) => response.end(), "127.0.0.2");
  const { ask, resolved } = guarded({ names: { localhost: ["127.0.0.2"] } });
  assert.deepEqual(await ask(`http://localhost:${lms.port}/`), { status: 200 });
  assert.deepEqual(resolved, ["localhost"]);
});

Deno.test("guardedFetch() goes on to the next address where nobody listens", async () => {
  await using lms = await http((_, response) => response.end());
  const { ask } = guarded({ names: { "lms.test": ["127.0.0.9", "::1", "127.0.0.1"] } });
  assert.deepEqual(await ask(`http://lms.test:${lms.port}/`), { status: 200 });
});

Deno.test("guardedFetch() follows no redirect", async () => {
  const asked: (string | undefined)[] = [];
  await using lms = await http((request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: "/there" }).end();
  });
  assert.deepEqual(await guarded().ask(`http://lms.test:${lms.port}/here`), { status: 302 });
  assert.deepEqual(asked, ["/here"]);
});

Deno.test("guardedFetch() takes no proxy of the environment", async () => {
  await using proxy = await http((_, response) => response.end());
  const program = `
    import { realClock } from "${SOURCES}deps.ts";
    import { ALLOW_ALL } from "${SOURCES}lib/address_ranges.ts";
    import { createGuardedFetch } from "${SOURCES}lib/guarded_fetch.ts";
    const ask = createGuardedFetch({ allow: ALLOW_ALL, clock: realClock });
    console.log(JSON.stringify(await ask({ url: "http://127.0.0.1:1/", method: "GET", timeoutMs: ${PATIENT_MS} })));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    env: { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "", no_proxy: "", NODE_USE_ENV_PROXY: "1" },
  }).output();
  assert.equal(JSON.parse(new TextDecoder().decode(stdout)).reason, "unreachable");
});

const TLS = new URL("../fixtures/tls/", import.meta.url);
const pem = (name: string) => Deno.readTextFileSync(new URL(name, TLS));

Deno.test("guardedFetch() keeps SNI and certificate to the name of the host", async () => {
  const names: string[] = [];
  const certificate = { key: pem("lms.key"), cert: pem("lms.pem") };
  const SNICallback = (name: string, done: (error: Error | null) => void) => (names.push(name), done(null));
  await using lms = await listening(
    createSecureServer({ ...certificate, SNICallback }, (_, response) => response.end()),
  );
  const world = { names: { "lms.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] }, ca: pem("ca.pem") };
  const { ask } = guarded(world);
  assert.deepEqual(await ask(`https://lms.test:${lms.port}/`), { status: 200 });
  assert.equal(reasonOf(await ask(`https://other.test:${lms.port}/`)), "tls");
  assert.equal(reasonOf(await ask(`https://127.0.0.1:${lms.port}/`)), "tls");
  assert.equal(reasonOf(await guarded({ ...world, ca: undefined }).ask(`https://lms.test:${lms.port}/`)), "tls");
  assert.deepEqual(names.slice(0, 2), ["lms.test", "other.test"]);
});

const broken: readonly (readonly [what: string, answer: (socket: Socket) => void, reason: string])[] = [
  ["closes", (socket) => socket.destroy(), "closed"],
  ["is no HTTP", (socket) => socket.end("SSH-2.0-x\r\n\r\n"), "unreadable"],
  ["sends headers without end", (socket) => socket.write(`HTTP/1.1 200 OK\r\na: ${"b".repeat(1e6)}`), "unreadable"],
  ["upgrades", (socket) => socket.write("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), "status 101"],
  ["breaks off in the body", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"), "status 200"],
];
for (const [what, answer, reason] of broken) {
  Deno.test(`guardedFetch() from a receiver that ${what}: ${reason}`, async () => {
    await using lms = await raw(answer);
    assert.equal(reasonOf(await guarded().ask(`http://lms.test:${lms.port}/?token=x`)), reason);
  });
}

Deno.test("guardedFetch() ends at its deadline wherever a receiver hangs, and leaves no connection", async () => {
  let open = 0;
  const hanging = (first: string) => {
    const server = createPlainServer((socket) => {
      open++;
      socket.on("error", () => {}).on("close", () => open--).resume();
      socket.write(first);
    });
    return listening(server);
  };
  await using silent = await hanging("");
  await using halfHead = await hanging("HTTP/1.1 200 OK\r\n");
  await using halfBody = await hanging("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
  const { ask } = guarded();
  const results = await Promise.all([
    ask(`http://lms.test:${silent.port}/`, { timeoutMs: 300 }),
    ask(`https://lms.test:${silent.port}/`, { timeoutMs: 300 }),
    ask(`http://lms.test:${halfHead.port}/`, { timeoutMs: 300 }),
    ask(`http://lms.test:${halfBody.port}/`, { timeoutMs: 300, method: "POST", body: "x".repeat(1e6) }),
  ]);
  assert.deepEqual(results.map(reasonOf), ["timeout", "timeout", "timeout", "status 200"]);
  await eventually("every connection is closed", () => open === 0);
});

Deno.test("guardedFetch() stops when its caller does, and does not begin after that", async () => {
  let asked = 0;
  await using lms = await http(() => asked++);
  const caller = new AbortController();
  const stopping = new Error("stopping");
  const { ask } = guarded();
  const asking = ask(`http://127.0.0.1:${lms.port}/`, {}, caller.signal);
  await eventually("the request is there", () => asked > 0);
  caller.abort(stopping);
  await assert.rejects(asking, stopping);
  await assert.rejects(ask(`http://127.0.0.1:${lms.port}/`, {}, caller.signal), stopping);
  assert.equal(asked, 1);
});

Deno.test("guardedFetch() cuts an answer without end", async () => {
  let sent = 0;
  let cut = false;
  await using lms = await http((_, response) => {
    const more = () => {
      while (!cut && response.write("x".repeat(16_384))) sent += 16_384;
    };
    response.on("drain", more).on("error", () => {}).on("close", () => cut = true);
    more();
  });
  assert.deepEqual(await guarded().ask(`http://lms.test:${lms.port}/`), { status: 200 });
  await eventually("the connection is cut", () => cut);
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were sent`);
});

Deno.test("guardedFetch() outlives addresses and ports that nobody can connect to", async () => {
  const { ask } = guarded({ names: { "lms.test": ["127.255.255.255", "::1"] } });
  for (const host of ["127.0.0.1", "127.255.255.255", "[::1]", "lms.test"]) {
    for (const port of [0, 1, 65535]) {
      const reason = reasonOf(await ask(`http://${host}:${port}/`));
      assert.equal(reason, "unreachable", `${host}:${port}`);
    }
  }
});
