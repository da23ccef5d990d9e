// For cluster files: an empty cluster behind a proxy that notes what is written, and b3scalectl as a process before it.
import assert from "node:assert/strict";
import { readConfig } from "../../src/config.ts";
import type { Pool } from "../../src/deps.ts";
import { startServer } from "../../src/server.ts";
import { holdBackground, holdSchedule } from "./golden_rest/hold.ts";
import { buildToken } from "./golden_rest/token.ts";
import { serverEnv } from "./server_process.ts";
import { silentLog, testDatabase } from "./test_db.ts";

export interface Asked {
  readonly method: string;
  /** Below `/api/v1`, an id as `:id`. */
  readonly path: string;
  readonly body: unknown;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a writing request is to carry instead, or its answer without the server. */
export type Tamper = (asked: Asked) => Response | { readonly body: unknown } | undefined;

export interface ConfigCluster extends AsyncDisposable {
  readonly db: Pool;
  /** Every request since the last look. */
  takeAsked(): Asked[];
  /** Those of them that write. */
  takeWritten(): Asked[];
  tamper(with_: Tamper | undefined): void;
  /** Writes the files into the folder in which the program runs. */
  files(texts: Readonly<Record<string, string>>): Promise<void>;
  run(
    args: readonly string[],
    options?: { readonly stdin?: string; readonly env?: Record<string, string> },
  ): Promise<Ran>;
  /** On a terminal, where the answer is typed once `question` stands there. */
  runOnTerminal(args: readonly string[], question: string, answer: string): Promise<Ran>;
  /** All frontends and backends, without what differs between two clusters of one configuration. */
  objects(): Promise<unknown>;
}

/** Part of every secret of these tests: it stands in no output. */
export const SECRET_MARK = "s3cr3t";

const ROOT = new URL("../..", import.meta.url).pathname;

export async function startConfigCluster(): Promise<ConfigCluster> {
  await using stack = new AsyncDisposableStack();
  const { pool: db, url } = stack.use(await testDatabase());
  await holdBackground(db); // nodes are not polled: nothing but REST writes
  stack.use(await holdSchedule(url));
  const env = serverEnv(url);
  const running = await startServer(readConfig(env), { log: silentLog });
  stack.defer(() => running.stop());
  await running.ready;

  const asked: Asked[] = [];
  let tamper: Tamper | undefined;
  const server = `http://127.0.0.1:${running.address.port}`;
  const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (req) => {
    const { pathname, search } = new URL(req.url);
    const text = await req.text();
    const path = pathname.replace("/api/v1", "").replace(/[0-9a-f-]{36}$/, ":id");
    const one = { method: req.method, path, body: text === "" ? undefined : JSON.parse(text) };
    asked.push(one);
    const instead = req.method === "GET" ? undefined : tamper?.(one);
    if (instead instanceof Response) return instead;
    const headers = Object.fromEntries(
      [...req.headers].filter(([name]) => /^(authorization|content-type)$/.test(name)),
    );
    const body = instead === undefined ? text : JSON.stringify(instead.body);
    return await fetch(server + pathname + search, { method: req.method, headers, body: body || undefined });
  });
  stack.defer(() => proxy.shutdown());

  const api = `http://127.0.0.1:${proxy.addr.port}`;
  const home = await Deno.makeTempDir({ prefix: "b3scalectl_" });
  stack.defer(() => Deno.remove(home, { recursive: true }));
  await Deno.mkdir(`${home}/b3scale`);
  const token = buildToken({ scope: "b3scale:admin", sub: "b3scalectl", secret: env["B3SCALE_API_JWT_SECRET"] });
  await Deno.writeTextFile(`${home}/b3scale/${api.replace(/[^A-Za-z0-9.]+/g, "_")}.access_token`, token);
  const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
  const settings = (more: Record<string, string> = {}) => ({
    cwd: home,
    clearEnv: true,
    env: {
      PATH,
      DENO_DIR,
      TERM: "xterm",
      XDG_CONFIG_HOME: home,
      B3SCALE_DB_URL: "none",
      B3SCALE_API_URL: api,
      ...more,
    },
  });
  const command = ["run", "--config", `${ROOT}deno.json`, "--frozen", "-A", `${ROOT}cli/main.ts`];
  const isQuiet = (args: readonly string[], ran: Ran) => {
    const mayShow = args.includes("export") && !args.includes("--without-secrets");
    if (!mayShow) assert(!`${ran.stdout}${ran.stderr}`.includes(SECRET_MARK), `a secret: ${JSON.stringify(ran)}`);
    return ran;
  };

