// What operators look at and wait for, as they do it: b3scalectl as a process, on a terminal or not, against b3scaled as a
// process that is stopped and started again.
import assert from "node:assert/strict";
import { configDirOf, createTokenStore } from "../../cli/token_store.ts";
import { signToken } from "../../src/contract/token.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { BASE_ENV } from "../support/b3scaled.ts";
import { startServerProcess } from "../support/server_process.ts";
import { eventually } from "../support/wait.ts";
import { killIfRunning } from "../support/kill.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const LEAVE = "\x1b[?1049l";
const FRAME = "\x1b[H\x1b[J";

interface Ctl extends AsyncDisposable {
  stdout(): string;
  stderr(): string;
  type(text: string): Promise<void>;
  kill(signal: Deno.Signal): void;
  readonly code: Promise<number>;
}

/** An operator's home with a token for the cluster's first server. */
async function createHome(
  { origins: [url = ""] }: Cluster,
): Promise<AsyncDisposable & { env: Record<string, string> }> {
  const HOME = await Deno.makeTempDir({ prefix: "b3scalectl_home_" });
  const token = await signToken(BASE_ENV.B3SCALE_API_JWT_SECRET, { sub: "test", scope: "b3scale:admin" }, Date.now());
  await createTokenStore(configDirOf({ HOME })).write(url, token);
  const { PATH = "", HOME: own = "", DENO_DIR = `${own}/.cache/deno` } = Deno.env.toObject();
  const env = { HOME, PATH, DENO_DIR, TERM: "xterm", SHELL: "/bin/sh", B3SCALE_API_URL: url, B3SCALE_DB_URL: "none" };
  return { env, [Symbol.asyncDispose]: () => Deno.remove(HOME, { recursive: true }) };
}

/** @param size of the terminal, as `stty` reads it; without it there is none */
function startCtl(line: string, env: Record<string, string>, size?: string): Ctl {
  const command = [Deno.execPath(), "run", "--config", `${ROOT}deno.json`, "--frozen", "-A", `${ROOT}cli/main.ts`];
  const words = [...command, ...line.split(" ")];
  const [program = "", ...args] = size === undefined
    ? words
    : ["script", "-qfec", `stty ${size}; exec ${words.map((word) => `'${word}'`).join(" ")}`, "/dev/null"];
  const child = new Deno.Command(program, {
    args,
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = { stdout: "", stderr: "" };
  const drain = async (name: "stdout" | "stderr") => {
    for await (const part of child[name].pipeThrough(new TextDecoderStream())) text[name] += part;
  };
  const keyboard = child.stdin.getWriter();
  const code = (async () => {
    const [status] = await Promise.all([child.status, drain("stdout"), drain("stderr")]);
    await keyboard.close().catch(() => {}); // it ends with the process
    return status.code;
  })();
  let ended = false;
  code.then(() => ended = true);
  return {
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    type: (keys) => keyboard.write(new TextEncoder().encode(keys)),
    kill: (signal) => child.kill(signal),
    code,
    [Symbol.asyncDispose]: async () => {
      if (!ended) killIfRunning(child, "SIGKILL");
      await code;
    },
  };
}

async function runCtl(line: string, env: Record<string, string>): Promise<{ code: number; stdout: string }> {
  await using ctl = startCtl(line, env);
  return { code: await ctl.code, stdout: ctl.stdout() };
}

/** A meeting with two people, of whom the server knows. @returns the number of its node */
async function openMeeting(cluster: Cluster, meetingID: string): Promise<number> {
  const client = cluster.client();
  assert.equal((await client.create(meetingID, { moderatorPW: "mpw", attendeePW: "apw" })).returncode, "SUCCESS");
  for (const fullName of ["Ada", "Tim"]) {
    const { location } = await client.call("join", { meetingID, fullName, password: "mpw" });
    await (await fetch(location)).body?.cancel();
  }
  const [node = -1] = cluster.nodesWith("fe1", meetingID);
  await eventually("a poll has found them", async () => {
    await cluster.pollSoon(node);
    const [row] = await cluster.db`select state ->> 'ParticipantCount' as people from meetings`;
    return row?.["people"] === "2";
  });
  return node;
}

Deno.test("status --watch on a terminal outlives a restart of the server and leaves the terminal as it was", async () => {
  await using cluster = await startCluster({ nodes: 3, processes: 1 });
  await using home = await createHome(cluster);
  await using ctl = startCtl("status --watch 1", home.env, "rows 8 cols 90");
  const frame = () => ctl.stdout().split(FRAME).at(-1) ?? "";
  const whole = /3 nodes \(3 available\), 0 meetings.*and 2 more nodes/s;
  await eventually("a picture that fits", () => whole.test(frame()), { withinMs: 60_000 });

  const listen = cluster.process(0).origin.slice("http://".length);
  await cluster.process(0).kill("SIGTERM");
  await eventually("that the server is away", () => /no answer since \d+ s: cannot reach/.test(frame()));
  assert.match(frame(), /3 nodes \(3 available\)/, "the last picture stays");
  await using _again = await startServerProcess(cluster.dbUrl, { B3SCALE_LISTEN_HTTP: listen });
  await eventually("a picture again", () => whole.test(frame()) && !frame().includes("no answer"));

  await ctl.type("\x03");
  assert.equal(await ctl.code, 0);
  assert(ctl.stdout().trimEnd().endsWith(LEAVE));
});

Deno.test("drain stops a node, waits until its last meeting is over, and leaves it stopped when interrupted", async () => {
  await using cluster = await startCluster({ nodes: 2, processes: 1 });
  await using home = await createHome(cluster);
  const node = await openMeeting(cluster, "lesson");
  const { url: host } = cluster.nodes.at(node);
  const wanted = async () => {
    const [row] = await cluster.db`select admin_state from backends where host = ${host}`;
    return row?.["admin_state"];
  };

  await using first = startCtl(`drain --wait ${host}`, home.env);
  await eventually("it waits", () => first.stderr().includes("waiting for 1 meeting with 2 people"), {
    withinMs: 60_000,
  });
  first.kill("SIGINT");
  assert.equal(await first.code, 130);
  assert.match(first.stdout(), /no longer waiting; \S+ stays stopped\n$/);
  assert.equal(await wanted(), "stopped");
  assert.equal((await runCtl(`drain ${host}`, home.env)).code, 64);

  await using second = startCtl(`drain --wait ${host}`, home.env);
  await eventually("it waits again", () => second.stderr().includes("waiting for 1 meeting"), { withinMs: 60_000 });
  await cluster.client().call("end", { meetingID: "lesson", password: "mpw" });
  assert.equal(await second.code, 0);
  assert.match(second.stdout(), /is empty after \d+ s\n$/);
  assert.equal((await runCtl(`drain --wait ${host}`, home.env)).code, 0);
  assert.equal(await wanted(), "stopped");
});

Deno.test("drain --end-meetings has the node end what is left", async () => {
  await using cluster = await startCluster({ nodes: 1, processes: 1 });
  await using home = await createHome(cluster);
  await openMeeting(cluster, "lesson");
  const { url: host } = cluster.nodes.at(0);
  await cluster.db`update backends set admin_state = 'stopped'`;
  const { code, stdout } = await runCtl(`drain --timeout 0s --end-meetings ${host}`, home.env);
  assert.equal(code, 0);
  assert.match(stdout, /ending 1 meeting with 2 people on \S+\n\S+ is empty/);
  assert.deepEqual(cluster.nodes.at(0).meetings(), []);
});

Deno.test("status and show tell of a real cluster what there is", async () => {
  await using cluster = await startCluster({ nodes: 2, processes: 1, frontends: ["fe1", "fe2"] });
  await using home = await createHome(cluster);
  const node = await openMeeting(cluster, "lesson");
  const { port } = cluster.nodes.at(node);
  const [list, all, other, one, none, commands, status] = await Promise.all([
    runCtl("show meetings --frontend fe1", home.env),
    runCtl("show --json meetings", home.env),
    runCtl("show --json meetings --frontend fe2", home.env),
    runCtl("show meeting lesson", home.env),
    runCtl("show meeting other", home.env),
    runCtl("show commands", home.env),
    runCtl("status --json", home.env),
  ]);
  const row = /^lesson +Room lesson +fe1 +127\.0\.0\.1:(\d+) +2 +2 +yes +\d+ s$/m.exec(list.stdout);
  assert.equal(row?.[1], String(port));
  assert.deepEqual(JSON.parse(all.stdout).map((row: { frontend_key: string }) => row.frontend_key), ["fe1"]);
  assert.deepEqual(JSON.parse(other.stdout), []);
  assert.match(one.stdout, /^People: +2 \(2 moderators, /m);
  assert.doesNotMatch(one.stdout, /Ada|mpw/);
  assert.equal(none.code, 1);
  assert.match(commands.stdout, /^ *\d+ +success +update_node_state +127\.0\.0\.1:\d+ /m);
  const { backends } = JSON.parse(status.stdout) as { backends: { bbb: object; load: number }[] };
  assert.deepEqual(backends.map(({ bbb }) => Object.keys(bbb)), [["host"], ["host"]]);
  const loads = backends.map(({ load }) => load).sort((a, b) => a - b);
  assert(loads[0] === 0 && (loads[1] ?? 0) > 2, "people expected count as well");
});
