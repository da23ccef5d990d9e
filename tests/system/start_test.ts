// b3scaled as an operator meets it: what it says about its settings, when it waits for the database, and how it stops.
import assert from "node:assert/strict";
import { freePort, startPostgres } from "../../demo/postgres.ts";
import { readConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import { migrate } from "../../src/store/migrate.ts";
import { VERSION } from "../../src/version.ts";
import { BASE_ENV, runB3scaled } from "../support/b3scaled.ts";
import { type BbbClient, bbbClient } from "../support/bbb_client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { eventually } from "../support/wait.ts";
import { emptyDatabase, openTestPool, silentLog, testDatabase } from "../support/test_db.ts";

const NO_DATABASE = "postgres://operator:hunter2@127.0.0.1:1/b3scale";
const lines = (text: string) => text.split("\n").filter((line) => line !== "");

Deno.test("b3scaled names all missing settings in one line and exits 1", async () => {
  await using process = runB3scaled({ env: { B3SCALE_DB_URL: NO_DATABASE, B3SCALE_API_URL: " " } });
  assert.equal((await process.exited).code, 1);
  assert.deepEqual(lines(process.stderr()), [
    "b3scaled: configuration incomplete: missing environment variables: B3SCALE_API_URL, B3SCALE_API_JWT_SECRET",
  ]);
});

Deno.test("b3scaled has a line for each wrong setting and exits 1", async () => {
  const wrong = {
    B3SCALE_API_URL: "b3scale.example.org",
    B3SCALE_DB_POOL_SIZE: "many",
    B3SCALE_LOG_LEVEL: "loud",
    B3SCALE_LISTEN_HTTP: "8080",
    B3SCALE_LOAD_MODEL: "best",
    B3SCALE_PENDING_MEETING_SECONDS: "1",
    B3SCALE_RECORDINGS_DEFAULT_VISIBILITY: "secret",
  };
  await using process = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: NO_DATABASE, ...wrong } });
  assert.equal((await process.exited).code, 1);
  const said = lines(process.stderr());
  assert.equal(said.length, Object.keys(wrong).length, process.stderr());
  for (const [name, value] of Object.entries(wrong)) {
    assert(said.some((line) => line.startsWith(`b3scaled: ${name}: "${value}" `)), `${name} in ${process.stderr()}`);
  }
});

Deno.test("b3scaled refuses an unreadable database URL without quoting it", async () => {
  await using process = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: "mysql://operator:hunter2@db/b3scale" } });
  assert.equal((await process.exited).code, 1);
  assert.match(lines(process.stderr()).at(-1) ?? "", /^b3scaled: cannot start: The database URL is neither postgres:/);
  assert.doesNotMatch(process.stderr(), /hunter2/);
});

Deno.test("b3scaled names the address that is taken and exits 1", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  await using process = runB3scaled({
    env: { ...BASE_ENV, B3SCALE_DB_URL: NO_DATABASE, B3SCALE_LISTEN_HTTP: address },
  });
  assert.equal((await process.exited).code, 1);
  const said = lines(process.stderr()).at(-1) ?? "";
  assert(said.startsWith(`b3scaled: cannot start: cannot listen on ${address} (B3SCALE_LISTEN_HTTP): `), said);
});

Deno.test("b3scaled --help and --version answer on stdout and exit 0", async () => {
  for (const [flag, expected] of [["--help", /load balancer for BigBlueButton/], ["--version", /^\S+\n$/]] as const) {
    await using process = runB3scaled({ args: [flag] });
    assert.equal((await process.exited).code, 0);
    assert.match(process.stdout(), expected);
    assert.equal(process.stderr(), "");
  }
});

Deno.test("deno task start runs b3scaled with the arguments it is given", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["task", "start", "--version"] }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), `${VERSION}\n`);
});

