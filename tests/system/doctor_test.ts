// `b3scalectl doctor` on real servers with simulated nodes: what it says of a healthy cluster, and of one that is not.
import assert from "node:assert/strict";
import { PROGRAM } from "../../cli/commands.ts";
import { runProgram } from "../../cli/program.ts";
import { createNodeFetch, realClock, realRandom } from "../../src/deps.ts";
import { BASE_ENV, runB3scaled } from "../support/b3scaled.ts";
import { ACCOUNT_TOKEN, ADMIN_TOKEN, readable, runDoctor, startPublicCluster } from "../support/run_doctor.ts";
import { emptyDatabase, silentLog } from "../support/test_db.ts";

const token = ADMIN_TOKEN;

Deno.test("doctor finds nothing wrong with a healthy cluster and exits with 0", async () => {
  await using cluster = await startPublicCluster({ nodes: 2, processes: 1, frontends: ["greenlight", "moodle"] });
  const { code, stdout } = await runDoctor(cluster.origins[0] ?? "", { token });
  assert.equal(
    readable(stdout, cluster),
    `ok       SERVER is b3scale VERSION
ok       the stored token is accepted as an admin's
ok       database "DATABASE" is migrated (schema version 2)
ok       the clocks of this machine and of the server agree
ok       NODE0: reachable with its secret, N ms; has no agent
ok       NODE1: reachable with its secret, N ms; has no agent
ok       nodes that take new meetings: 2 of 2
ok       frontend "greenlight": enabled
ok       frontend "moodle": enabled
ok       the server's public URL SERVER is reachable
ok       no callback was given up
ok       the queue keeps up (N commands lately)

12 checks: 0 problems, 0 warnings
`,
  );
  assert.equal(code, 0);
});

Deno.test("doctor tells a dead node, one with another secret and one that hangs, and what to do about each", async () => {
  await using cluster = await startPublicCluster({ nodes: 4, frontends: ["moodle"] });
  cluster.nodes.at(1).fail({ kind: "refuse" });
  cluster.nodes.at(2).fail({ kind: "wrong_checksum" });
  cluster.nodes.at(3).fail({ kind: "hang" });
  const settings = {
    required_tags: ["gpu"],
    create_default_params: { meta_endCallbackUrl: "https://10.0.0.7/hook/s3cret?token=s3cret" },
  };
  await cluster.db`update frontends set active = false, settings = ${cluster.db.json(settings)}`;
  await cluster.db`
    insert into b3scale_callbacks (frontend_id, kind, url, origin, request_id, give_up_at, died_at, reason, last_error)
    select id, 'meeting_ended', 'https://10.0.0.7/hook/s3cret', 'https://10.0.0.7', 'r1', localtimestamp, localtimestamp,
      'refused', '10.0.0.7 is a private address, which B3SCALE_CALLBACK_ALLOW does not list' from frontends`;
  const { code, stdout } = await runDoctor(cluster.origins[0] ?? "", { token });
  assert.equal(
    readable(stdout, cluster),
    `ok       SERVER is b3scale VERSION
ok       the stored token is accepted as an admin's
ok       database "DATABASE" is migrated (schema version 2)
ok       the clocks of this machine and of the server agree
ok       NODE0: reachable with its secret, N ms; has no agent
problem  NODE1: down: N failed polls: getMeetings: connection refused  – start BigBlueButton on the node with bbb-conf --restart
problem  NODE2: unstable: last call failed N s ago: checksumError: Checksums do not match  – show the node's secret there with bbb-conf --secret, then run b3scalectl set backend --secret <secret> NODE2/api/
problem  NODE3: down: N failed polls: getMeetings: no answer in time  – look for a firewall between b3scaled and the node, and at the node's load
ok       nodes that take new meetings: 1 of 4
warning  frontend "moodle": is disabled; no node has the tags it requires (gpu)  – run b3scalectl enable frontend moodle
ok       the server's public URL SERVER is reachable
problem  callbacks of "moodle" to https://10.0.0.7 are refused: 10.0.0.7 is a private address, which B3SCALE_CALLBACK_ALLOW does not list  – add 10.0.0.7 or its network to B3SCALE_CALLBACK_ALLOW of b3scaled, and restart it
problem  1 callback to https://10.0.0.7 refused: 10.0.0.7 is a private address, which B3SCALE_CALLBACK_ALLOW does not list  – add 10.0.0.7 or its network to B3SCALE_CALLBACK_ALLOW of b3scaled, restart it, and run b3scalectl retry callback --all
ok       the queue keeps up (N commands lately)

14 checks: 5 problems, 1 warning
`,
  );
  assert.equal(code, 1);
});

