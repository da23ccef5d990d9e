// Everything the demo runs on: PostgreSQL, three simulated BBB nodes, b3scaled, and the rows that make them a cluster.
import postgres from "postgres";
import { type BbbNode, startBbbNode } from "./bbb_node/node.ts";
import { type BbbClient, createClient } from "./client.ts";
import { type EmbeddedPostgres, startPostgres } from "./postgres.ts";
import type { Report } from "./report.ts";
import { type ServerProcess, startServerProcess } from "./server.ts";

export interface DemoNode {
  readonly name: string;
  readonly bbb: BbbNode;
}

export interface Cluster extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly server: ServerProcess;
  readonly nodes: readonly DemoNode[];
  readonly greenlight: BbbClient;
  readonly moodle: BbbClient;
  /** Resolves when the balancer has polled all nodes well since they last failed. @throws Error after 30 s */
  untilAvailable(): Promise<void>;
}

/** Wanted, not needed: when one is taken, another one serves. */
const PORTS = { server: 42353, postgres: 42350, nodes: [42361, 42362, 42363] };
const AVAILABLE_MS = 30_000;

/** @param onServerLine gets each log line of b3scaled */
export async function startCluster(
  report: Report,
  signal: AbortSignal,
  onServerLine: (line: string) => void,
): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();

  const database = await report.step(
    "PostgreSQL (60 MB are unpacked at the first start)",
    startDatabase,
    ({ port }) => `127.0.0.1:${port}`,
  );
  stack.defer(() => database.stop());
  signal.throwIfAborted();
  const databaseUrl = database.url("b3scale");
  await withSql(database.url(), async (sql) => void await sql`create database b3scale`);

  const nodes = await report.step(
    "three simulated BigBlueButton nodes",
    () => Promise.all(PORTS.nodes.map(startNode)),
    (started) => started.map(({ name, bbb }) => `${name} :${bbb.port}`).join(", "),
  );
  stack.defer(async () => void await Promise.all(nodes.map(({ bbb }) => bbb.stop())));
  signal.throwIfAborted();

  const server = await report.step(
    "b3scaled",
    () => startOnFreePort({ databaseUrl, signal, onLine: onServerLine }),
    ({ url }) => url,
  );
  stack.defer(async () => {
    const code = await server.stop();
    if (code !== 0 && !signal.aborted) throw new Error(`b3scaled ended with code ${code}\n${server.log()}`);
  });

  const client = (key: string) => createClient({ server: server.url, key, secret: `${key}-secret`, signal });
  const [greenlight, moodle] = [client("greenlight"), client("moodle")];
  const sql = openSql(databaseUrl);
  stack.defer(() => sql.end({ timeout: 1 }));
  const poll = async (what: string, isSo: () => Promise<boolean>) => {
    const deadline = performance.now() + AVAILABLE_MS;
    while (!await isSo()) {
      signal.throwIfAborted();
      if (performance.now() > deadline) throw new Error(`${what}: not within ${AVAILABLE_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const untilAvailable = () =>
    poll("nodes available", async () => {
      // Half a second old, so that every process has heard of it.
      const [row] = await sql<{ count: number }[]>`
        select count(*)::integer as count from backends b join b3scale_backend_health h on h.backend_id = b.id
        where b.node_state = 'ready' and h.failed_polls = 0 and h.good_at > coalesce(h.failed_at, '-infinity')
          and h.good_at < localtimestamp - interval '0.5 s'`;
      return row?.count === nodes.length;
    });

  await report.step("tenants and nodes registered, nodes polled", async () => {
    await poll("database migrated", async () => {
      const [row] = await sql<{ done: boolean }[]>`select to_regclass('b3scale_backend_health') is not null as done`;
      return row?.done === true;
    });
    for (const { key, secret } of [greenlight, moodle]) {
      await sql`insert into frontends (key, secret) values (${key}, ${secret})`;
    }
    for (const { bbb } of nodes) {
      await sql`insert into backends (host, secret, admin_state) values (${bbb.url}, ${bbb.secret}, 'ready')`;
    }
    await untilAvailable();
  }, () => "all available");

  const running = stack.move();
  return {
    databaseUrl,
    server,
    nodes,
    greenlight,
    moodle,
    untilAvailable,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** On the wanted port when it is free and stays so. */
async function startDatabase(): Promise<EmbeddedPostgres> {
  const wanted = freeOrNone(PORTS.postgres);
  try {
    return await startPostgres({ ...wanted, fsync: false });
  } catch (error) {
    if (wanted.port === undefined) throw error;
    return await startPostgres({ fsync: false });
  }
}

async function startNode(port: number, index: number): Promise<DemoNode> {
  const name = `node-${"abc"[index]}`;
  const secret = crypto.randomUUID(); // so that the b3scaled of another demo can never use it
  try {
    return { name, bbb: await startBbbNode({ secret, port }) };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    return { name, bbb: await startBbbNode({ secret }) };
  }
}

/** Somebody else may take a port between our look and the server's start: then the next one. */
async function startOnFreePort(options: Omit<Parameters<typeof startServerProcess>[0], "port">) {
  for (let attempt = 1;; attempt++) {
    try {
      const port = freeOrNone(PORTS.server).port;
      return await startServerProcess({ ...options, port: attempt === 1 && port !== undefined ? port : anyPort() });
    } catch (error) {
      if (attempt === 5 || !(error instanceof Error && /in use/i.test(error.message))) throw error;
    }
  }
}

function freeOrNone(port: number): { port?: number } {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return { port };
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return {};
    throw error;
  }
}

function anyPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

/** In UTC like b3scaled, which its columns hold. */
const openSql = (url: string) => postgres(url, { max: 1, connection: { TimeZone: "UTC" }, onnotice: () => {} });

async function withSql(url: string, work: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = openSql(url);
  try {
    await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
