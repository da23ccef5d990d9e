// createApiClient() over a scripted fetch: what it sends, and what it makes of every kind of answer.
import assert from "node:assert/strict";
import { backendEndpoints } from "../../../src/contract/backend.ts";
import { ApiError, createApiClient } from "../../../src/contract/client.ts";
import { meetingEndpoints } from "../../../src/contract/meeting.ts";
import type { Fetch } from "../../../src/deps.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const TOKEN = "aaa.bbb.ccc";

function clientOf(fetch: Fetch, { url = "http://b3scale.test/", token = TOKEN } = {}) {
  const clock = createFakeClock();
  return { clock, api: createApiClient({ url, token, userAgent: "b3scalectl/1", fetch, clock }) };
}

/** Answers all calls alike and keeps them. */
function answering(body: string, init: ResponseInit = {}) {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetch: Fetch = (url, request) => {
    calls.push({ url, init: request });
    return Promise.resolve(new Response(body, init));
  };
  return { calls, fetch };
}

const failing = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(() => assert.fail("it was answered"), (error) => {
    assert(error instanceof ApiError, String(error));
    return error;
  });

Deno.test("call() sends method, token, user agent and query", async () => {
  const { calls, fetch } = answering("[]");
  const { api } = clientOf(fetch);
  assert.deepEqual(await api.call(backendEndpoints.list, { query: { host: "http://n1/bigbluebutton/api/" } }), []);
  assert.equal(calls[0]?.url, "http://b3scale.test/api/v1/backends?host=http%3A%2F%2Fn1%2Fbigbluebutton%2Fapi%2F");
  assert.equal(calls[0]?.init.method, "GET");
  assert.deepEqual(calls[0]?.init.headers, { authorization: `Bearer ${TOKEN}`, "user-agent": "b3scalectl/1" });
});

Deno.test("call() sends a body as JSON, and names the type of an empty one too, as 1.x does", async () => {
  const { calls, fetch } = answering("{}");
  const { api } = clientOf(fetch);
  await api.call(backendEndpoints.update, { params: { id: "b1" }, body: { admin_state: "ready" } });
  await api.call(backendEndpoints.update, { params: { id: "b1" } });
  assert.deepEqual(calls.map(({ init }) => init.body), ['{"admin_state":"ready"}', undefined]);
  for (const { init } of calls) assert.equal(new Headers(init.headers).get("content-type"), "application/json");
});

Deno.test("call() escapes of a path only what would break it", async () => {
  const { calls, fetch } = answering("{}");
  const { api } = clientOf(fetch);
  await api.call(meetingEndpoints.show, { params: { id: "internal:a=b@c/d?e#f g%h" } });
  assert.equal(calls[0]?.url, "http://b3scale.test/api/v1/meetings/internal:a=b@c%2Fd%3Fe%23f%20g%25h");
});

const refused: [string, string, ResponseInit, string][] = [
  ["404 alike, whatever its body", '{"message":"Not Found"}', { status: 404 }, "the resource could not be found (404)"],
  ["the members of an error, error first", '{"message":"m","error":"e"}', { status: 400 }, "error: e; message: m"],
  [
    "members that are no texts as JSON",
    '{"message":"m","fields":{"a":["b"]}}',
    { status: 400 },
    'fields: {"a":["b"]}; message: m',
  ],
  ["a text as it is", "upstream is away\n", { status: 502 }, "upstream is away"],
  ["a proxy's page by its status", "<html>Bad Gateway</html>", { status: 502 }, "the server answered 502"],
  ["nothing at all by its status", "", { status: 500 }, "the server answered 500"],
  [
    "an answer that is no JSON",
    "<html>",
    { status: 200 },
    "the server's answer (200) is no JSON: is this the address of b3scaled?",
  ],
  [
    "a redirect by its target",
    "",
    { status: 301, headers: { location: "https://b3scale.test/api/v1" } },
    "the server redirects to https://b3scale.test/api/v1: use that address (B3SCALE_API_URL)",
  ],
];
for (const [name, body, init, message] of refused) {
  Deno.test(`call() reports ${name}`, async () => {
    const error = await failing(clientOf(answering(body, init).fetch).api.call(backendEndpoints.list));
    assert.equal(error.message, message);
    assert.equal(error.status, init.status);
  });
}

Deno.test("call() gives up at its deadline, and aborts what is under way", async () => {
  let signal: AbortSignal | null | undefined;
  const { clock, api } = clientOf((_, init) =>
    new Promise((_, reject) => {
      signal = init.signal;
      signal?.addEventListener("abort", () => reject(signal?.reason));
    })
  );
  const error = failing(api.call(backendEndpoints.list));
  await clock.advance(10_000);
  assert.equal((await error).message, "http://b3scale.test did not answer within 10 s");
  assert(signal?.aborted);
});

Deno.test("call() ends with the caller's own reason when its signal aborts", async () => {
  const { api } = clientOf((_, { signal }) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
  );
  const controller = new AbortController();
  const call = api.call(backendEndpoints.list, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
});

Deno.test("call() names why the server cannot be reached, and never the URL or a token", async () => {
  const refusing: Fetch = () =>
    Promise.reject(
      new TypeError("fetch failed", {
        cause: new Error(`error sending request for url (x): Connection refused (os 1)`),
      }),
    );
  const quoting: Fetch = () => Promise.reject(new TypeError(`invalid header "Bearer ${TOKEN}"`));
  const texts = [];
  for (const fetch of [refusing, quoting]) {
    texts.push((await failing(clientOf(fetch).api.call(backendEndpoints.list))).message);
  }
  assert.deepEqual(texts, [
    "cannot reach http://b3scale.test: connection refused",
    "cannot reach http://b3scale.test: the connection failed",
  ]);
});

Deno.test("call() asks nobody with an address or a token that cannot be right", async () => {
  const { calls, fetch } = answering("[]");
  const texts = [];
  for (const wrong of [{ url: "b3scale.test" }, { token: "aaa\nbbb" }]) {
    texts.push((await failing(clientOf(fetch, wrong).api.call(backendEndpoints.list))).message);
  }
  assert.deepEqual(texts, [
    '"b3scale.test" is no address: it should start with http:// or https://',
    "the access token is damaged: it has characters that no token has",
  ]);
  assert.deepEqual(calls, []);
});
