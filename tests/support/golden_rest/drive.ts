// A server for REST vectors, and how one vector is driven against it: rows, the request over HTTP, answer, rows.
import { readConfig } from "../../../src/config.ts";
import type { Pool } from "../../../src/deps.ts";
import { startServer } from "../../../src/server.ts";
import { BUILD, VERSION } from "../../../src/version.ts";
import { createFolders, type RecordingFolders } from "../golden/files.ts";
import { deadHost } from "../golden/placeholders.ts";
import type { Json, JsonObject } from "../golden/vector.ts";
import { silentLog, testDatabase } from "../test_db.ts";
import { type Answer, compareAnswer } from "./compare.ts";
import { expectationOf } from "./deviations.ts";
import { holdBackground, holdCounters, holdSchedule } from "./hold.ts";
import { compareTable, setRows } from "./rows.ts";
import { buildToken, JWT_SECRET } from "./token.ts";
import type { RestVector, Rows } from "./vector.ts";

/** Counters of a backend may follow the answer, and a heartbeat may take a second. */
const ROWS_DEADLINE_MS = 3000;

export interface GoldenServer extends AsyncDisposable {
  readonly db: Pool;
  /** @throws Error with one line per difference */
  drive(vector: RestVector): Promise<void>;
}

export async function startGoldenServer(): Promise<GoldenServer> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  await holdBackground(database.pool);
  stack.use(await holdSchedule(database.url));
  const asked: string[] = [];
  const node = stack.adopt(startNode(asked), (server) => server.shutdown());
  const folders = stack.use(await createFolders());
  const running = await startServer(
    readConfig({
      B3SCALE_DB_URL: database.url,
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_API_URL: "http://127.0.0.1:41100",
      B3SCALE_API_JWT_SECRET: JWT_SECRET,
      B3SCALE_RECORDINGS_PLAYBACK_HOST: "https://playback.example.test",
      ...folders.env,
    }),
    { log: silentLog },
  );
  stack.defer(() => running.stop());
  await running.ready;
  const setting: Setting = {
    origin: `http://127.0.0.1:${running.address.port}`,
    db: database.pool,
    folders,
    names: {
      "127.0.0.1:41110": `127.0.0.1:${node.addr.port}`,
      "127.0.0.1:41199": deadHost(),
      '"b3_ctl"': JSON.stringify(new URL(database.url).pathname.slice(1)),
      '"HEAD"': JSON.stringify(VERSION),
      '"0000000"': JSON.stringify(BUILD),
      "v.HEAD (0000000)": `v.${VERSION} (${BUILD})`,
    },
  };
  const kept = stack.move();
  return {
    db: database.pool,
    drive: async (vector) => {
      await drive(setting, vector);
      if (asked.length > 0) throw new Error(`A node was asked: ${asked.splice(0).join(", ")}`);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Setting {
  readonly origin: string;
  readonly db: Pool;
  readonly folders: RecordingFolders;
  /** What stands in the recording → what it is here. */
  readonly names: Readonly<Record<string, string>>;
}

/** REST waits for no node. */
function startNode(asked: string[]): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (req) => {
    asked.push(new URL(req.url).pathname);
    return new Response("<response><returncode>SUCCESS</returncode><meetings/></response>");
  });
}

async function drive({ origin, db, folders, names }: Setting, recorded: RestVector): Promise<void> {
  const vector = rename(recorded, names);
  const expected = rename(expectationOf(vector), names);
  await holdCounters(db, vector);
  await setRows(db, vector.given);
  await folders.fill(vector.given_files ?? []);
  const problems = compareAnswer(await ask(origin, vector.request), expected.response);
  const { files, ...tables } = (expected.then ?? {}) as Record<string, Json>;
  problems.push(...await compareTables(db, tables as unknown as Rows));
  if (files !== undefined) problems.push(...folders.compare(files as string[]));
  if (problems.length === 0) return;
  const rule = vector.deviate === undefined ? "binding" : `deviates: ${vector.deviate}`;
  throw new Error(`"${vector.name}" (${rule})\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

/** None of the names needs an escape in JSON beyond its own quotes. */
function rename<T>(value: T, names: Setting["names"]): T {
  const text = Object.entries(names).reduce((all, [from, to]) => all.replaceAll(from, to), JSON.stringify(value));
  return JSON.parse(text) as T;
}

async function ask(
  origin: string,
  { method, path, token, headers, json, body }: RestVector["request"],
): Promise<Answer> {
  const sent = new Headers(headers);
  const text = body ?? (json === undefined ? undefined : JSON.stringify(json));
  if (text !== undefined && !sent.has("content-type")) sent.set("content-type", "application/json");
  const jwt = token === undefined ? "" : buildToken(token);
  if (token?.in_cookie) sent.set("cookie", `_b3s_protected=${jwt}`);
  else if (token !== undefined && !token.in_path) {
    sent.set("authorization", (token.header ?? "Bearer {{jwt}}").replace("{{jwt}}", jwt));
  }
  const response = await fetch(`${origin}${path.replace("{{token}}", jwt)}`, {
    method,
    headers: sent,
    body: text,
    redirect: "manual",
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Looks again until nothing differs or the time is over. */
async function compareTables(db: Pool, tables: Rows): Promise<string[]> {
  const end = performance.now() + ROWS_DEADLINE_MS;
  while (true) {
    const lists = await Promise.all(
      Object.entries(tables).map(([table, rows]) => compareTable(db, table, rows as JsonObject[])),
    );
    const problems = lists.flat();
    if (problems.length === 0 || performance.now() > end) return problems;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
