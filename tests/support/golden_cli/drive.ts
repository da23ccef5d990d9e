// A server, a proxy and the program for recorded command lines, and how one of them is driven: rows, a home, the run, what
// was asked and said.
import { readConfig } from "../../../src/config.ts";
import type { Pool } from "../../../src/deps.ts";
import { startServer } from "../../../src/server.ts";
import { BUILD, VERSION } from "../../../src/version.ts";
import { createFolders } from "../golden/files.ts";
import { deadHost } from "../golden/placeholders.ts";
import { holdBackground, holdSchedule } from "../golden_rest/hold.ts";
import { setRows } from "../golden_rest/rows.ts";
import { buildToken, JWT_SECRET } from "../golden_rest/token.ts";
import type { Rows } from "../golden_rest/vector.ts";
import { silentLog, testDatabase } from "../test_db.ts";
import { eventually } from "../wait.ts";
import { type CliCase, groupOf } from "./case.ts";
import { checkToken, compareErrors, compareOutput, compareRequests } from "./compare.ts";
import { type Deviations, expectationOf } from "./deviations.ts";
import { compareFiles } from "./files.ts";
import { bundleProgram } from "./program.ts";
import { startProxy } from "./proxy.ts";

export interface GoldenCli extends AsyncDisposable {
  /** @throws Error with one line per difference */
  drive(recorded: CliCase, deviations: Deviations): Promise<void>;
}

export async function startGoldenCli(): Promise<GoldenCli> {
  await using stack = new AsyncDisposableStack();
  const program = stack.use(await bundleProgram());
  const database = stack.use(await testDatabase());
  const db = database.pool;
  await holdBackground(db);
  stack.use(await holdSchedule(database.url));
  const node = stack.adopt(startNode(), (server) => server.shutdown());
  const folders = stack.use(await createFolders());
  const running = await startServer(
    readConfig({
      B3SCALE_DB_URL: database.url,
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_API_URL: "http://b3scale.test",
      B3SCALE_API_JWT_SECRET: JWT_SECRET,
      ...folders.env,
    }),
    { log: silentLog },
  );
  stack.defer(() => running.stop());
  await running.ready;
  const proxy = stack.use(startProxy(`http://127.0.0.1:${running.address.port}`));
  const rename = renaming({
    api: proxy.host,
    node: `127.0.0.1:${node.addr.port}`,
    dead: deadHost(),
    database: new URL(database.url).pathname.slice(1),
  });

  /** Commands are carried out only where that is what is looked at. */
  async function prepare(one: CliCase): Promise<void> {
    await db.unsafe(`alter table commands ${groupOf(one) === "end" ? "disable" : "enable"} trigger hold`);
    const given = one.given ?? {};
    await holdCounters(db, given);
    await setRows(db, given);
    const wanted = (given["backends"] ?? []).map((row) => row["host"]).sort().join();
    await eventually("the server's view holds these backends", async () => {
      const backends = await running.deps.view.listBackends();
      return backends.map(({ host }) => host).sort().join() === wanted;
    });
  }

  const kept = stack.move();
  return {
    drive: async (recorded, deviations) => {
      const one = rename(recorded);
      const expected = rename(expectationOf(recorded, deviations));
      await prepare(one);
      const home = await Deno.makeTempDir({ prefix: "b3scalectl_home_" });
      try {
        const api = `http://${proxy.host}`;
        if (one.token_file) await storeToken(home, api, tokenOf(recorded));
        const watched = proxy.watch();
        const line = { args: one.args, env: envOf(one, api), home, typed: one.typed_at_prompt };
        const { code, stdout, stderr } = await program.run(line);
        const problems = code === expected.exit_code ? [] : [`exit code: expected ${expected.exit_code}, got ${code}`];
        problems.push(...compareRequests(watched.requests, expected.requests ?? []));
        const inHome = (lines: readonly string[]) => lines.map((text) => text.replaceAll("{{home}}", home));
        if (one.jwt !== undefined) checkToken(stdout.trim(), one.jwt, secretOf(one));
        else problems.push(...compareOutput("stdout", stdout, inHome(expected.stdout)));
        problems.push(...compareErrors(stderr, inHome(expected.stderr)));
        problems.push(...await compareFiles(`${home}/.config/b3scale`, expected.config_dir_after));
        if (problems.length > 0) throw new Error(report(one, problems, stdout, stderr));
      } finally {
        await Deno.remove(home, { recursive: true });
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function report({ name, deviate, args }: CliCase, problems: readonly string[], stdout: string, stderr: string): string {
  const rule = deviate === undefined ? "binding" : `deviates: ${deviate}`;
  const lines = problems.map((problem) => `  ${problem}`);
  return [`"${name}" (${rule}): b3scalectl ${args.join(" ")}`, ...lines, "--- stdout", stdout, "--- stderr", stderr]
    .join("\n");
}

/** Ends every meeting it is asked to. */
function startNode(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<response><returncode>SUCCESS</returncode><meetings/></response>"),
  );
}

/** Counters stay as they are given. */
async function holdCounters(db: Pool, given: Rows): Promise<void> {
  const ids = (given["backends"] ?? []).map((row) => String(row["id"]));
  await db`delete from held_counters`;
  await db`insert into held_counters select unnest(${ids}::uuid[])`;
}

/** What stands in the recording → what it is here. None of it needs an escape in JSON. */
function renaming(here: { api: string; node: string; dead: string; database: string }) {
  const hosts = { "127.0.0.1:41120": here.api, "127.0.0.1:41110": here.node };
  const names: [RegExp, string][] = Object.entries({
    ...hosts,
    "127.0.0.1:41198": here.dead,
    "127.0.0.1:41199": here.dead,
  }).flatMap(([from, to]) =>
    [":", "%3A", "_"].map((mark): [RegExp, string] => [
      new RegExp(from.replaceAll(".", String.raw`\.`).replace(":", mark), "g"),
      to.replace(":", mark),
    ])
  );
  names.push([/\bHEAD\b/g, VERSION], [/(?<![\w-])0000000(?![\w-])/g, BUILD], [/\bb3_ctl\b/g, here.database]);
  return <T>(value: T): T => {
    const text = names.reduce((all, [from, to]) => all.replaceAll(from, to), JSON.stringify(value));
    return JSON.parse(text) as T;
  };
}

function envOf({ env = {} }: CliCase, api: string): Record<string, string> {
  const entries = Object.entries({ B3SCALE_API_URL: api, ...env });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}

async function storeToken(home: string, api: string, token: string): Promise<void> {
  const folder = `${home}/.config/b3scale`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${folder}/${api.replace(/[^A-Za-z0-9.]+/g, "_")}.access_token`, token, { mode: 0o600 });
}

/** The recording says in the headers that it sent what kind of a token was stored, and in a name. */
function tokenOf({ name, requests }: CliCase): string {
  const [, literal] = /^Bearer ([^{]+)$/.exec(requests[0]?.headers["authorization"] ?? "") ?? [];
  const scope = name.includes("not-admin") ? "b3scale" : "b3scale:admin";
  return literal ?? buildToken({ sub: "b3scalectl", scope });
}

function secretOf({ args, env }: CliCase): string {
  const flag = args.indexOf("--secret");
  return (flag < 0 ? env?.["B3SCALE_API_JWT_SECRET"] : args[flag + 1]) ?? "";
}
