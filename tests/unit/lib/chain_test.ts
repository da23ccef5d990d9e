import assert from "node:assert/strict";
import { chain, type Middleware } from "../../../src/lib/chain.ts";

const named = (name: string): Middleware<string, string> => async (req, next) =>
  `${name}(${await next(`${req}>${name}`)})`;
const handler = (req: string) => Promise.resolve(req);

Deno.test("chain() runs the first middleware outermost, down and up again", async () => {
  assert.equal(await chain([named("a"), named("b")], handler)("req"), "a(b(req>a>b))");
});

Deno.test("chain() without middlewares is the handler", async () => {
  assert.equal(await chain([], handler)("req"), "req");
});

Deno.test("chain() reaches nothing behind a middleware that answers or throws", async () => {
  let reached = false;
  const deep = () => {
    reached = true;
    return Promise.resolve("deep");
  };
  assert.equal(await chain<string, string>([() => Promise.resolve("early")], deep)("req"), "early");
  await assert.rejects(chain<string, string>([() => Promise.reject(new Error("no"))], deep)("req"), /no/);
  assert.equal(reached, false);
});

Deno.test("chain() keeps nothing between requests", async () => {
  const run = chain([named("a")], handler);
  assert.deepEqual(await Promise.all([run("1"), run("2")]), ["a(1>a)", "a(2>a)"]);
});
