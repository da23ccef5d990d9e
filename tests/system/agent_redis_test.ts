// The agent's connection to a real Redis that dies, freezes, comes back, or wants another password.
import assert from "node:assert/strict";
import { followRedis, pingRedis } from "../../agent/redis.ts";
import { type Clock, realClock } from "../../src/deps.ts";
import { freePort } from "../../demo/postgres.ts";
import { makeLog } from "../support/make.ts";
import { type OwnRedis, startRedis } from "../support/redis.ts";
import { eventually } from "../support/wait.ts";

/** Seconds that last a quarter. */
const fastClock: Clock = {
  ...realClock,
  monotonic: () => realClock.monotonic() * 4,
  sleep: (ms, signal) => realClock.sleep(ms / 4, signal),
  after: (ms, run) => realClock.after(ms / 4, run),
};

function follow(redis: OwnRedis, password = redis.settings.password) {
  const stop = new AbortController();
  const { log, lines } = makeLog();
  const got: string[] = [];
  const ended = followRedis(
    { redis: { ...redis.settings, password }, clock: fastClock, log },
    { onSubscribed: () => got.push("subscribed"), onMessage: (text) => got.push(text) },
    stop.signal,
  );
  return {
    got,
    lines,
    timesSubscribed: () => got.filter((text) => text === "subscribed").length,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
    },
  };
}

const texts = (count: number) => Array.from({ length: count }, (_, n) => `text ${n}`);

Deno.test("followRedis() hands on every message in its order, and nothing of other channels", async () => {
  await using redis = await startRedis();
  await using following = follow(redis);
  await eventually("it has subscribed", () => following.timesSubscribed() === 1);
  await redis.publish("of another channel", "from-akka-apps-wb-redis-channel");
  await Promise.all(texts(2000).map((text) => redis.publish(text)));
  await redis.publish("the other direction", "to-akka-apps-redis-channel");
  await eventually("all are there", () => following.got.length >= 2002);
  assert.deepEqual(following.got, ["subscribed", ...texts(2000), "the other direction"]);
  assert.deepEqual(following.lines, []);
});

Deno.test("followRedis() subscribes again when Redis was restarted, and says so twice", async () => {
  await using redis = await startRedis();
  await using following = follow(redis);
  await eventually("it has subscribed", () => following.timesSubscribed() === 1);
  await redis.kill();
  await eventually("it is noticed", () => following.lines.length === 1);
  await redis.restart();
  await eventually("it has subscribed again", () => following.timesSubscribed() === 2);
  await redis.publish("after");
  await eventually("it listens", () => following.got.includes("after"));
  assert.deepEqual(following.lines.map(({ level, message }) => [level, message]), [
    ["warn", "redis is away, events are missed until it is back"],
    ["info", "redis is back, events are followed"],
  ]);
});

Deno.test("followRedis() notices a Redis that is frozen, and ends while it is", async () => {
  await using redis = await startRedis();
  {
    await using following = follow(redis);
    await eventually("it has subscribed", () => following.timesSubscribed() === 1);
    redis.freeze();
    await eventually("it is noticed", () => following.lines.length === 1);
    assert.equal(following.lines[0]?.fields["error"], "no answer within 3 s");
    redis.thaw();
    await eventually("it has subscribed again", () => following.timesSubscribed() === 2);
    redis.freeze();
  }
  redis.thaw();
});

Deno.test("followRedis() and pingRedis() say what is wrong with the password", async () => {
  await using redis = await startRedis({ password: "the right one" });
  const wrong = "wrong password: redisPassword is not the one that Redis wants";
  for (const [password, reason] of [["another", wrong], ["", "Redis wants a password: set redisPassword"]] as const) {
    await using following = follow(redis, password);
    const line = await eventually("a line about it", () => following.lines[0]);
    assert.equal(line.fields["error"], reason);
    await assert.rejects(pingRedis({ ...redis.settings, password }, realClock), { message: reason });
  }
  await pingRedis(redis.settings, realClock);
  await using following = follow(redis);
  await eventually("it has subscribed", () => following.timesSubscribed() === 1);
});

Deno.test("pingRedis() takes a password that Redis does not need", async () => {
  await using redis = await startRedis();
  await pingRedis({ ...redis.settings, password: "for nothing" }, realClock);
});

Deno.test("pingRedis() says why there is no answer, within its deadline", async () => {
  const nobody = { host: "127.0.0.1", port: freePort(), password: "" };
  await assert.rejects(pingRedis(nobody, fastClock), { message: "connection refused" });
  await using redis = await startRedis();
  redis.freeze();
  await assert.rejects(pingRedis(redis.settings, fastClock), { message: "no answer within 3 s" });
  redis.thaw();
});
