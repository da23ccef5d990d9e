import assert from "node:assert/strict";
import { chain } from "../../../src/lib/chain.ts";
import {
  accessLog,
  type HttpRequest,
  recoverErrors,
  remoteIP,
  requestID,
  sendRequestID,
  timeLimit,
} from "../../../src/lib/http.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";
import { noteMetrics } from "../../support/noted_metrics.ts";

const request = (headers: Record<string, string> = {}, url = "https://b3s.example/x?a=%20b"): HttpRequest => ({
  req: new Request(url, { headers }),
  id: "r1",
  remoteIP: "192.0.2.1",
});
Deno.test("requestID() keeps a harmless id of the client's and makes one otherwise", () => {
  const idOf = (id: string) => requestID(new Request("https://x/", { headers: { "x-request-id": id } }));
  for (const id of ["abc", "a-b_c.d:e", "x".repeat(64)]) assert.equal(idOf(id), id);
  for (const id of ["", "a b", 'a"b', "x".repeat(65), "ä"]) assert.match(idOf(id), /^[0-9a-f-]{36}$/);
  assert.match(requestID(new Request("https://x/")), /^[0-9a-f-]{36}$/);
});

Deno.test("remoteIP() believes the proxy, else names the peer", () => {
  const ip = (headers: Record<string, string>) => remoteIP(new Request("https://x/", { headers }), "10.0.0.1");
  assert.equal(ip({ "x-forwarded-for": "203.0.113.9, 10.1.1.1" }), "203.0.113.9");
  assert.equal(ip({ "x-forwarded-for": "203.0.113.9", "x-real-ip": "198.51.100.1" }), "203.0.113.9");
  assert.equal(ip({ "x-real-ip": "198.51.100.1" }), "198.51.100.1");
  assert.equal(ip({ "x-forwarded-for": "203.0.113.9:4711" }), "203.0.113.9");
  assert.equal(ip({ "x-forwarded-for": "[2001:db8::1]:4711" }), "2001:db8::1");
  assert.equal(ip({ "x-forwarded-for": "2001:db8::1" }), "2001:db8::1");
  assert.equal(ip({ "x-forwarded-for": "" }), "10.0.0.1");
  assert.equal(ip({}), "10.0.0.1");
});

Deno.test("remoteIP() believes nothing that is no address", () => {
  const odd = [
    "unknown",
    "lms.example",
    "1.2.3.4.5",
    '1.2.3.4", "x',
    "1.2.3.4 5.6.7.8",
    "-",
    "::1::2",
    "[1.2.3.4",
    "999.1.1.1",
  ];
  for (const text of odd) {
    const headers = { "x-forwarded-for": text, "x-real-ip": text };
    assert.equal(remoteIP(new Request("https://x/", { headers }), "10.0.0.1"), "10.0.0.1", text);
  }
});

Deno.test("accessLog() writes the lines of quiet requests for debugging only", async () => {
  const { log, lines } = makeLog();
  const serve = accessLog({
    log,
    clock: createFakeClock(),
    metrics: noteMetrics(),
    quiet: ({ id }) => id === "quiet",
  });
  for (const id of ["r1", "quiet"]) await serve({ ...request(), id }, () => Promise.resolve(new Response()));
  assert.deepEqual(lines.map(({ level, fields }) => [level, fields.request_id]), [["info", "r1"], ["debug", "quiet"]]);
});

Deno.test("accessLog() writes one line without a message, with the status that was sent", async () => {
  const { log, lines } = makeLog();
  const clock = createFakeClock();
  const metrics = noteMetrics();
  const answering = accessLog({ log, clock, metrics })(
    request({ host: "b3s.example", "user-agent": "Moodle", referer: "https://lms/", "content-length": "7" }),
    async () => {
      await clock.sleep(1500);
      return new Response(null, { status: 404 });
    },
  );
  await clock.advance(1500);
  assert.equal((await answering).status, 404);
  assert.deepEqual(lines, [{
    level: "info",
    message: "",
    fields: {
      remote_ip: "192.0.2.1",
      host: "b3s.example",
      method: "GET",
      uri: "/x?a=%20b",
      user_agent: "Moodle",
      status: 404,
      referer: "https://lms/",
      latency: 1500,
      latency_human: "1.500s",
      bytes_in: 7,
      bytes_out: 0,
      request_id: "r1",
    },
  }]);
  const told = { status: 404, host: "b3s.example", method: "GET", target: "/x?a=%20b", seconds: 1.5 };
  assert.deepEqual(metrics.requests, [{ ...told, requestBytes: 7, responseBytes: 0 }]);
});

