// A real Redis of a test's own on loopback, to be killed, frozen and restarted: `await using redis = await startRedis()`.
// Tests that only publish use openRedis(), which takes the one of B3SCALE_TEST_REDIS_URL where that is set.
import { Redis } from "ioredis";
import type { RedisSettings } from "../../agent/types.ts";
import { freePort } from "../../demo/postgres.ts";
import { findRedis, WHAT_TO_INSTALL } from "./require_redis.ts";
import { eventually } from "./wait.ts";
import { killIfRunning } from "./kill.ts";

/** Where BBB's core says what happens. */
export const CHANNEL = "from-akka-apps-redis-channel";

export interface TestRedis extends AsyncDisposable {
  readonly settings: RedisSettings;
  /** @returns how many subscribers got it */
  publish(text: string, channel?: string): Promise<number>;
  /** Patterns that are subscribed to: 1 once an agent listens. */
  subscriptions(): Promise<number>;
}

export interface OwnRedis extends TestRedis {
  /** As a crash: connections are reset. */
  kill(): Promise<void>;
  /** On the same port, after kill(). */
  restart(): Promise<void>;
  /** Connections stay and nothing is answered. */
  freeze(): void;
  thaw(): void;
}

export async function openRedis(): Promise<TestRedis> {
  const url = Deno.env.get("B3SCALE_TEST_REDIS_URL");
  if (!url) return await startRedis();
  const { hostname, port, password } = new URL(url);
  const settings = { host: hostname, port: Number(port || 6379), password: decodeURIComponent(password) };
  const publisher = openPublisher(settings);
  return {
    settings,
    ...publisher,
    [Symbol.asyncDispose]: publisher.close,
  };
}

export async function startRedis({ password = "" }: { password?: string } = {}): Promise<OwnRedis> {
  const binary = await findRedis();
  if (binary === undefined) throw new Error(WHAT_TO_INSTALL);
  for (let attempt = 1;; attempt++) {
    const settings = { host: "127.0.0.1", port: freePort(), password };
    try {
      return ownRedis(binary, settings, await startServer(binary, settings));
    } catch (error) {
      if (attempt === 5) throw error; // somebody else may have taken the port
    }
  }
}

function ownRedis(binary: string, settings: RedisSettings, first: RedisProcess): OwnRedis {
  let process = first;
  const publisher = openPublisher(settings);
  return {
    settings,
    ...publisher,
    kill: () => process.kill(),
    restart: async () => {
      process = await startServer(binary, settings);
    },
    freeze: () => process.signal("SIGSTOP"),
    thaw: () => process.signal("SIGCONT"),
    [Symbol.asyncDispose]: async () => {
      await publisher.close();
      await process.kill();
    },
  };
}

interface RedisProcess {
  signal(signal: Deno.Signal): void;
  kill(): Promise<void>;
}

/** Returns once it answers. Writes nothing to disk, and ends with this process, whatever ends that one. */
async function startServer(binary: string, { host, port, password }: RedisSettings): Promise<RedisProcess> {
  const more = password === "" ? [] : ["--requirepass", password];
  const child = new Deno.Command(binary, {
    args: ["--bind", host, "--port", String(port), "--save", "", "--appendonly", "no", "--dir", "/tmp", ...more],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let log = "";
  let ended = false;
  const drained = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) log = (log + text).slice(-4096);
  })();
  const exited = (async () => {
    await Promise.all([child.status, drained]);
    ended = true;
  })();
  // The shell's input closes when this process ends.
  const guard = new Deno.Command("/bin/sh", {
    args: ["-c", 'trap "" INT TERM HUP; cat; kill -KILL "$1"', "guard", String(child.pid)],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const kill = async () => {
    if (!ended) killIfRunning(child, "SIGKILL");
    await exited;
    guard.kill("SIGKILL");
    await guard.status;
    await guard.stdin.close().catch(() => {}); // its reader is gone: a broken pipe is what we want
  };
  try {
    await eventually("redis-server accepts connections", () => {
      if (ended) throw new Error(`redis-server ended: ${log}`);
      return log.includes("Ready to accept connections");
    });
    return { signal: (signal) => child.kill(signal), kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** A connection per turn: it outlives no restart, and holds no test open. */
function openPublisher({ host, port, password }: RedisSettings) {
  let client: Redis | undefined;
  const connected = (): Redis => {
    if (client === undefined || client.status === "end") {
      const opened = new Redis({
        host,
        port,
        ...password === "" ? {} : { password },
        protocol: 2,
        retryStrategy: () => null,
        disconnectTimeout: 100,
      });
      opened.on("error", () => {}); // the command that fails says it
      client = opened;
    }
    return client;
  };
  return {
    publish: (text: string, channel = CHANNEL) => connected().publish(channel, text),
    subscriptions: async () => Number(await connected().call("PUBSUB", "NUMPAT")),
    close: async () => {
      if (client === undefined || client.status === "end") return;
      const ended = new Promise((resolve) => client?.once("end", resolve));
      client.disconnect();
      await ended;
    },
  };
}
