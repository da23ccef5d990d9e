import assert from "node:assert/strict";
import { deadLetterChecks } from "../../../../cli/doctor/dead_letters.ts";
import type { CallbackJson } from "../../../../src/contract/callback.ts";
import { ApiError } from "../../../../src/contract/client.ts";
import { ago, fakeApi } from "../../../support/doctor.ts";

const dead = (target: string, reason: CallbackJson["reason"], last_error: string): CallbackJson => ({
  id: crypto.randomUUID(),
  kind: "recording_ready",
  state: "dead",
  reason,
  frontend_id: "f",
  frontend_key: "fe1",
  target,
  attempts: 1,
  last_error,
  request_id: "r1",
  created_at: ago(60),
  due_at: null,
  died_at: ago(30),
});

const examine = (answer: readonly CallbackJson[] | ApiError) =>
  deadLetterChecks(fakeApi((what, { query }) => {
    assert.deepEqual([what, query], ["GET /v1/callbacks", { state: "dead" }]);
    return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
  }));

Deno.test("deadLetterChecks() names each refused host once, and what to set", async () => {
  const refused = "lms.local has the private address 10.0.0.7, which B3SCALE_CALLBACK_ALLOW does not list";
  const checks = await examine([
    dead("https://lms.local", "refused", refused),
    dead("https://lms.local", "refused", refused),
    dead("http://127.0.0.1:80", "refused", "127.0.0.1 is a loopback address"),
  ]);
  assert.deepEqual(checks.map(({ check, state, message }) => [check, state, message]), [
    ["callback", "problem", `2 callbacks to https://lms.local refused: ${refused}`],
    ["callback", "problem", "1 callback to http://127.0.0.1:80 refused: 127.0.0.1 is a loopback address"],
  ]);
  assert.match(checks[0]?.hint ?? "", /^add lms\.local .*B3SCALE_CALLBACK_ALLOW.*retry callback --all$/);
});

Deno.test("deadLetterChecks() warns of those that were given up, by their reason", async () => {
  const checks = await examine([
    dead("https://a.example", "gone", "the receiver answered 404"),
    dead("https://b.example", "gone", "the receiver answered 404"),
    dead("https://c.example", "expired", "no answer in time"),
  ]);
  assert.deepEqual(checks.map(({ state, message }) => `${state} ${message}`), [
    "warning 2 callbacks to 2 hosts given up: the receiver answered 404",
    "warning 1 callback to https://c.example given up: no answer in time",
  ]);
});

Deno.test("deadLetterChecks() names ten refused hosts at most", async () => {
  const checks = await examine(
    Array.from({ length: 12 }, (_, n) => dead(`https://lms${n}.local`, "refused", "it is private")),
  );
  assert.deepEqual([checks.length, checks.at(-1)?.message], [11, "2 more hosts are refused"]);
});

Deno.test("deadLetterChecks() says so when there are none, and nothing of a 1.x server, which has no list", async () => {
  assert.deepEqual((await examine([])).map(({ state }) => state), ["ok"]);
  assert.deepEqual(await examine(new ApiError("Not Found", 404)), []);
  await assert.rejects(examine(new ApiError("away", 500)), /away/);
});
