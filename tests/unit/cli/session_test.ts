import assert from "node:assert/strict";
import { connect, openStored } from "../../../cli/session.ts";
import { CliError } from "../../../cli/types.ts";
import { backendEndpoints } from "../../../src/contract/backend.ts";
import { ApiError } from "../../../src/contract/client.ts";
import { verifyToken } from "../../../src/contract/token.ts";
import { createWorld, refuses, STATUS, takesAll } from "./fake_deps.ts";

const URL = "http://b3scale.test";
const SECRET = "the secret of the server";

/** Takes what its secret signed. */
async function server(_path: string, token: string): Promise<Response> {
  return await verifyToken(SECRET, token, 0) === undefined ? refuses() : takesAll();
}

Deno.test("connect() goes with the stored token and asks for nothing", async () => {
  const tokens: string[] = [];
  const world = createWorld({ stored: { [URL]: "stored" }, server: (_, token) => (tokens.push(token), takesAll()) });
  const { status } = await connect(world.deps, URL);
  assert.equal(status.version, STATUS.version);
  assert.deepEqual([world.asked, tokens], [[`GET ${URL}/api/v1`], ["stored"]]);
  assert.equal(world.stdout() + world.stderr(), "");
});

Deno.test("connect() says what to do about a stored token that was refused, and keeps it", async () => {
  const world = createWorld({ stored: { [URL]: "stored" }, server: refuses, typed: [SECRET] });
  await assert.rejects(connect(world.deps, URL), {
    name: "CliError",
    message: "message: invalid or expired jwt (the stored token was refused: run `b3scalectl auth authorize`)",
  });
  assert.equal(world.stored.get(URL), "stored");
});

Deno.test("connect() makes a token of the secret that was typed, and stores it once it was accepted", async () => {
  const world = createWorld({ server, typed: [SECRET] });
  await connect(world.deps, URL);
  const claims = await verifyToken(SECRET, world.stored.get(URL) ?? "", 0);
  assert.deepEqual(claims, { scopes: new Set(["b3scale:admin"]), sub: "b3scalectl", aud: [], exp: undefined });
  assert.match(
    world.stdout(),
    /^\n\*\* Authorization required for http:\/\/b3scale\.test \*\*\n[^]*\/tokens\/.*\n\nSecret: \n$/,
  );
});

Deno.test("connect() stores no token that was not accepted, whatever the reason", async () => {
  const answers: [string, () => Response, RegExp][] = [
    ["a wrong secret", refuses, /^message: invalid or expired jwt \(wrong secret: no token was stored\)$/],
    ["no admin", () => Response.json({ ...STATUS, is_admin: false }), /^authorization failed$/],
    ["an error", () => new Response("", { status: 500 }), /^the server answered 500$/],
  ];
  for (const [what, answer, message] of answers) {
    const world = createWorld({ server: answer, typed: [SECRET] });
    await assert.rejects(connect(world.deps, URL), { message }, what);
    assert.equal(world.stored.size, 0, what);
  }
  const away = createWorld({ typed: [SECRET] });
  await assert.rejects(connect(away.deps, URL), ApiError);
  assert.equal(away.stored.size, 0);
});

Deno.test("connect() asks no server with an empty secret", async () => {
  const world = createWorld({ server, typed: [""] });
  await assert.rejects(connect(world.deps, URL), new CliError("secret should not be empty"));
  assert.deepEqual(world.asked, []);
});

Deno.test("connect() says how to go on where nobody can be asked", async () => {
  const world = createWorld({ server });
  await assert.rejects(connect(world.deps, URL), {
    message: "there is no terminal to ask for the secret: run `b3scalectl auth authorize --secret <secret>` first",
  });
  assert.match(world.stdout(), /Secret: \n$/);
});

Deno.test("connect() asks on stderr when stdout is a file", async () => {
  const world = createWorld({ server, typed: [SECRET], terminal: { interactive: false } });
  await connect(world.deps, URL);
  assert.equal(world.stdout(), "");
  assert.match(world.stderr(), /Secret: \n$/);
});

Deno.test("openStored() never asks", async () => {
  const world = createWorld({ server, typed: [SECRET] });
  assert.equal(await openStored(world.deps, URL), undefined);
  assert.equal(world.stdout(), "");
});

Deno.test("openStored() waits as long as it is told to", async () => {
  const world = createWorld({ stored: { [URL]: "stored" }, server: () => new Promise(() => {}) });
  const opened = openStored(world.deps, URL, { timeoutMs: 2000 });
  const settled = assert.rejects(opened, { message: `${URL} did not answer within 2 s` });
  await world.clock.advance(2000);
  await settled;
});

Deno.test("a session's calls end when the operator interrupts", async () => {
  const interrupt = new AbortController();
  const world = createWorld({
    stored: { [URL]: "stored" },
    server: (path) => path === "/api/v1" ? takesAll() : new Promise(() => {}),
    signal: interrupt.signal,
  });
  const { api } = await connect(world.deps, URL);
  const call = assert.rejects(api.call(backendEndpoints.list), (error) => error === interrupt.signal.reason);
  interrupt.abort();
  await call;
});
