import assert from "node:assert/strict";
import { createMetricsEndpoint } from "../../../src/metrics/endpoint.ts";
import { createRecorder } from "../../../src/metrics/recorder.ts";
import { makeConfig, makeLog } from "../../support/make.ts";

const TOKEN = "a token that nobody guesses";

function setUp(token: string, scrape = () => Promise.resolve("text\n")) {
  const { log, lines } = makeLog();
  const statuses: number[] = [];
  const failures: string[] = [];
  const endpoint = createMetricsEndpoint({
    config: makeConfig({ B3SCALE_METRICS_TOKEN: token }),
    log,
    metrics: { ...createRecorder(), authFailure: (kind) => void failures.push(kind) },
  }, { scrape, beginRequest: () => (status) => void statuses.push(status) });
  const ask = (authorization?: string) =>
    endpoint({
      req: new Request("http://b3s.example/metrics", { headers: authorization === undefined ? {} : { authorization } }),
      id: "r1",
      remoteIP: "192.0.2.7",
    });
  return { ask, lines, statuses, failures };
}

Deno.test("createMetricsEndpoint() serves everybody without a token, as text of Prometheus", async () => {
  const { ask, statuses } = setUp("");
  const response = await ask();
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(await response.text(), "text\n");
  assert.equal((await ask("Bearer whatever")).status, 200);
  assert.deepEqual(statuses, [200, 200]);
});

Deno.test("createMetricsEndpoint() serves who knows the token", async () => {
  const { ask, lines } = setUp(TOKEN);
  assert.equal((await ask(`Bearer ${TOKEN}`)).status, 200);
  assert.equal((await ask(`bearer ${TOKEN}`)).status, 200);
  assert.deepEqual(lines, []);
});

for (
  const [what, authorization, isAttempt] of [
    ["none", undefined, false],
    ["an empty one", "Bearer ", false],
    ["another scheme", "Basic c2VjcmV0", false],
    ["a wrong one", "Bearer wrong", true],
    ["a part of it", "Bearer secre", true],
    ["more than it", "Bearer secrets", true],
    ["another case", "Bearer SECRET", true],
  ] as const
) {
  Deno.test(`createMetricsEndpoint() refuses ${what}`, async () => {
    const { ask, lines, statuses, failures } = setUp("secret", () => assert.fail("nothing is made for it"));
    const response = await ask(authorization);
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
    assert.deepEqual(statuses, [401]);
    assert.deepEqual(failures, isAttempt ? ["token"] : []);
    assert.equal(lines.length, isAttempt ? 1 : 0);
    for (const { level, fields } of lines) {
      assert.equal(level, "warn");
      assert.equal(fields["remote_ip"], "192.0.2.7");
      assert.doesNotMatch(JSON.stringify(fields), /secre|wrong/i);
    }
  });
}

Deno.test("createMetricsEndpoint() counts a scrape that crashed as 500", async () => {
  const { ask, statuses } = setUp("", () => Promise.reject(new Error("a bug")));
  await assert.rejects(ask(), /a bug/);
  assert.deepEqual(statuses, [500]);
});
