// The only file that speaks to Redis: following BBB's events, and asking whether that would work.
import { Redis } from "ioredis";
import type { Clock } from "../src/deps.ts";
import { errorText } from "../src/errors.ts";
import { within } from "../src/lib/within.ts";
import type { Logger } from "../src/log.ts";
import { withDeadline } from "./deadline.ts";
import { createSparseLog } from "./sparse_log.ts";
import type { RedisSettings } from "./types.ts";

/** Both directions of BBB's core; publishing knows no database numbers. */
const CHANNELS = "*akka-apps-redis-channel";
const ANSWER_MS = 3000;
const PING_EVERY_MS = 5000;
const RECONNECT_MS = 1000;

export interface RedisDeps {
  readonly redis: RedisSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Follower {
  /** Messages arrive from now on; those published before are lost. */
  readonly onSubscribed: () => void;
  readonly onMessage: (text: string) => void;
}

/** Until the signal aborts, over any number of connections. */
export async function followRedis(
  { redis, clock, log }: RedisDeps,
  { onSubscribed, onMessage }: Follower,
  signal: AbortSignal,
): Promise<void> {
  const address = `${redis.host}:${redis.port}`;
  const lines = createSparseLog({ clock, log });
  while (!signal.aborted) {
    try {
      await withRedis({ redis, clock }, signal, async (client, ended) => {
        client.on("pmessage", (_pattern: string, _channel: string, text: string) => onMessage(text));
        await within(clock, ANSWER_MS, client.psubscribe(CHANNELS), tooLate);
        lines.over("redis", "redis is back, events are followed", { address });
        onSubscribed();
        // A dead link and a frozen server are silent: nothing but an answer shows that it lives.
        while (!ended.aborted) {
          await clock.sleep(PING_EVERY_MS, ended).catch(() => {});
          if (!ended.aborted) await within(clock, ANSWER_MS, client.ping(), tooLate);
        }
        throw new Error("the connection was closed");
      });
    } catch (error) {
      if (signal.aborted) return;
      lines.warn("redis is away, events are missed until it is back", { address, error: errorText(error) }, "redis");
    }
    await clock.sleep(RECONNECT_MS, signal).catch(() => {}); // aborted: the loop's condition ends it
  }
}

/** @throws Error with a plain reason when Redis does not answer within 3 s, connecting included */
export async function pingRedis(redis: RedisSettings, clock: Clock): Promise<void> {
  const forAsLongAsItTakes = new AbortController().signal;
  await withDeadline(
    clock,
    ANSWER_MS,
    forAsLongAsItTakes,
    (signal) =>
      withRedis({ redis, clock }, signal, async (client) => {
        await client.ping();
      }),
  );
}

const tooLate = () => new Error(`no answer within ${ANSWER_MS / 1000} s`);

/**
 * `use` gets a connection that has passed the password, and a signal that aborts when it ends. It is closed in any case;
 * connecting again is the caller's.
 * @throws Error with a plain reason, and the signal's when that aborts
 */
async function withRedis(
  { redis: { host, port, password }, clock }: Pick<RedisDeps, "redis" | "clock">,
  signal: AbortSignal,
  use: (client: Redis, ended: AbortSignal) => Promise<void>,
): Promise<void> {
  const client = new Redis({
    host,
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: null,
    connectTimeout: ANSWER_MS,
    disconnectTimeout: 100, // a frozen server never closes its side
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  const ended = new AbortController();
  const closed = new Promise<void>((resolve) =>
    client.once("end", () => {
      ended.abort();
      resolve();
    })
  );
  let failure: unknown;
  client.on("error", (error: unknown) => failure = error);
  const disconnect = () => client.disconnect();
  signal.addEventListener("abort", disconnect, { once: true });
  try {
    signal.throwIfAborted();
    await within(clock, ANSWER_MS, client.connect(), tooLate);
    if (password !== "") await within(clock, ANSWER_MS, authenticate(client, password), tooLate);
    await use(client, ended.signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(reasonOf(failure ?? error));
  } finally {
    signal.removeEventListener("abort", disconnect);
    if (client.status !== "end") client.disconnect(); // else a timer of it would stay behind
    await closed;
  }
}

/** Apart from the connecting, where the library would print a line of its own. A server without a password takes any. */
async function authenticate(client: Redis, password: string): Promise<void> {
  try {
    await client.auth(password);
  } catch (error) {
    if (!/without any password|no password is set/i.test(errorText(error))) throw error;
  }
}

function reasonOf(error: unknown): string {
  const text = errorText(error);
  if (/WRONGPASS|invalid password/i.test(text)) return "wrong password: redisPassword is not the one that Redis wants";
  if (/NOAUTH/i.test(text)) return "Redis wants a password: set redisPassword";
  if (/ECONNREFUSED/.test(text)) return "connection refused";
  return text;
}
