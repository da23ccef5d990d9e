// A whole cluster for a test: a database, simulated nodes, frontends, and servers in this process or in their own.
// `await using cluster = await startCluster({ nodes: 3 })`: it is up and every node is available when this returns.
import { readConfig } from "../../src/config.ts";
import type { Deps, Pool } from "../../src/deps.ts";
import type { LogFields, Logger } from "../../src/log.ts";
import { type RunningServer, startServer } from "../../src/server.ts";
import type { BbbNode, BbbNodeOptions } from "../../demo/bbb_node/node.ts";
import { type BbbClient, bbbClient, clusterID } from "./bbb_client.ts";
import { eventually } from "./wait.ts";
import { type FakeNodes, fakeNodes } from "./fake_node.ts";
import { type LogLine, type ServerEnv, serverEnv, type ServerProcess, startServerProcess } from "./server_process.ts";
import { testDatabase } from "./test_db.ts";

export interface ClusterOptions {
  /** Servers as processes of their own; 0, the default, is one server within this process. */
  readonly processes?: number;
  readonly nodes?: number;
  readonly nodeOptions?: Partial<BbbNodeOptions>;
  /** Keys; the secret of each is `<key>-secret`. */
  readonly frontends?: readonly string[];
  readonly env?: ServerEnv;
  /** Instead of a fresh one on the shared PostgreSQL: a migrated database that outlives the cluster. */
  readonly database?: { readonly url: string; readonly pool: Pool };
}

export interface Cluster extends AsyncDisposable {
  readonly db: Pool;
  readonly dbUrl: string;
  readonly nodes: FakeNodes;
  readonly processes: readonly ServerProcess[];
  /** Of the server within this process. @throws when there is none */
  readonly deps: Deps;
  readonly log: readonly LogLine[];
  process(index: number): ServerProcess;
  /** Base of each server's addresses. */
  readonly origins: readonly string[];
  /** A frontend that talks to one of the servers. */
  client(key?: string, server?: number): BbbClient;
  backendID(node: number): string;
  /** Nodes that run the meeting, by number. */
  nodesWith(key: string, meetingID: string): number[];
  /** Has the node polled at once instead of at its turn. */
  pollSoon(node: number): Promise<void>;
  /** Waits until the database says so of the node. */
  untilHealth(node: number, health: "available" | "unstable" | "offline", withinMs?: number): Promise<void>;
  startProcess(): Promise<ServerProcess>;
}

export const secretOf = (key: string): string => `${key}-secret`;

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { processes: count = 0, frontends = ["fe1"], env = {} } = options;
  await using stack = new AsyncDisposableStack();
  const database = options.database ?? stack.use(await testDatabase());
  const { pool: db, url: dbUrl } = database;
  const nodes = stack.use(await fakeNodes(options.nodes ?? 3, options.nodeOptions));
  const backendIDs: string[] = [];
  for (const key of frontends) await insertFrontend(db, key);
  for (const node of nodes) backendIDs.push(await insertBackend(db, node));

  const processes: ServerProcess[] = [];
  const log: LogLine[] = [];
  stack.defer(async () => {
    for (const process of processes) await process.kill("SIGKILL");
  });
  const startProcess = async () => {
    const started = await startServerProcess(dbUrl, env);
    processes.push(started);
    return started;
  };
  let inside: RunningServer | undefined;
  if (count === 0) {
    const running = await startServer(readConfig(serverEnv(dbUrl, env)), { log: loggerInto(log) });
    stack.defer(() => running.stop());
    inside = running;
    await running.ready;
  } else {
    await Promise.all(Array.from({ length: count }, startProcess));
  }
  const origins = () =>
    inside === undefined ? processes.map(({ origin }) => origin) : [`http://127.0.0.1:${inside.address.port}`];

  const healthOf = async (node: number) => {
    const [row] = await db<{ health: string }[]>`
      select case when h.failed_at is null or h.failed_at < h.good_at then 'available'
        when h.failed_polls >= 3 then 'offline' else 'unstable' end as health
      from b3scale_backend_health h where h.backend_id = ${at(backendIDs, node)}
        and (h.good_at is not null or h.failed_at is not null)`;
    return row?.health;
  };
  const cluster = {
    db,
    dbUrl,
    nodes,
    processes,
    log,
    get deps() {
      if (inside === undefined) throw new Error("The servers of this cluster are processes of their own");
      return inside.deps;
    },
    process: (index: number) => at(processes, index),
    get origins() {
      return origins();
    },
    client: (key = "fe1", server = 0) => bbbClient(at(origins(), server), key, secretOf(key)),
    backendID: (node: number) => at(backendIDs, node),
    nodesWith: (key: string, meetingID: string) =>
      nodes.all.flatMap((node, index) =>
        node.meetings().some((meeting) => meeting.meetingID === clusterID(key, meetingID)) ? [index] : []
      ),
    pollSoon: async (node: number) => {
      await db`update b3scale_backend_health set due_at = localtimestamp where backend_id = ${at(backendIDs, node)}`;
      await db`select pg_notify('commands_queue', '')`;
    },
    untilHealth: async (node: number, health: string, withinMs = 40_000) => {
      await eventually(`node ${node} is ${health}`, async () => await healthOf(node) === health, { withinMs });
    },
    startProcess,
  };
  for (const process of processes) {
    await eventually("the server trusts its view", () => process.timesTrusted() > 0, { withinMs: 60_000 });
  }
  await eventually("every node was polled", async () => {
    const [row] = await db<{ left: number }[]>`
      select count(*)::int as left from backends b join b3scale_backend_health h on h.backend_id = b.id
      where h.good_at <= b.created_at`;
    return row?.left === 0;
  }, { withinMs: 60_000 });
  const owned = stack.move();
  return Object.assign(cluster, { [Symbol.asyncDispose]: () => owned.disposeAsync() }) as Cluster;
}

export async function insertFrontend(db: Pool, key: string, settings: Record<string, string> = {}): Promise<void> {
  await db`insert into frontends (key, secret, settings) values (${key}, ${secretOf(key)}, ${db.json(settings)})`;
}

/** Known to be good, so that a server takes it into account from the first moment, and due: it is polled at once. */
async function insertBackend(db: Pool, node: BbbNode): Promise<string> {
  const [row] = await db<{ id: string }[]>`
    with added as (
      insert into backends (host, secret, admin_state, node_state) values (${node.url}, ${node.secret}, 'ready', 'ready')
      returning id, created_at
    )
    insert into b3scale_backend_health (backend_id, good_at, due_at)
    select id, created_at, created_at from added returning backend_id as id`;
  return row?.id ?? "";
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`There is no number ${index}, only ${list.length}`);
  return item;
}

function loggerInto(lines: LogLine[]): Logger {
  const take = (level: string) => (message: string, fields?: LogFields) => {
    if (message !== "") lines.push({ ...fields, level, message });
  };
  return { debug: () => {}, info: take("info"), warn: take("warn"), error: take("error"), fatal: take("fatal") };
}
