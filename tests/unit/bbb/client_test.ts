import assert from "node:assert/strict";
import {
  createNodeClient,
  type NodeAddress,
  NodeError,
  type NodeErrorReason,
  type NodeRequest,
  signedUrl,
} from "../../../src/bbb/client.ts";
import type { Fetch } from "../../../src/deps.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const NODE: NodeAddress = {
  id: "node-1",
  host: "https://bbb1.example.org/bigbluebutton/api",
  secret: "node1-secret",
  checksum_algorithm: "sha256",
};
const GET: NodeRequest = {
  method: "GET",
  resource: "getMeetings",
  params: new Map(),
  idempotent: true,
  timeoutMs: 5000,
};

const never: Fetch = () => Promise.reject(new Error("not expected"));

/** `fetch` that answers when the test says so, and gives up when its signal aborts. */
function pendingFetch() {
  const calls: {
    url: string;
    init: RequestInit;
    answer: (response: Response) => void;
    fail: (error: unknown) => void;
  }[] = [];
  const fetch: Fetch = (url, init) =>
    new Promise((resolve, reject) => {
      calls.push({ url, init, answer: resolve, fail: reject });
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    });
  return { calls, fetch };
}

const reasonIs = (reason: NodeErrorReason) => (error: unknown): boolean => {
  assert.ok(error instanceof NodeError);
  assert.equal(error.reason, reason);
  return true;
};

Deno.test("signedUrl() gives the worked examples of create and join", () => {
  const create = new Map([["name", "Demo Room"], ["meetingID", "WyJmZTEiLCJtLTEiLCJiM3NjbCJd"], [
    "meta_b3s-frontend",
    "fe1",
  ]]);
  const join = new Map([["password", "mp"], ["meetingID", "WyJmZTEiLCJtLTEiLCJiM3NjbCJd"], ["fullName", "Ada"], [
    "checksum",
    "old",
  ]]);
  assert.equal(
    signedUrl(NODE, { resource: "create", params: create }),
    `${NODE.host}/create?meetingID=WyJmZTEiLCJtLTEiLCJiM3NjbCJd&meta_b3s-frontend=fe1&name=Demo+Room&checksum=05e416c3305062ab24159f0355ca75b93cfc7b231f968a2e6084b1edcb383c70`,
  );
  assert.equal(
    signedUrl({ ...NODE, host: `${NODE.host}/` }, { resource: "join", params: join }),
    `${NODE.host}/join?fullName=Ada&meetingID=WyJmZTEiLCJtLTEiLCJiM3NjbCJd&password=mp&checksum=6a33eaf1afb03f576fdae70c8aaf5e7d441c9abc222873587801f9263ef11268`,
  );
});

Deno.test("signedUrl() without parameters has the checksum alone, of the node's algorithm", () => {
  for (const [algorithm, length] of [["sha1", 40], ["sha256", 64], ["sha384", 96], ["sha512", 128]] as const) {
    const url = signedUrl({ ...NODE, checksum_algorithm: algorithm }, { resource: "getMeetings", params: new Map() });
    assert.match(
      url,
      new RegExp(`^https://bbb1\\.example\\.org/bigbluebutton/api/getMeetings\\?checksum=[0-9a-f]{${length}}$`),
    );
  }
});

Deno.test("signedUrl() never lets a resource name reach into the query", () => {
  // Else the node would read a signed getMeetings: of `getMeetings` + `?meetingID=…`, of which it hashes the same text.
  for (
    const [resource, path] of [["getMeetings?", "getMeetings%3F"], ["a#", "a%23"], ["a/b", "a%2Fb"], [
      "a b",
      "a%20b",
    ]] as const
  ) {
    const url = new URL(signedUrl(NODE, { resource, params: new Map([["meetingID", "m"]]) }));
    assert.equal(url.pathname, `/bigbluebutton/api/${path}`);
    assert.ok(url.search.startsWith("?meetingID=m&checksum="));
  }
});

Deno.test("call() sends the signed text URL and reads the whole answer", async () => {
  const clock = createFakeClock();
  const { calls, fetch } = pendingFetch();
  const body = new TextEncoder().encode("<modules/>");
  const request: NodeRequest = { ...GET, method: "POST", body, headers: { "content-type": "application/xml" } };
  const answer = createNodeClient({ fetch, fetchOnce: never, clock }).call(NODE, request);
  await clock.advance(30);
  assert.equal(calls[0]?.url, signedUrl(NODE, request));
  const { method, headers, redirect } = calls[0]?.init ?? {};
  assert.deepEqual([method, headers, redirect], ["POST", { "content-type": "application/xml" }, "manual"]);
  assert.equal(calls[0]?.init.body, body);
  calls[0]?.answer(new Response("<response/>", { status: 404, headers: { "x-a": "1" } }));
  const { status, headers: got, body: bytes, latencyMs } = await answer;
  assert.deepEqual([status, got.get("x-a"), new TextDecoder().decode(bytes), latencyMs], [404, "1", "<response/>", 30]);
  assert.equal(clock.waiting, 0);
});