Deno.test(".env is read when B3SCALE_DB_URL is not set, announced, and overrides the environment", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "b3scale-test-env-" });
  try {
    await Deno.writeTextFile(
      `${cwd}/.env`,
      [
        "# settings of b3scale",
        "a line without a value",
        ` B3SCALE_DB_URL = "${NO_DATABASE}" `,
        `B3SCALE_API_JWT_SECRET='${BASE_ENV.B3SCALE_API_JWT_SECRET}'`,
        "B3SCALE_LISTEN_HTTP=127.0.0.1:0",
        "B3SCALE_LOG_LEVEL=",
      ].join("\n"),
    );
    const env = { B3SCALE_API_URL: BASE_ENV.B3SCALE_API_URL, B3SCALE_LISTEN_HTTP: "wrong", B3SCALE_LOG_LEVEL: "wrong" };
    await using process = runB3scaled({ cwd, env });
    await process.origin();
    assert.equal(lines(process.stderr())[0], "using environment from: .env");
    await eventually("the file's database is tried", () => process.stderr().includes("ECONNREFUSED 127.0.0.1:1"));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test(".env is not read when B3SCALE_DB_URL is set", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "b3scale-test-env-" });
  try {
    await Deno.writeTextFile(`${cwd}/.env`, Object.entries(BASE_ENV).map((pair) => pair.join("=")).join("\n"));
    await using process = runB3scaled({ cwd, env: { B3SCALE_DB_URL: NO_DATABASE } });
    assert.equal((await process.exited).code, 1);
    assert.match(process.stderr(), /^b3scaled: configuration incomplete: missing environment variables: .*\n$/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("an environment file that cannot be read is named in one line, and the exit code is 1", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "b3scale-test-env-" });
  try {
    await Deno.mkdir(`${cwd}/.env`);
    await using process = runB3scaled({ cwd, env: BASE_ENV });
    assert.equal((await process.exited).code, 1);
    assert.match(process.stderr(), /^b3scaled: cannot read environment file ".env": .*\n$/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

/** A create that its node holds back until `release()`. */
async function createInFlight(cluster: Cluster) {
  const node = cluster.nodes.at(0);
  node.fail({ kind: "hang", resource: "create" });
  const answer = cluster.client().create("room");
  answer.catch(() => {}); // awaited later, and rejected when it is cut off
  await eventually("the create is at the node", () => node.calls.some(({ resource }) => resource === "create"));
  return { answer, node };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} finishes the requests under way, takes no new ones, and exits 0`, async () => {
    await using cluster = await startCluster({ processes: 1, nodes: 1 });
    const { answer, node } = await createInFlight(cluster);
    const process = cluster.process(0);
    const ended = process.kill(signal);
    await eventually("it stops", () => process.log.some(({ message }) => message === "stopping"));
    Deno.kill(process.pid, signal); // "deno task" repeats what the process group got
    const port = Number(new URL(process.origin).port);
    await eventually("nothing listens any more", async () => {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return false;
      } catch (error) {
        return error instanceof Deno.errors.ConnectionRefused;
      }
    });
    await node.heal();
    node.release();
    assert.equal((await answer).returncode, "SUCCESS");
    assert.equal((await ended).code, 0);
    assert.equal((await cluster.db`select from meetings where backend_id is not null`).length, 1);
  });
}

Deno.test("a second signal ends b3scaled at once with exit code 1", async () => {
  await using cluster = await startCluster({ processes: 1, nodes: 1 });
  const { answer } = await createInFlight(cluster);
  const cut = assert.rejects(answer);
  const process = cluster.process(0);
  const startedAt = performance.now();
  await eventually("it has ended", () => {
    if (process.status === undefined) Deno.kill(process.pid, "SIGTERM");
    return process.status !== undefined;
  });
  assert.equal(process.status?.code, 1);
  assert(performance.now() - startedAt < 5000, "it did not wait for the request");
  await cut;
});

Deno.test("b3scaled starts without its database, and serves once that is there", async () => {
  const port = freePort();
  const url = `postgres://postgres:hunter2@127.0.0.1:${port}/postgres`;
  await using process = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: url } });
  const origin = await process.origin();
  await eventually("it says what is wrong", () => process.stderr().includes("database cannot be used"));
  assert.match(process.stderr(), new RegExp(`"error":"connect ECONNREFUSED 127.0.0.1:${port}"`));
  assert.equal(await fetch(`${origin}/`).then(statusOf), 200);
  const client = bbbClient(origin, "fe1", "fe1-secret");
  const early = await client.create("room");
  assert.deepEqual([early.status, early.returncode, early.messageKey], [200, "FAILED", "internalError"]);

  const postgres = await startPostgres({ port, fsync: false });
  try {
    await using pool = disposable(openTestPool(postgres.url(), 1));
    await eventually("the tables are there", () => insertFrontend(pool.pool));
    await eventually("it serves", () => isServed(client));
    process.kill("SIGTERM");
    assert.equal((await process.exited).code, 0);
    assert.doesNotMatch(process.stderr(), /hunter2/);
    const complaints = lines(process.stderr()).filter((line) => line.includes("database cannot be used"));
    assert(complaints.length <= 3, "it repeats itself only when the reason changes");
  } finally {
    await postgres.stop();
  }
});