Deno.test("doctor changes nothing but the times of the polls", async () => {
  await using cluster = await startPublicCluster({ nodes: 1 });
  const rows = async () => {
    const [row] = await cluster.db<{ all: string }[]>`
      select concat_ws(' ', (select json_agg(t order by id) from frontends t),
        (select json_agg(json_build_array(id, host, secret, admin_state, settings, load_factor)) from backends)) as all`;
    return row?.all;
  };
  const before = await rows();
  const { code, stdout } = await runDoctor(cluster.origins[0] ?? "", { token, args: ["--json"] });
  assert.equal(await rows(), before);
  const checks: { state: string }[] = JSON.parse(stdout);
  assert.deepEqual([code, ...new Set(checks.map(({ state }) => state))], [0, "ok"]);
  assert.deepEqual(Object.keys(checks[0] ?? {}), ["check", "state", "message", "hint"]);
});

Deno.test("doctor looks at the token: its file, whether it is taken, and whose it is", async () => {
  await using cluster = await startPublicCluster({ nodes: 1 });
  const tokenLines = async (given: Parameters<typeof runDoctor>[1]) => {
    const { code, stdout } = await runDoctor(cluster.origins[0] ?? "", given);
    const lines = stdout.split("\n");
    return [code, lines.length > 8 ? "all" : "few", ...lines.filter((line) => / token |HOME/.test(line))];
  };
  const authorize = "run b3scalectl auth authorize with the server's B3SCALE_API_JWT_SECRET";
  assert.deepEqual(await tokenLines({}), [1, "few", `problem  no token is stored for this server  – ${authorize}`]);
  assert.deepEqual(await tokenLines({ token: "nonsense" }), [
    1,
    "few",
    `problem  the server refuses the stored token  – ${authorize}`,
  ]);
  assert.deepEqual(await tokenLines({ token: ACCOUNT_TOKEN }), [
    1,
    "few",
    `problem  the stored token is no admin's  – ${authorize}`,
  ]);
  const [code, size, open, accepted] = await tokenLines({ token, mode: 0o644 });
  assert.deepEqual([code, size, accepted], [0, "all", "ok       the stored token is accepted as an admin's"]);
  assert.match(
    String(open),
    /^warning {2}HOME\/.*\.access_token can be read by others \(mode 0644\) {2}– run chmod 600 HOME/,
  );
});

Deno.test("doctor finds a server whose database is not migrated, or away, and goes on with what is left", async () => {
  await using database = await emptyDatabase();
  const cases = [
    [database.url, /^problem {2}database "\w+": \d+ migrations are pending {2}– run b3scalectl db migrate$/m],
    [
      "postgres://nobody:s3cret@127.0.0.1:1/b3scale",
      /^problem {2}database "b3scale" is away: .*B3SCALE_DB_URL of b3scaled$/m,
    ],
  ] as const;
  for (const [B3SCALE_DB_URL, line] of cases) {
    await using server = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL, B3SCALE_DB_MIGRATE: "false" } });
    const { code, stdout } = await runDoctor(await server.origin(), { token });
    assert.equal(code, 1);
    assert.match(stdout, line);
    assert.match(
      stdout,
      /^problem {2}the server's public URL http:\/\/b3scale\.test does not answer: /m,
    );
    assert.doesNotMatch(stdout, /node|queue|s3cret/);
  }
});

Deno.test("doctor says that nobody answers, or somebody else", async () => {
  const away = await runDoctor("http://127.0.0.1:1", { token });
  assert.equal(away.code, 1);
  assert.match(
    away.stdout,
    /^problem {2}cannot reach http:\/\/127\.0\.0\.1:1: .* {2}– \S.*\n\n1 check: 1 problem, 0 warnings\n$/,
  );
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("<html>"));
  const strange = await runDoctor(`http://127.0.0.1:${other.addr.port}`, { token });
  assert.equal(strange.code, 1);
  assert.match(strange.stdout, /^problem {2}http:\S+ answers, but is no b3scaled {2}– /);
});

Deno.test("doctor compares the clocks and judges agents by the server's", async () => {
  await using cluster = await startPublicCluster({ nodes: 1 });
  await cluster.db`update backends set agent_heartbeat = localtimestamp`;
  const network = createNodeFetch();
  let stdout = "";
  const path = await Deno.makeTempFile();
  const code = await runProgram(PROGRAM, ["doctor"], {
    env: { B3SCALE_API_URL: cluster.origins[0] },
    fetch: network.fetch,
    clock: { ...realClock, now: () => realClock.now() - 90_000 },
    random: realRandom,
    terminal: {
      write: (text) => void (stdout += text),
      note: () => {},
      prompt: () => {},
      interactive: false,
      colours: false,
      columns: () => 0,
      rows: () => 0,
    },
    log: silentLog,
    tokens: { pathOf: () => path, read: () => Promise.resolve(token), write: () => Promise.resolve() },
    signal: new AbortController().signal,
  });
  network.close();
  await Deno.remove(path);
  assert.equal(code, 1);
  const skew = /^problem {2}the server's clock is (\d+) s ahead of this one's {2}– let NTP set both clocks/m.exec(
    stdout,
  )?.[1];
  // What a slow answer may account for is left out, so it is never more than the truth.
  assert.ok(Number(skew) > 60 && Number(skew) <= 90, stdout);
  assert.match(stdout, /^ok {7}\S+: reachable with its secret, .*; its agent is alive$/m);
});
