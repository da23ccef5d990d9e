// Finds a Redis for the tests, or says what to install. Used by tests/run.ts and tests/support/redis.ts.

export const WHAT_TO_INSTALL =
  "the tests need a Redis: install redis-server or valkey-server, or set B3SCALE_TEST_REDIS_URL to one on this machine";

export interface RedisMachine {
  /** B3SCALE_TEST_REDIS_URL */
  readonly url: string | undefined;
  readonly find: () => Promise<string | undefined>;
  readonly mayInstall: boolean;
  readonly install: () => Promise<void>;
  readonly say: (line: string) => void;
}

/** Returns when tests can have a Redis. @throws Error with one line that says what to install */
export async function requireRedis(machine: RedisMachine = thisMachine()): Promise<void> {
  if (machine.url || await machine.find() !== undefined) return;
  if (!machine.mayInstall) throw new Error(WHAT_TO_INSTALL);
  machine.say("no Redis on this machine: installing Debian's package redis-server for the tests, without starting it");
  await machine.install();
  if (await machine.find() === undefined) throw new Error(`redis-server could not be installed; ${WHAT_TO_INSTALL}`);
}

/** @returns the path of redis-server or valkey-server */
export async function findRedis(searchPath = Deno.env.get("PATH") ?? ""): Promise<string | undefined> {
  for (const name of ["redis-server", "valkey-server"]) {
    for (const folder of searchPath.split(":").filter((folder) => folder !== "")) {
      const found = await Deno.stat(`${folder}/${name}`).catch(() => undefined);
      if (found?.isFile) return `${folder}/${name}`;
    }
  }
  return undefined;
}

const thisMachine = (): RedisMachine => ({
  url: Deno.env.get("B3SCALE_TEST_REDIS_URL"),
  find: findRedis,
  mayInstall: Deno.uid() === 0 && hasApt(),
  install: installRedis,
  say: (line) => console.log(line),
});

function hasApt(): boolean {
  try {
    return Deno.statSync("/usr/bin/apt-get").isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const POLICY = "/usr/sbin/policy-rc.d";

/** Debian's packages start their services at once, unless this program says no. */
async function installRedis(): Promise<void> {
  const before = await Deno.readTextFile(POLICY).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  await Deno.writeTextFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    for (const args of [["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "redis-server"]]) {
      const apt = new Deno.Command("apt-get", { args, env: { DEBIAN_FRONTEND: "noninteractive" }, stdin: "null" });
      const { success, stderr } = await apt.output();
      if (!success) console.error(new TextDecoder().decode(stderr).trim());
    }
  } finally {
    if (before === undefined) await Deno.remove(POLICY);
    else await Deno.writeTextFile(POLICY, before);
  }
}