Deno.test("a request that comes before the schema has been looked at is answered when that is done", async () => {
  await using database = await testDatabase();
  await insertFrontend(database.pool);
  const server = await startServer(readConfig({ ...BASE_ENV, B3SCALE_DB_URL: database.url }), { log: silentLog });
  try {
    const { hostname, port } = server.address;
    assert(await isServed(bbbClient(`http://${hostname}:${port}`, "fe1", "fe1-secret")));
  } finally {
    await server.stop();
  }
});

Deno.test("B3SCALE_DB_MIGRATE=false leaves an empty database alone, and serves once it was migrated", async () => {
  await using database = await emptyDatabase();
  const env = { ...BASE_ENV, B3SCALE_DB_URL: database.url, B3SCALE_DB_MIGRATE: "false" };
  await using process = runB3scaled({ env });
  const client = bbbClient(await process.origin(), "fe1", "fe1-secret");
  await eventually("it says what is missing", () => /migrations are pending/.test(process.stderr()));
  assert.equal((await client.create("room")).messageKey, "internalError");
  const [tables] = await database.pool<{ count: number }[]>`
    select count(*)::integer as count from pg_tables where schemaname = 'public'`;
  assert.equal(tables?.count, 0);

  await migrate(database.pool);
  await insertFrontend(database.pool);
  await eventually("it serves", () => isServed(client));
});

for (const B3SCALE_DB_MIGRATE of ["true", "false"]) {
  Deno.test(`a database of a newer version is not written to, with B3SCALE_DB_MIGRATE=${B3SCALE_DB_MIGRATE}`, async () => {
    await using database = await testDatabase();
    await insertFrontend(database.pool);
    await database.pool`insert into backends (host, secret, admin_state) values ('http://127.0.0.1:1/', 's', 'ready')`;
    await database.pool`insert into b3scale_extensions (version, description) values (9999, 'of the future')`;
    await using process = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: database.url, B3SCALE_DB_MIGRATE } });
    const client = bbbClient(await process.origin(), "fe1", "fe1-secret");
    assert.equal((await client.create("room")).messageKey, "internalError");
    await eventually("it says so", () => /newer than this build/.test(process.stderr()));
    assert.equal((await client.create("room")).messageKey, "internalError");
    for (const table of ["meetings", "commands", "b3scale_backend_health", "b3scale_reservations"]) {
      assert.equal((await database.pool`select from ${database.pool(table)}`).length, 0, table);
    }

    await database.pool`delete from b3scale_extensions where version = 9999`;
    await eventually("it serves once the backup is restored", () => isServed(client));
  });
}

async function insertFrontend(db: ReturnType<typeof openTestPool>): Promise<boolean> {
  await db`insert into frontends (key, secret) values ('fe1', 'fe1-secret')`;
  return true;
}

const isServed = async (client: BbbClient): Promise<boolean> =>
  (await client.call("getMeetings")).returncode === "SUCCESS";

async function statusOf(response: Response): Promise<number> {
  await response.body?.cancel();
  return response.status;
}

const disposable = (pool: ReturnType<typeof openTestPool>) => ({
  pool,
  [Symbol.asyncDispose]: () => pool.end({ timeout: 1 }),
});