  const kept = stack.move();
  return {
    db,
    takeAsked: () => asked.splice(0),
    takeWritten: () => asked.splice(0).filter(({ method }) => method !== "GET"),
    tamper: (with_) => tamper = with_,
    files: async (texts) => {
      for (const [name, text] of Object.entries(texts)) {
        if (name.includes("/")) await Deno.mkdir(`${home}/${name.replace(/\/[^/]*$/, "")}`, { recursive: true });
        await Deno.writeTextFile(`${home}/${name}`, text);
      }
    },
    run: async (args, { stdin, env } = {}) => {
      const child = new Deno.Command(Deno.execPath(), {
        ...settings(env),
        args: [...command, ...args],
        stdin: stdin === undefined ? "null" : "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      if (stdin !== undefined) await new Blob([stdin]).stream().pipeTo(child.stdin);
      const { code, stdout, stderr } = await child.output();
      return isQuiet(args, { code, stdout: decode(stdout), stderr: decode(stderr) });
    },
    runOnTerminal: async (args, question, answer) => {
      const line = [Deno.execPath(), ...command, ...args].map((word) => `'${word}'`).join(" ");
      const child = new Deno.Command("script", {
        ...settings({ SHELL: "/bin/sh" }),
        args: ["-qfec", line, "/dev/null"],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const keyboard = child.stdin.getWriter();
      let seen = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        const asked = seen.includes(question);
        seen += text;
        if (!asked && seen.includes(question)) await keyboard.write(new TextEncoder().encode(`${answer}\n`));
      }
      const { code } = await child.status;
      await keyboard.close().catch(() => {}); // it ends with the process
      return isQuiet(args, { code, stdout: seen, stderr: "" });
    },
    objects: async () => {
      const read = async (path: string) =>
        await (await fetch(`${server}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
      return withoutFacts([await read("frontends"), await read("backends")]);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const withoutFacts = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (name, member) => /^id$|_at$|^agent_heartbeat$/.test(name) ? undefined : member));

/** A test with a cluster of its own. */
export function configTest(name: string, run: (cluster: ConfigCluster) => Promise<void>): void {
  Deno.test(name, async () => {
    await using cluster = await startConfigCluster();
    await run(cluster);
  });
}

/** Two tenants and two nodes; the secrets come from the file, from ENV and from a file beside it. */
export const CLUSTER_FILE = `
version: 1
frontends:
  greenlight:
    secret: \${GREENLIGHT}
    account_ref: acct1
    settings:
      required_tags: [sip]
      default_presentation: { url: https://a.example/p.pdf }
      create_override_params: { record: "false", logo: https://a.example/l.png }
  moodle:
    secret: ${SECRET_MARK}-moodle
    active: false
backends:
  https://n1.example/bigbluebutton/api:
    secret_file: secrets/n1
    load_factor: 1.1
    admin_state: stopped
    settings: { tags: [sip], checksum_algorithm: sha512 }
  https://n2.example/bigbluebutton/api/: { secret: ${SECRET_MARK}-n2, load_factor: 0 }
`;
export const FILES = { "conf/cluster.yaml": CLUSTER_FILE, "conf/secrets/n1": `${SECRET_MARK}-n1\n` };
export const ENV = { GREENLIGHT: `${SECRET_MARK}-greenlight` };
export const APPLY = ["apply", "-f", "conf/cluster.yaml"];
