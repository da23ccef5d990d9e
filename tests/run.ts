// The one entry of all tests (`deno task test [paths and options of deno test]`): starts a PostgreSQL unless
// B3SCALE_TEST_DB_URL names one, sees to Redis and nginx, runs the suites one after the other, and ends with the line
// `N passed, N failed`. The compiled programs are among them where B3SCALE_TEST_BINARIES names their folder; with
// `--binaries <folder>` (`deno task test:binaries`) there is nothing else.
import { type EmbeddedPostgres, startPostgres } from "../demo/postgres.ts";
import { requireNginx } from "./support/require_nginx.ts";
import { requireRedis } from "./support/require_redis.ts";
import { type Counts, countsOf } from "./support/summary.ts";

interface Suite {
  readonly paths: readonly string[];
  readonly permissions: readonly string[];
  /** How many files at once. */
  readonly jobs: number;
  readonly needsDatabase: boolean;
  readonly needsPrograms?: boolean;
}

const SUITES: readonly Suite[] = [
  // No permissions: a test that touches net or env fails here, which proves that these are injected.
  { paths: ["tests/unit"], permissions: ["--allow-read=tests/fixtures"], jobs: 1, needsDatabase: false },
  { paths: ["tests/db"], permissions: ["-A"], jobs: 2, needsDatabase: true },
  // A database for each exchange, and nothing that they share.
  { paths: ["tests/golden"], permissions: ["-A"], jobs: 2, needsDatabase: true, needsPrograms: true },
  { paths: ["tests/docs"], permissions: ["-A"], jobs: 2, needsDatabase: true },
  {
    paths: ["tests/system", "tests/layering_test.ts"],
    permissions: ["-A"],
    jobs: 2,
    needsDatabase: true,
    needsPrograms: true,
  },
  // Judged by time or load, which others at work would spoil.
  { paths: ["tests/timed"], permissions: ["-A"], jobs: 1, needsDatabase: true, needsPrograms: true },
];

const BINARIES: Suite = {
  paths: ["tests/binaries"],
  permissions: ["-A"],
  jobs: 1,
  needsDatabase: true,
  needsPrograms: true,
};

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const [first, folder, ...rest] = Deno.args;
  if (first === "--binaries") Deno.env.set("B3SCALE_TEST_BINARIES", folder ?? "dist");
  const total = await (first === "--binaries"
    ? runAll([BINARIES], rest)
    : runAll(Deno.env.get("B3SCALE_TEST_BINARIES") ? [...SUITES, BINARIES] : SUITES, Deno.args));
  console.log(`${total.passed} passed, ${total.failed} failed`);
  Deno.exit(total.failed > 0 ? 1 : 0);
}

async function runAll(suites: readonly Suite[], args: readonly string[]): Promise<Counts> {
  const filters = args.filter((arg) => !arg.startsWith("-")).map((path) =>
    path.replace(/^\.\//, "").replace(/\/$/, "")
  );
  const options = args.filter((arg) => arg.startsWith("-"));
  const total = { passed: 0, failed: 0 };
  let postgres: EmbeddedPostgres | undefined;
  try {
    for (const suite of suites) {
      const paths = (await Promise.all(select(suite.paths, filters).map(testFiles))).flat();
      if (paths.length === 0) continue;
      if (suite.needsPrograms) {
        await requireRedis();
        await requireNginx();
      }
      let url = Deno.env.get("B3SCALE_TEST_DB_URL");
      if (suite.needsDatabase && !url) {
        postgres ??= await startPostgres({ fsync: false, settings: { max_connections: "300" } });
        url = postgres.url();
      }
      const counts = await runSuite(suite, paths, options, url);
      total.passed += counts.passed;
      total.failed += counts.failed;
    }
    if (total.passed + total.failed === 0) {
      console.error(`no tests found${args.length > 0 ? ` for ${args.join(" ")}` : ""}`);
      total.failed++;
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    total.failed++;
  } finally {
    await postgres?.stop();
  }
  return total;
}

async function runSuite(suite: Suite, paths: string[], options: string[], url: string | undefined): Promise<Counts> {
  const parallel = suite.jobs > 1 ? ["--parallel"] : [];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", ...parallel, ...suite.permissions, ...options, ...paths],
    env: { NO_COLOR: "1", DENO_JOBS: String(suite.jobs), ...url ? { B3SCALE_TEST_DB_URL: url } : {} },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    output += decoder.decode(bytes, { stream: true });
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
  }
  const { success } = await child.status;
  return countsOf(output, success, options.some((option) => option.startsWith("--filter")));
}

/** What the suite and the filters have in common: a filter may name a suite's folder, a part of it, or a file. */
function select(paths: readonly string[], filters: readonly string[]): string[] {
  if (filters.length === 0) return [...paths];
  const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
  return paths.flatMap((path) =>
    filters.some((filter) => within(path, filter)) ? [path] : filters.filter((filter) => within(filter, path))
  );
}

/** Given one by one, since `deno test` calls a folder without tests an error. */
async function testFiles(path: string): Promise<string[]> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isFile) return [path];
  if (!info?.isDirectory) return [];
  const names = (await Array.fromAsync(Deno.readDir(path))).map((entry) => entry.name).sort();
  const nested = await Promise.all(names.map((name) => testFiles(`${path}/${name}`)));
  return nested.flat().filter((file) => file.endsWith("_test.ts"));
}
