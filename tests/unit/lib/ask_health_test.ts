// What `b3scaled --check` asks, and what it says of an answer that is none.
import assert from "node:assert/strict";
import type { ListenAddress } from "../../../src/lib/setting_kinds.ts";
import type { Fetch } from "../../../src/deps.ts";
import { askHealth } from "../../../src/lib/ask_health.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const LISTEN: ListenAddress = { hostname: "127.0.0.1", port: 42353 };

const ask = (fetch: Fetch, listen = LISTEN) => askHealth({ fetch, clock: createFakeClock() }, listen, "/readyz");

Deno.test("askHealth() has nothing to say of a 200", async () => {
  assert.equal(await ask(() => Promise.resolve(new Response("{}"))), undefined);
});

Deno.test("askHealth() says status and body of any other answer", async () => {
  const answer = () => Promise.resolve(new Response('{"status":"not ready"}\n', { status: 503 }));
  assert.equal(await ask(answer), 'http://127.0.0.1:42353/readyz: status 503: {"status":"not ready"}');
});

Deno.test("askHealth() says why nobody answers", async () => {
  assert.equal(await ask(() => Promise.reject(new Error("refused"))), "http://127.0.0.1:42353/readyz: refused");
});

Deno.test("askHealth() waits 4 s, for the answer and for its body", async () => {
  const never: Fetch = (_, { signal }) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const slowBody: Fetch = (_, { signal }) => {
    const body = new ReadableStream({
      start: (controller) => signal?.addEventListener("abort", () => controller.error(signal.reason)),
    });
    return Promise.resolve(new Response(body));
  };
  for (const fetch of [never, slowBody]) {
    const clock = createFakeClock();
    const asked = askHealth({ fetch, clock }, LISTEN, "/healthz");
    await clock.advance(4000);
    assert.equal(await asked, "http://127.0.0.1:42353/healthz: no answer within 4 s");
  }
});

Deno.test("askHealth() reaches a server that listens on all addresses, or on an IPv6 one", async () => {
  const expected: Record<string, string> = {
    "0.0.0.0": "http://127.0.0.1:8080/readyz",
    "::": "http://[::1]:8080/readyz",
    "::1": "http://[::1]:8080/readyz",
    "b3scale.example.org": "http://b3scale.example.org:8080/readyz",
  };
  for (const [hostname, url] of Object.entries(expected)) {
    const asked: string[] = [];
    await ask((url) => {
      asked.push(url);
      return Promise.resolve(new Response());
    }, { hostname, port: 8080 });
    assert.deepEqual(asked, [url]);
  }
});