Deno.test("call() sends what must not arrive twice over fetchOnce, the rest over fetch", async () => {
  const over: string[] = [];
  const fetch: Fetch = () => (over.push("fetch"), Promise.resolve(new Response(null, { status: 204 })));
  const fetchOnce: Fetch = () => (over.push("fetchOnce"), Promise.resolve(new Response("")));
  const client = createNodeClient({ fetch, fetchOnce, clock: createFakeClock() });
  assert.equal((await client.call(NODE, GET)).body.length, 0);
  await client.call(NODE, { ...GET, method: "POST", resource: "insertDocument", idempotent: false });
  assert.deepEqual(over, ["fetch", "fetchOnce"]);
});

Deno.test("call() keeps 32 requests in flight per node, and waiting counts into the deadline", async () => {
  const clock = createFakeClock();
  const { calls, fetch } = pendingFetch();
  const client = createNodeClient({ fetch, fetchOnce: fetch, clock });
  const early = Array.from({ length: 32 }, () => client.call(NODE, { ...GET, timeoutMs: 60_000 }));
  const timedOut = client.call({ ...NODE, host: `${NODE.host}/` }, { ...GET, timeoutMs: 1000 });
  const served = client.call(NODE, { ...GET, timeoutMs: 60_000, idempotent: false });
  const elsewhere = client.call({ ...NODE, host: "https://bbb2.example.org/bigbluebutton/api" }, GET);
  await clock.advance(999);
  assert.equal(calls.length, 33);
  assert.ok(calls[32]?.url.startsWith("https://bbb2."));
  const rejected = assert.rejects(timedOut, reasonIs("timeout"));
  await clock.advance(1);
  await rejected;
  assert.equal(calls.length, 33);
  calls[0]?.answer(new Response("a"));
  await early[0];
  await clock.advance(5);
  assert.equal(calls.length, 34);
  for (const call of calls) call.answer(new Response("b"));
  const answers = await Promise.all([...early, served, elsewhere]);
  assert.equal(answers[32]?.latencyMs, 5); // from when it was sent; it was asked for at 0
  assert.equal(clock.waiting, 0);
});

Deno.test("call() gives its place back however the call ends", async () => {
  const clock = createFakeClock();
  let step = 0;
  const fetch: Fetch = () => {
    step++;
    if (step % 3 === 0) throw new TypeError("fetch failed");
    if (step % 3 === 1) return Promise.reject(new TypeError("fetch failed"));
    return Promise.resolve(
      new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) })),
    );
  };
  const client = createNodeClient({ fetch, fetchOnce: fetch, clock });
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => client.call(NODE, GET)));
  assert.ok(results.every((result) => result.status === "rejected" && result.reason instanceof NodeError));
  assert.equal(step, 100);
  assert.equal(clock.waiting, 0);
});

Deno.test("call() ends a body that does not come by the same deadline", async () => {
  const clock = createFakeClock();
  const fetch: Fetch = (_, init) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
      },
    });
    return clock.sleep(3000).then(() => new Response(body));
  };
  const rejected = assert.rejects(
    createNodeClient({ fetch, fetchOnce: never, clock }).call(NODE, GET),
    reasonIs("timeout"),
  );
  await clock.advance(5000);
  await rejected;
});

Deno.test("call() stops reading an answer of more than 32 MiB and takes one of exactly that", async () => {
  const chunk = new Uint8Array(1 << 20);
  const answerOf = (chunks: number, rest = 0) => {
    const state = { sent: 0, cancelled: false };
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (state.sent < chunks) controller.enqueue(chunk);
        else if (rest > 0 && state.sent === chunks) controller.enqueue(new Uint8Array(rest));
        else controller.close();
        state.sent++;
      },
      cancel: () => void (state.cancelled = true),
    });
    const fetch: Fetch = () => Promise.resolve(new Response(body));
    return { state, answer: createNodeClient({ fetch, fetchOnce: never, clock: createFakeClock() }).call(NODE, GET) };
  };
  assert.equal((await answerOf(32).answer).body.length, 32 << 20);
  await assert.rejects(answerOf(32, 1).answer, reasonIs("too large"));
  const endless = answerOf(1000);
  await assert.rejects(endless.answer, reasonIs("too large"));
  assert.ok(endless.state.sent < 40);
  assert.ok(endless.state.cancelled);
});

