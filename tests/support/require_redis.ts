// Finds a Redis for the tests, or says what to install. Used by tests/run.ts and tests/support/redis.ts.
import { findProgram, type Machine, type Program, requireProgram, thisMachine } from "./require_program.ts";

export const WHAT_TO_INSTALL =
  "the tests need a Redis: install redis-server or valkey-server, or set B3SCALE_TEST_REDIS_URL to one on this machine";

const REDIS: Program = {
  name: "Redis",
  commands: ["redis-server", "valkey-server"],
  debianPackage: "redis-server",
  whatToInstall: WHAT_TO_INSTALL,
};

export interface RedisMachine extends Machine {
  /** B3SCALE_TEST_REDIS_URL */
  readonly url: string | undefined;
}

/** Returns when tests can have a Redis. @throws Error with one line that says what to install */
export async function requireRedis(
  machine: RedisMachine = { url: Deno.env.get("B3SCALE_TEST_REDIS_URL"), ...thisMachine(REDIS) },
): Promise<void> {
  if (!machine.url) await requireProgram(REDIS, machine);
}

/** @returns the path of redis-server or valkey-server */
export const findRedis = (): Promise<string | undefined> => findProgram(REDIS);
