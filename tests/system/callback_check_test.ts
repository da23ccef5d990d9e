// POST /v1/callbacks-check: what the guard says of a target, what is sent there, and the server's own public URL.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createApp } from "../../src/app.ts";
import type { CallbackCheckJson } from "../../src/contract/callback.ts";
import type { Clock } from "../../src/deps.ts";
import { readAllowList } from "../../src/lib/address_ranges.ts";
import { createFakeClock } from "../support/fake_clock.ts";
import { ADMIN, type RestApp, startRestApp, tell } from "../support/rest_app.ts";
import { eventually } from "../support/wait.ts";

/** A receiver on loopback that notes what reaches it; without a status it never answers. */
async function startLms(status?: number) {
  const seen: string[] = [];
  const server = createServer(({ method, url, headers }, response) => {
    seen.push(`${method} ${url}${headers.authorization === undefined ? "" : " with a token"}`);
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    seen,
    origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Server {
  readonly apiUrl?: string;
  readonly allow?: string;
  readonly clock?: Clock;
}

async function check({ deps }: RestApp, json: unknown, server: Server = {}) {
  const { apiUrl = deps.config.apiUrl, allow = "", clock = deps.clock } = server;
  const config = { ...deps.config, apiUrl, callbackAllow: readAllowList(allow).list };
  const app = createApp({ ...deps, clock, config });
  return await tell(app, { method: "POST", path: "/v1/callbacks-check", token: ADMIN, json });
}

async function answerOf(...given: Parameters<typeof check>): Promise<CallbackCheckJson> {
  const told = await check(...given);
  assert.equal(told.status, 200, told.text);
  return told.json as CallbackCheckJson;
}

Deno.test("a target inside is refused without a connection, and the answer says what to set", async () => {
  await using rest = await startRestApp();
  await using lms = await startLms(200);
  assert.deepEqual(await answerOf(rest, { url: `${lms.origin}/hook?token=s3cret` }), {
    target: lms.origin,
    public_url: false,
    allowed: false,
    reachable: false,
    status: null,
    reason: "127.0.0.1 is a loopback address, which B3SCALE_CALLBACK_ALLOW does not list",
  });
  assert.deepEqual(lms.seen, []);
});

Deno.test("an allowed target gets a HEAD of its root, never the URL with its token", async () => {
  await using rest = await startRestApp();
  for (const status of [200, 302, 404, 500]) {
    await using lms = await startLms(status);
    const json = { url: `${lms.origin}/hook/s3cret?token=s3cret#s3cret` };
    assert.deepEqual(await answerOf(rest, json, { allow: "127.0.0.0/8" }), {
      target: lms.origin,
      public_url: false,
      allowed: true,
      reachable: true,
      status,
      reason: null,
    });
    assert.deepEqual(lms.seen, ["HEAD /"]);
  }
});

Deno.test("a target that does not answer is allowed and not reachable, after 5 s at the latest", async () => {
  await using rest = await startRestApp();
  const dead = await answerOf(rest, { url: "http://127.0.0.1:1/x" }, { allow: "127.0.0.1" });
  assert.deepEqual([dead.allowed, dead.reachable, dead.status], [true, false, null]);
  assert.equal(dead.reason, "connection refused, or no way to the host");

  await using lms = await startLms();
  const clock = createFakeClock(Date.now());
  const asked = answerOf(rest, { url: lms.origin }, { allow: "127.0.0.1", clock });
  await eventually("the target was asked", () => lms.seen.length > 0);
  await clock.advance(5000);
  assert.equal((await asked).reason, "no answer in time");
});

Deno.test("without a URL the server asks its own public one, wherever that is, and takes any answer", async () => {
  await using rest = await startRestApp();
  for (const json of [undefined, {}, { url: null }, { url: "" }]) {
    await using proxy = await startLms(502);
    assert.deepEqual(await answerOf(rest, json, { apiUrl: `${proxy.origin}/sub` }), {
      target: proxy.origin,
      public_url: true,
      allowed: true,
      reachable: true,
      status: 502,
      reason: null,
    });
    assert.deepEqual(proxy.seen, ["GET /sub/api/v1"]);
  }
  const away = await answerOf(rest, {}, { apiUrl: "http://127.0.0.1:1" });
  assert.deepEqual([away.public_url, away.allowed, away.reachable], [true, true, false]);
});

Deno.test("what is no URL of a callback is named, and not repeated", async () => {
  await using rest = await startRestApp();
  for (
    const url of ["s3cret", "ftp://lms.example/s3cret", "http://s3cret@lms.example/", "https://:s3cret@lms.example/"]
  ) {
    const told = await check(rest, { url });
    assert.deepEqual([told.status, told.json], [400, {
      error: "validation_error",
      fields: { url: ["should be an http:// or https:// URL without a user in it"] },
      message: "validation failed with input",
    }]);
  }
});

Deno.test("a check is no change: the audit does not know of it", async () => {
  await using rest = await startRestApp();
  const before = await rest.snapshot();
  await answerOf(rest, { url: "http://10.0.0.1/" });
  await check(rest, { url: "nope" });
  assert.equal(await rest.snapshot(), before);
});