Deno.test("accessLog() writes short latencies in milliseconds, and what the client left out as empty", async () => {
  const { log, lines } = makeLog();
  await accessLog({ log, clock: createFakeClock(), metrics: noteMetrics() })(
    request({}, "https://b3s.example"),
    () => Promise.resolve(new Response()),
  );
  const fields = lines[0]?.fields;
  assert.deepEqual([fields?.uri, fields?.latency_human, fields?.bytes_in, fields?.user_agent, fields?.referer], [
    "/",
    "0.000ms",
    0,
    "",
    "",
  ]);
});

const expired = () => new Response("late", { status: 503 });

Deno.test("timeLimit() answers for a request that takes too long", async () => {
  const clock = createFakeClock();
  const answering = timeLimit({ clock, ms: 1000, expired })(request(), async () => {
    await clock.sleep(1001);
    throw new Error("nobody waits for this any more");
  });
  await clock.advance(1000);
  assert.equal((await answering).status, 503);
  await clock.advance(1);
  assert.equal(clock.waiting, 0);
});

Deno.test("timeLimit() leaves an answer in time alone, and no timer", async () => {
  const clock = createFakeClock();
  const response = await timeLimit({ clock, ms: 1000, expired })(request(), () => Promise.resolve(new Response("ok")));
  assert.equal(await response.text(), "ok");
  assert.equal(clock.waiting, 0);
});

Deno.test("timeLimit() lets what is exempt take as long as it likes", async () => {
  const clock = createFakeClock();
  const answering = timeLimit({ clock, ms: 1000, expired, exempt: ({ id }) => id === request().id })(
    request(),
    async () => {
      await clock.sleep(1e6);
      return new Response("ok");
    },
  );
  await clock.advance(1e6);
  assert.equal((await answering).status, 200);
});

Deno.test("timeLimit() of 0 is none", async () => {
  const clock = createFakeClock();
  const answering = timeLimit({ clock, ms: 0, expired })(request(), async () => {
    await clock.sleep(1e9);
    return new Response("ok");
  });
  await clock.advance(1e9);
  assert.equal((await answering).status, 200);
});

Deno.test("recoverErrors() logs a crash with its stack and tells the client nothing of it", async () => {
  const { log, lines } = makeLog();
  const response = await recoverErrors({ log })(request(), () => Promise.reject(new TypeError("x is not a function")));
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { message: "Internal Server Error" });
  const [line] = lines;
  assert.deepEqual([line?.level, line?.message, line?.fields.error, line?.fields.request_id], [
    "error",
    "request crashed",
    "x is not a function",
    "r1",
  ]);
  assert.match(String(line?.fields.stack), /http_test/);
});

Deno.test("recoverErrors() survives a thrown value that is no error", async () => {
  const { log, lines } = makeLog();
  const response = await recoverErrors({ log })(request(), () => Promise.reject("just a text"));
  assert.equal(response.status, 500);
  assert.equal(lines[0]?.fields.error, "just a text");
});

Deno.test("sendRequestID() puts the id on every answer, a crash's included", async () => {
  const { log } = makeLog();
  const serve = chain<HttpRequest, Response>(
    [sendRequestID, recoverErrors({ log })],
    () => Promise.reject(new Error("x")),
  );
  assert.equal((await serve(request())).headers.get("x-request-id"), "r1");
});

Deno.test("accessLog() tells the status that was sent, of a request that takes too long and of one that crashes as well", async () => {
  const { log, lines } = makeLog();
  const clock = createFakeClock();
  const serve = (answer: () => Promise<Response>) =>
    chain<HttpRequest, Response>([
      accessLog({ log, clock, metrics: noteMetrics() }),
      sendRequestID,
      recoverErrors({ log }),
      timeLimit({ clock, ms: 1000, expired: () => new Response(null, { status: 503 }) }),
    ], answer)(request());
  const late = serve(async () => {
    await clock.sleep(5000);
    return new Response();
  });
  await clock.advance(1000);
  assert.equal((await late).status, 503);
  assert.equal((await serve(() => Promise.reject(new Error("a bug")))).status, 500);
  const told = lines.filter(({ message }) => message === "").map(({ fields }) => [fields.status, fields.request_id]);
  assert.deepEqual(told, [[503, "r1"], [500, "r1"]]);
});
