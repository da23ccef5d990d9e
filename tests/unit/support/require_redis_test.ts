import assert from "node:assert/strict";
import { type RedisMachine, requireRedis } from "../../support/require_redis.ts";

function makeMachine(fields: Partial<RedisMachine> & { found?: string; brings?: string }) {
  const done: string[] = [];
  let found = fields.found;
  const machine: RedisMachine = {
    url: undefined,
    mayInstall: false,
    find: () => Promise.resolve(found),
    install: () => {
      done.push("installed");
      found = fields.brings;
      return Promise.resolve();
    },
    say: (line) => void done.push(line),
    ...fields,
  };
  return { machine, done };
}

Deno.test("requireRedis() is content with a Redis on the path or one that is named", async () => {
  for (const fields of [{ found: "/usr/bin/redis-server" }, { url: "redis://127.0.0.1:6379" }]) {
    const { machine, done } = makeMachine({ ...fields, mayInstall: true });
    await requireRedis(machine);
    assert.deepEqual(done, []);
  }
});

Deno.test("requireRedis() says what it installs, where it may", async () => {
  const { machine, done } = makeMachine({ mayInstall: true, brings: "/usr/bin/redis-server" });
  await requireRedis(machine);
  assert.equal(done.length, 2);
  assert.match(done[0] ?? "", /installing Debian's package redis-server/);
  assert.equal(done[1], "installed");
});

Deno.test("requireRedis() stops with one line that says what to install", async () => {
  const message = /^[^\n]*install redis-server or valkey-server, or set B3SCALE_TEST_REDIS_URL[^\n]*$/;
  const { machine, done } = makeMachine({ url: "" });
  await assert.rejects(requireRedis(machine), { message });
  assert.deepEqual(done, []);
  await assert.rejects(requireRedis(makeMachine({ mayInstall: true }).machine), { message });
});
