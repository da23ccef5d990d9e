// What the guard of callback targets refuses. Nothing here may be connected to: these tests have no permission.
import assert from "node:assert/strict";
import { readAllowList } from "../../../src/lib/address_ranges.ts";
import { createGuardedFetch, type GuardedRequest } from "../../../src/lib/guarded_fetch.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const NOTHING_ALLOWED = readAllowList("").list;

/** @returns what came of it, and which names were resolved */
async function ask(url: string, names: Readonly<Record<string, readonly string[]>> = {}) {
  const resolved: string[] = [];
  const clock = createFakeClock();
  const guardedFetch = createGuardedFetch({
    allow: NOTHING_ALLOWED,
    clock,
    resolve: (host) => {
      resolved.push(host);
      const addresses = names[host];
      return addresses === undefined
        ? Promise.reject(Object.assign(new Error(host), { code: "ENOTFOUND" }))
        : Promise.resolve(addresses);
    },
  });
  const result = await guardedFetch({ url, method: "GET", timeoutMs: 1000 });
  assert.equal(clock.waiting, 0, "its deadline is left behind");
  return { result, resolved, reason: result.status === null ? result.reason : undefined };
}

const literals: readonly (readonly [url: string, host: string, kind: string])[] = [
  ["http://127.0.0.1/", "127.0.0.1", "loopback"],
  ["https://10.1.2.3:8443/hook?token=s3cret", "10.1.2.3", "private"],
  ["http://169.254.169.254/latest/meta-data/", "169.254.169.254", "link-local"],
  ["http://100.100.100.200/", "100.100.100.200", "shared (carrier NAT)"],
  ["http://0.0.0.0/", "0.0.0.0", "unspecified"],
  ["http://2130706433/", "127.0.0.1", "loopback"],
  ["http://0x7f.1/", "127.0.0.1", "loopback"],
  ["http://017700000001/", "127.0.0.1", "loopback"],
  ["http://127。0。0。1/", "127.0.0.1", "loopback"],
  ["http://[::1]/", "::1", "loopback"],
  ["http://[::]/", "::", "unspecified"],
  ["http://[::ffff:127.0.0.1]/", "::ffff:7f00:1", "loopback"],
  ["http://[::ffff:a9fe:a9fe]/", "::ffff:a9fe:a9fe", "link-local"],
  ["http://[64:ff9b::10.0.0.1]/", "64:ff9b::a00:1", "private"],
  ["http://[2002:7f00:1::]/", "2002:7f00:1::", "loopback"],
  ["http://[fd00::1]/", "fd00::1", "private"],
  ["http://[fe80::1]/", "fe80::1", "link-local"],
];
for (const [url, host, kind] of literals) {
  Deno.test(`guardedFetch() refuses ${url} without looking anything up`, async () => {
    const { result, resolved } = await ask(url);
    assert.deepEqual(result, {
      status: null,
      reason: "refused target",
      message: `${host} is a ${kind} address, which B3SCALE_CALLBACK_ALLOW does not list`,
    });
    assert.deepEqual(resolved, []);
  });
}

Deno.test("guardedFetch() refuses a name whose every address is inside, naming host, address and variable", async () => {
  const names = { "lms.example": ["10.0.0.5", "fe80::1%eth0"] };
  const { result, resolved } = await ask("https://lms.example/hook/s3cret?token=s3cret", names);
  assert.deepEqual(result, {
    status: null,
    reason: "refused target",
    message: "lms.example has the private address 10.0.0.5, which B3SCALE_CALLBACK_ALLOW does not list",
  });
  assert.deepEqual(resolved, ["lms.example"]);
  assert.equal(
    (await ask("http://lms.example/", { "lms.example": ["no address"] })).reason,
    "refused target",
  );
});

const invalid = [
  "",
  "lms.example",
  "ftp://lms.example/",
  "file:///etc/passwd",
  "gopher://lms.example/",
  "javascript:alert(1)",
  "http://",
  "http://user@lms.example/",
  "http://:secret@lms.example/",
  "http://lms.example:99999/",
];
for (const url of invalid) {
  Deno.test(`guardedFetch() takes "${url}" for invalid`, async () => {
    const { result, reason, resolved } = await ask(url, { "lms.example": ["9.9.9.9"] });
    assert.equal(reason, "invalid");
    assert.ok(!JSON.stringify(result).includes("secret"));
    assert.deepEqual(resolved, []);
  });
}

Deno.test("guardedFetch() tells of a name that does not exist, or has no address", async () => {
  assert.equal((await ask("http://nowhere.example/")).reason, "dns");
  assert.equal((await ask("http://nowhere.example/", { "nowhere.example": [] })).reason, "dns");
});

const HANGING: GuardedRequest = { url: "http://lms.example/", method: "POST", timeoutMs: 5000 };

Deno.test("guardedFetch() does not wait for a name longer than its deadline", async () => {
  const clock = createFakeClock();
  const guardedFetch = createGuardedFetch({
    allow: NOTHING_ALLOWED,
    clock,
    resolve: () => new Promise(() => {}),
  });
  const asked = guardedFetch(HANGING);
  await clock.advance(4999);
  assert.equal(clock.waiting, 1);
  await clock.advance(1);
  assert.deepEqual(await asked, { status: null, reason: "timeout", message: "no answer in time" });
});

Deno.test("guardedFetch() rejects with the reason of its caller's signal", async () => {
  const stopping = new Error("stopping");
  const guardedFetch = createGuardedFetch({
    allow: NOTHING_ALLOWED,
    clock: createFakeClock(),
    resolve: () => new Promise(() => {}),
  });
  const caller = new AbortController();
  const asked = guardedFetch(HANGING, caller.signal);
  caller.abort(stopping);
  await assert.rejects(asked, stopping);
  await assert.rejects(guardedFetch({ ...HANGING, url: "http://9.9.9.9/" }, caller.signal), stopping);
});
