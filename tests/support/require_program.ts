// Finds a program that tests run, installs Debian's package of it where that may be done, or says what to install. Used by
// require_redis.ts and require_nginx.ts.

export interface Program {
  /** As people call it. */
  readonly name: string;
  /** Any of these will do. */
  readonly commands: readonly string[];
  readonly debianPackage: string;
  /** One line for whom nothing can be installed. */
  readonly whatToInstall: string;
}

export interface Machine {
  readonly find: () => Promise<string | undefined>;
  readonly mayInstall: boolean;
  readonly install: () => Promise<void>;
  readonly say: (line: string) => void;
}

/** Returns when it is there. @throws Error with one line that says what to install */
export async function requireProgram(
  program: Program,
  machine: Machine = thisMachine(program),
): Promise<void> {
  const { name, debianPackage, whatToInstall } = program;
  if (await machine.find() !== undefined) return;
  if (!machine.mayInstall) throw new Error(whatToInstall);
  machine.say(
    `no ${name} on this machine: installing Debian's package ${debianPackage} for the tests, without starting it`,
  );
  await machine.install();
  if (await machine.find() === undefined) throw new Error(`${debianPackage} could not be installed; ${whatToInstall}`);
}

/** @returns the path of the first that is there */
export async function findProgram(
  { commands }: Pick<Program, "commands">,
  searchPath = Deno.env.get("PATH") ?? "",
): Promise<string | undefined> {
  for (const command of commands) {
    for (const folder of searchPath.split(":").filter((folder) => folder !== "")) {
      const found = await Deno.stat(`${folder}/${command}`).catch(() => undefined);
      if (found?.isFile) return `${folder}/${command}`;
    }
  }
  return undefined;
}

export const thisMachine = (program: Program): Machine => ({
  find: () => findProgram(program),
  mayInstall: Deno.uid() === 0 && hasApt(),
  install: () => installPackage(program.debianPackage),
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
async function installPackage(name: string): Promise<void> {
  const before = await Deno.readTextFile(POLICY).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  await Deno.writeTextFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    for (const args of [["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", name]]) {
      const apt = new Deno.Command("apt-get", { args, env: { DEBIAN_FRONTEND: "noninteractive" }, stdin: "null" });
      const { success, stderr } = await apt.output();
      if (!success) console.error(new TextDecoder().decode(stderr).trim());
    }
  } finally {
    if (before === undefined) await Deno.remove(POLICY);
    else await Deno.writeTextFile(POLICY, before);
  }
}
