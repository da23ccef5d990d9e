import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { check } from "../../../agent/check.ts";
import { readSettings } from "../../../agent/settings.ts";
import { createApiClient } from "../../../src/contract/client.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";

const HOST = "https://n1.example/bigbluebutton/api/";
const PROPERTIES = "bigbluebutton.web.serverURL=https://n1.example\nsecuritySalt=geheim\nredisPassword=losung\n";
const BACKEND = {
  id: "b1",
  bbb: { host: HOST, secret: "geheim" },
  admin_state: "ready",
  node_state: "ready",
  last_error: null,
  health: "available",
  eligible: true,
  reasons: [],
};
const STATUS = { version: "2.0.0", build: "abc", api: "v1", account_ref: "agent1" };
const BBB = "<response><returncode>SUCCESS</returncode><version>2.0</version><bbbVersion/></response>";

const jwt = (claims: unknown): string =>
  ["eyJhbGciOiJIUzM4NCJ9", Buffer.from(JSON.stringify(claims)).toString("base64url"), "c2ln"].join(".");
const TOKEN = jwt({ scope: "b3scale:node", sub: "agent1" });

interface World {
  readonly env?: Record<string, string>;
  readonly mayRegister?: boolean;
  /** Undefined: no such file. */
  readonly properties?: string;
  readonly status?: () => Response;
  readonly backend?: () => Response;
  readonly bbb?: (clock: FakeClock, signal: AbortSignal) => Promise<Response>;
  readonly ping?: () => Promise<void>;
}

/** A node where all is well, but for what is given. @returns the lines of what is not, or all of them */
async function look(
  world: World = {},
): Promise<{ isWell: boolean; all: string[]; problems: string[]; methods: Set<string> }> {
  const clock = createFakeClock();
  const all: string[] = [];
  const methods = new Set<string>();
  const settings = readSettings({
    B3SCALE_API_URL: "http://b3s.example/",
    B3SCALE_API_ACCESS_TOKEN: TOKEN,
    BBB_CONFIG: "/etc/bbb.properties",
    ...world.env,
  });
  const fetch = async (url: string, { method = "GET", signal }: RequestInit) => {
    methods.add(method);
    assert(signal);
    if (url === HOST) return await (world.bbb?.(clock, signal) ?? Promise.resolve(new Response(BBB)));
    if (url === "http://b3s.example/api/v1") return world.status?.() ?? Response.json(STATUS);
    if (url === "http://b3s.example/api/v1/agent/backend") return world.backend?.() ?? Response.json(BACKEND);
    return assert.fail(url);
  };
  const done = check({
    settings,
    mayRegister: world.mayRegister ?? false,
    api: createApiClient({ url: settings.apiUrl, token: settings.token, userAgent: "x", fetch, clock }),
    clock,
    fetch,
    readText: (path) => {
      assert.equal(path, "/etc/bbb.properties");
      if ("properties" in world && world.properties === undefined) throw new Error("No such file");
      return world.properties ?? PROPERTIES;
    },
    pingRedis: world.ping ?? (() => Promise.resolve()),
    print: (line) => void all.push(line),
  });
  await clock.advance(3000);
  const isWell = await done;
  assert.equal(clock.waiting, 0);
  for (const secret of ["geheim", "losung", TOKEN]) assert(!all.join("\n").includes(secret), all.join("\n"));
  const problems = all.filter((line) => line.startsWith("problem  ")).map((line) => line.slice("problem  ".length));
  assert.equal(isWell, problems.length === 0);
  return { isWell, all, problems, methods };
}

Deno.test("check() says what it found where all is well, and only reads", async () => {
  const { isWell, all, methods } = await look();
  assert.deepEqual(all, [
    "ok       properties: /etc/bbb.properties has bigbluebutton.web.serverURL, securitySalt, redisPassword",
    `ok       node: ${HOST}`,
    'ok       token: scope "b3scale:node", agent "agent1"',
    "ok       server: http://b3s.example has version 2.0.0 (abc)",
    `ok       backend: ${HOST}, admin_state ready, health available`,
    "ok       redis: localhost:6379 answers",
    `ok       bbb: ${HOST} answers, version 2.0`,
  ]);
  assert(isWell);
  assert.deepEqual([...methods], ["GET"]);
});

/** One line of trouble, whatever else is looked at. */
async function oneProblem(world: World, pattern: RegExp): Promise<void> {
  const { problems } = await look(world);
  assert.equal(problems.length, 1, problems.join("\n"));
  assert.match(problems[0] ?? "", pattern);
}

