import assert from "node:assert/strict";
import { PROGRAM } from "../../../../cli/commands.ts";
import { runProgram } from "../../../../cli/program.ts";
import { WORDS } from "../../../../cli/words.ts";
import { verifyToken } from "../../../../src/contract/token.ts";
import { createWorld, type Given, refuses, takesAll } from "../fake_deps.ts";

const SECRET = "the secret of the server";
const URL = "http://b3scale.test";

async function run(line: readonly string[], given: Given = {}) {
  const world = createWorld({ ...given, env: { B3SCALE_API_URL: URL, ...given.env } });
  const outcome = await runProgram(PROGRAM, line, world.deps).catch((error: unknown) => error);
  return { outcome, ...world };
}
const server = async (_path: string, token: string) =>
  await verifyToken(SECRET, token, 0) === undefined ? refuses() : takesAll();

const access = ["auth", "create_access_token", "--sub", "u1", "--scopes", " b3scale ,b3scale:admin,"];
const claimsOf = async (stdout: string, atMs: number) => await verifyToken(SECRET, stdout.trimEnd(), atMs);

Deno.test("create_access_token prints nothing but the token on stdout", async () => {
  const { outcome, stdout, stderr, clock } = await run([...access, "--secret", SECRET]);
  assert.equal(outcome, 0);
  assert.deepEqual(await claimsOf(stdout(), clock.now()), {
    scopes: new Set(["b3scale", "b3scale:admin"]),
    sub: "u1",
    aud: [],
    exp: undefined,
  });
  assert.equal(stderr(), "\n** Creating access token **\n\n     Sub: u1\n  Scopes: b3scale, b3scale:admin\n\n");
});

Deno.test("create_access_token --expires gives it an end", async () => {
  const { stdout, stderr, clock } = await run([...access, "--secret", SECRET, "--expires", "12h"]);
  const end = clock.now() + 12 * 3600 * 1000;
  assert.equal((await claimsOf(stdout(), end - 1000))?.exp, end / 1000);
  assert.equal(await claimsOf(stdout(), end), undefined);
  assert.match(stderr(), / Expires: 2026-01-01T12:00:00\.000Z\n/);
  for (const wrong of ["0", "0h", "soon", "-1h", "999999999d"]) {
    const { outcome, stdout } = await run([...access, "--secret", SECRET, "--expires", wrong]);
    assert.ok(outcome instanceof Error && outcome.message.includes(`"${wrong}"`), wrong);
    assert.equal(stdout(), "");
  }
});

Deno.test("the secret is the flag's, the environment's, or asked for on stderr", async () => {
  const env = { B3SCALE_API_JWT_SECRET: SECRET };
  const typed = ["typed"];
  const flag = await run([...access, "--secret", "other"], { env, typed });
  assert.notEqual(await verifyToken("other", flag.stdout().trimEnd(), 0), undefined);
  const fromEnv = await run(access, { env, typed });
  assert.notEqual(await claimsOf(fromEnv.stdout(), 0), undefined);
  const prompted = await run(access, { typed });
  assert.notEqual(await verifyToken("typed", prompted.stdout().trimEnd(), 0), undefined);
  assert.match(prompted.stderr(), /Please paste your shared secret\.\n\nSecret: \n$/);
});

Deno.test("a token command without a secret or anybody to ask fails", async () => {
  const message = "there is no terminal to ask for the secret: give --secret or B3SCALE_API_JWT_SECRET";
  const { outcome, stdout } = await run(["auth", "authorize_node_agent"]);
  assert.equal(outcome instanceof Error && outcome.message, message);
  assert.equal(stdout(), "");
});

Deno.test("authorize_node_agent names an agent that has no name", async () => {
  const named = await run(["auth", "authorize_node_agent", "--ref", "node1", "--secret", SECRET]);
  const claims = await claimsOf(named.stdout(), 0);
  assert.deepEqual([claims?.sub, claims?.scopes], ["node1", new Set(["b3scale:node"])]);
  const unnamed = await run(["auth", "authorize_node_agent", "--secret", SECRET]);
  const words = (await claimsOf(unnamed.stdout(), 0))?.sub.split("-") ?? [];
  assert.equal(words.length, 3);
  for (const word of words) assert.ok(WORDS.includes(word), word);
});

Deno.test("the words for agents differ and can be read aloud", () => {
  assert.equal(new Set(WORDS).size, WORDS.length);
  assert.ok(WORDS.length > 150);
  for (const word of WORDS) assert.match(word, /^[a-z]{4,8}$/);
});

Deno.test("authorize asks until the server accepts, and stores only that token", async () => {
  const { outcome, stdout, stored, asked } = await run(["auth", "authorize"], { server, typed: ["a", "b", SECRET] });
  assert.equal(outcome, 0);
  assert.equal(asked.length, 3);
  assert.equal(stdout().split("error using the token: message: invalid or expired jwt\n").length, 3);
  assert.match(stdout(), /Secret accepted, b3scalectl is now authorized\.\n$/);
  assert.notEqual(await verifyToken(SECRET, stored.get(URL) ?? "", 0), undefined);
});

Deno.test("authorize ends at what no other secret would mend", async () => {
  const { outcome, stored } = await run(["auth", "authorize"], { typed: ["a", "b"] });
  assert.equal(outcome instanceof Error && outcome.message, `cannot reach ${URL}: connection refused`);
  assert.equal(stored.size, 0);
});

Deno.test("authorize --secret asks nobody, and fails when it is wrong", async () => {
  const right = await run(["auth", "authorize", "--secret", SECRET], { server });
  assert.deepEqual([right.outcome, right.stored.size], [0, 1]);
  const wrong = await run(["auth", "authorize", "--secret", "wrong"], { server });
  assert.deepEqual([wrong.outcome instanceof Error, wrong.stored.size], [true, 0]);
});

Deno.test("authorize takes the secret of the environment only where nobody can be asked", async () => {
  const env = { B3SCALE_API_JWT_SECRET: SECRET };
  assert.equal((await run(["auth", "authorize"], { server, env })).outcome, 0);
  const asked = await run(["auth", "authorize"], { server, env, typed: ["wrong", SECRET] });
  assert.match(asked.stdout(), /error using the token/);
});
