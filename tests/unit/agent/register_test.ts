import assert from "node:assert/strict";
import { connect, register } from "../../../agent/register.ts";
import { FatalError } from "../../../agent/settings.ts";
import { createApiClient } from "../../../src/contract/client.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";

const NODE = { host: "https://n1.example/bigbluebutton/api/", secret: "geheim" };
const KNOWN = { id: "b1", bbb: NODE };
const NEVER = new AbortController().signal;

/** @param answers by method and path below /api/v1; what has none is a 404 */
function setUp(answers: Readonly<Record<string, unknown>>) {
  const { log, lines } = makeLog();
  const requests: string[] = [];
  const api = createApiClient({
    url: "http://b3scale.test",
    token: "abc",
    userAgent: "b3scaleagent/0",
    clock: createFakeClock(),
    fetch: (url, { method, body }) => {
      const request = `${method} ${url.slice("http://b3scale.test/api/v1".length)}`;
      requests.push(body === undefined ? request : `${request} ${body}`);
      const answer = answers[request];
      if (answer instanceof Error) return Promise.reject(answer);
      if (answer instanceof Response) return Promise.resolve(answer);
      return Promise.resolve(Response.json(answer ?? {}, { status: answer === undefined ? 404 : 200 }));
    },
  });
  const wanted = { node: NODE, loadFactor: 1.5 };
  return {
    connect: () => connect({ api, log }, NEVER),
    register: (mayRegister: boolean) => register({ api, log }, { ...wanted, mayRegister }, NEVER),
    lines,
    requests,
  };
}

async function fatal(run: Promise<unknown>): Promise<{ message: string; error: unknown; hint: string }> {
  const error = await run.catch((error: unknown) => error);
  assert(error instanceof FatalError, String(error));
  return { message: error.message, error: error.fields["error"], hint: String(error.fields["hint"]) };
}

Deno.test("connect() says whom it has met, and what the server can", async () => {
  const status = { version: "1.3.0", build: "abc", api: "v1", account_ref: "agent1", is_admin: false, database: {} };
  const old = setUp({ "GET ": status });
  assert.deepEqual(await old.connect(), []);
  const fields = { agent: "agent1", api_version: "v1", build: "abc", version: "1.3.0" };
  assert.deepEqual(old.lines, [{ level: "info", message: "connected to b3scaled", fields }]);
  const features = ["meeting_update_attendee"];
  assert.deepEqual(await setUp({ "GET ": { ...status, features } }).connect(), features);
});

Deno.test("connect() throws what to do about a server that is away or does not want us", async () => {
  const cases: readonly (readonly [answer: unknown, error: RegExp, hint: RegExp])[] = [
    [new TypeError("x", { cause: new Error("Connection refused") }), /connection refused/, /^check B3SCALE_API_URL/],
    [undefined, /404/, /^check B3SCALE_API_URL/],
    [Response.json({ message: "invalid or expired jwt" }, { status: 401 }), /expired jwt/, /authorize_node_agent/],
    [new Response("", { status: 500 }), /500/, /^undefined$/],
  ];
  for (const [answer, error, hint] of cases) {
    const found = await fatal(setUp({ "GET ": answer }).connect());
    assert.equal(found.message, "api initialization failed");
    assert.match(String(found.error), error);
    assert.match(found.hint, hint);
  }
});

Deno.test("register() sends address, secret and load factor of a known backend under `bbb`", async () => {
  const { register, requests, lines } = setUp({ "GET /agent/backend": KNOWN, "PATCH /backends/b1": KNOWN });
  assert.equal(await register(true), "b1");
  assert.deepEqual(requests, [
    "GET /agent/backend",
    `PATCH /backends/b1 ${JSON.stringify({ bbb: NODE, load_factor: 1.5 })}`,
  ]);
  const fields = { host: NODE.host, id: "b1" };
  assert.deepEqual(lines, [{ level: "info", message: "agent configured for backend", fields }]);
});

Deno.test("register() makes a backend only when it may", async () => {
  const answers = { "POST /backends": KNOWN };
  const refused = setUp(answers);
  assert.match((await fatal(refused.register(false))).message, /^the backend was not found, .*-register \(or -a\)$/);
  assert.deepEqual(refused.requests, ["GET /agent/backend"]);
  const allowed = setUp(answers);
  assert.equal(await allowed.register(true), "b1");
  assert.deepEqual(allowed.lines.map(({ message }) => message), ["registered backend", "agent configured for backend"]);
  const [, body = ""] = allowed.requests[1]?.split("POST /backends ") ?? [];
  const { bbb, load_factor, admin_state, node_state } = JSON.parse(body);
  assert.deepEqual({ bbb, load_factor, admin_state, node_state }, {
    bbb: NODE,
    load_factor: 1.5,
    admin_state: "init",
    node_state: "init",
  });
});

Deno.test("register() says which step the server refused, and what to do", async () => {
  const taken = () => Response.json({ error: "conflict", message: "conflict with …" }, { status: 409 });
  const created = await fatal(setUp({ "POST /backends": taken() }).register(true));
  assert.deepEqual([created.message, created.error], [
    "failed to register backend",
    "error: conflict; message: conflict with …",
  ]);
  assert.match(created.hint, /b3scalectl show backends/);
  const updated = await fatal(setUp({ "GET /agent/backend": KNOWN, "PATCH /backends/b1": taken() }).register(false));
  assert.equal(updated.message, "failed to update backend");
  const asked = Response.json({ message: "b3scale:node scope required" }, { status: 403 });
  const found = await fatal(setUp({ "GET /agent/backend": asked }).register(true));
  assert.deepEqual([found.message, found.error], ["failed to get backend", "message: b3scale:node scope required"]);
});