/** Deno's own error of `fetch`: the URL is in the cause. */
const fetchFailed = (url: string, words: string): TypeError =>
  new TypeError("fetch failed", { cause: new Error(`error sending request for url (${url}): ${words}`) });
const SENT_FAILED = "error sending request from 127.0.0.1:1 for";

Deno.test("call() names the reason of a failure in Deno's own words", async () => {
  const table: readonly (readonly [(url: string) => unknown, NodeErrorReason])[] = [
    [
      (url) => fetchFailed(url, "client error (Connect): tcp connect error: Connection refused (os error 111)"),
      "refused",
    ],
    [
      (url) =>
        fetchFailed(
          url,
          "client error (Connect): dns error: failed to lookup address information: Name or service not known",
        ),
      "dns",
    ],
    [(url) => fetchFailed(url, "client error (Connect): invalid peer certificate: UnknownIssuer"), "tls"],
    [(url) => fetchFailed(url, "client error (Connect): received corrupt message of type InvalidContentType"), "tls"],
    [
      (url) => fetchFailed(url, "client error (Connect): tcp connect error: Connection timed out (os error 110)"),
      "timeout",
    ],
    [
      (url) =>
        new TypeError("fetch failed", {
          cause: new Error(
            `${SENT_FAILED} ${url}: client error (SendRequest): connection closed before message completed`,
          ),
        }),
      "closed",
    ],
    [
      (url) =>
        new TypeError("fetch failed", {
          cause: new Error(`${SENT_FAILED} ${url}: client error (SendRequest): invalid HTTP version parsed`),
        }),
      "unreadable",
    ],
    [
      (url) =>
        new TypeError("fetch failed", {
          cause: new Error(`${SENT_FAILED} ${url}: client error (SendRequest): message head is too large`),
        }),
      "unreadable",
    ],
    [() => new TypeError("error reading a body from connection"), "closed"],
    [() => new TypeError("unexpected end of file"), "closed"],
    [(url) => new TypeError(`Invalid URL: '${url}'`), "failed"],
    [() => new TypeError("fetch failed"), "failed"],
    [() => "refused", "failed"],
    [() => undefined, "failed"],
  ];
  for (const [make, reason] of table) {
    const fetch: Fetch = (url) => Promise.reject(make(url));
    await assert.rejects(
      createNodeClient({ fetch, fetchOnce: never, clock: createFakeClock() }).call(NODE, GET),
      reasonIs(reason),
    );
  }
});

Deno.test("call() takes no reason from words in the URL", async () => {
  const node = { ...NODE, host: "https://tls.dns-refused.example.org/bigbluebutton/api" };
  const params = new Map([["fullName", "client error (Connect): Connection refused reset by peer"]]);
  const fetch: Fetch = (url) =>
    Promise.reject(fetchFailed(`${url} client error (x): refused`, "client error (Connect): no route"));
  const invalid: Fetch = (url) => Promise.reject(new TypeError(`Invalid URL: '${url}'`));
  for (const each of [fetch, invalid]) {
    const client = createNodeClient({ fetch: each, fetchOnce: never, clock: createFakeClock() });
    await assert.rejects(client.call(node, { ...GET, params }), reasonIs("failed"));
  }
});

Deno.test("call() never shows URL, secret or checksum in an error", async () => {
  const checksum = /checksum=(\w+)/.exec(signedUrl(NODE, GET))?.[1] ?? "?";
  const fetches: Fetch[] = [
    (url) =>
      Promise.reject(fetchFailed(url, "client error (Connect): tcp connect error: Connection refused (os error 111)")),
    (url) => Promise.reject(new TypeError(`Invalid URL: '${url}'`)),
    (url) =>
      Promise.resolve(new Response(new ReadableStream({ start: (controller) => controller.error(new Error(url)) }))),
    (url) => {
      throw Object.assign(new Error(url), { url });
    },
  ];
  for (const fetch of fetches) {
    const clock = createFakeClock();
    const error: unknown = await createNodeClient({ fetch, fetchOnce: never, clock }).call(NODE, GET).catch((thrown) =>
      thrown
    );
    assert.ok(error instanceof NodeError);
    assert.equal(error.cause, undefined);
    const all = [
      Deno.inspect(error, { depth: 20, showHidden: true, getters: true, strAbbreviateSize: 1e6 }),
      String(error.stack),
      JSON.stringify(Object.getOwnPropertyDescriptors(error)),
    ].join("\n");
    for (const word of [NODE.secret, checksum, "bbb1.example.org", "checksum="]) assert.ok(!all.includes(word), word);
  }
});

Deno.test("NodeError says resource and reason, and calls the index by its name", () => {
  assert.equal(new NodeError("refused", "create").message, "create: connection refused");
  assert.equal(new NodeError("status", "", "502").message, "index: HTTP status 502");
});