Deno.test("check() goes on without the properties file", async () => {
  const { all, problems } = await look({ properties: undefined });
  assert.deepEqual(problems, [
    "properties: No such file: set BBB_CONFIG to a bbb-web.properties that the agent may read",
  ]);
  assert.equal(all.length, 4, "and the server is asked");
});

Deno.test("check() names the property that is missing", async () => {
  await oneProblem({ properties: "securitySalt=x" }, /^node: bigbluebutton\.web\.serverURL property not found/);
  await oneProblem({ properties: `${PROPERTIES}redisPort=x` }, /^redis: redisPort: "x" is no port$/);
});

Deno.test("check() reads the token without telling it", async () => {
  const token = (claims: unknown) => ({ env: { B3SCALE_API_ACCESS_TOKEN: jwt(claims) } });
  await oneProblem({ env: { B3SCALE_API_ACCESS_TOKEN: "" } }, /^token: B3SCALE_API_ACCESS_TOKEN is not set/);
  await oneProblem({ env: { B3SCALE_API_ACCESS_TOKEN: "abc" } }, /^token: B3SCALE_API_ACCESS_TOKEN is no JWT/);
  await oneProblem({ env: { B3SCALE_API_ACCESS_TOKEN: `${TOKEN} x` } }, /^token: .* is no JWT/);
  await oneProblem(token({ scope: "b3scale:admin", sub: "a1" }), /^token: scope "b3scale:admin", agent "a1": it needs/);
  await oneProblem(token({ scope: "b3scale:node" }), /^token: scope "b3scale:node", agent "": it needs/);
  const [january2026, june2026] = [1767225600, 1780272000];
  await oneProblem(token({ scope: "b3scale:node", sub: "a1", exp: january2026 }), /^token: .*: it has expired/);
  assert((await look(token({ scope: "b3scale b3scale:node", sub: "a1", exp: june2026 }))).isWell);
});

Deno.test("check() says what to do about the server", async () => {
  await oneProblem({ env: { B3SCALE_API_URL: "" } }, /^server: B3SCALE_API_URL is not set/);
  const refuse = () => Response.json({ message: "invalid or expired jwt" }, { status: 401 });
  await oneProblem({ status: refuse }, /^server: message: invalid or expired jwt: create a token/);
  await oneProblem({ backend: refuse }, /^backend: message: invalid or expired jwt: create a token/);
});

Deno.test("check() tells whether the node may become a backend", async () => {
  const backend = () => Response.json({ message: "Not Found" }, { status: 404 });
  await oneProblem({ backend }, /^backend: the server has none of this agent: start the agent with -a$/);
  assert((await look({ backend, mayRegister: true })).isWell);
});

Deno.test("check() compares the node with what the server has of it", async () => {
  const with_ = (changed: unknown) => ({ backend: () => Response.json({ ...BACKEND, ...changed as object }) });
  const bbb = (changed: unknown) => with_({ bbb: { ...BACKEND.bbb, ...changed as object } });
  await oneProblem(bbb({ host: "https://n2.example/bigbluebutton/api/" }), /^backend: https:\/\/n2.*another host/);
  await oneProblem(bbb({ secret: "other" }), /^backend: .*: the server has another secret than the node: restart/);
  const reasons = ["admin_state is init", "not polled yet"];
  await oneProblem(
    with_({ admin_state: "init", health: "unstable", eligible: false, reasons }),
    /admin_state init, health unstable: .* \(admin_state is init; not polled yet\): b3scalectl enable backend https:/,
  );
  const old = { health: undefined, eligible: undefined, reasons: undefined };
  assert((await look(with_(old))).isWell);
  await oneProblem(with_({ ...old, node_state: "error", last_error: "timeout" }), /node_state error: .* \(timeout\)/);
});

Deno.test("check() tells what Redis and the node's own API say", async () => {
  const ping = () => Promise.reject(new Error("connection refused"));
  await oneProblem({ ping }, /^redis: localhost:6379: connection refused: /);
  await oneProblem(
    { bbb: () => Promise.resolve(new Response("<html/>", { status: 502 })) },
    /^bbb: .* answers 502 without/,
  );
  const failed = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("certificate expired") }));
  await oneProblem({ bbb: failed }, /^bbb: .*: certificate expired: /);
  const hang = (clock: FakeClock, signal: AbortSignal) => clock.sleep(Infinity, signal).then(() => new Response(BBB));
  await oneProblem({ bbb: hang }, /^bbb: .*: no answer within 3 s: /);
});
