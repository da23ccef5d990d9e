// apply and export: the cluster's configuration as a file, by b3scalectl as a process on a real b3scaled.
import assert from "node:assert/strict";
import {
  APPLY,
  type ConfigCluster,
  configTest,
  ENV,
  FILES,
  SECRET_MARK,
  startConfigCluster,
} from "../support/config_cluster.ts";

async function applied(cluster: ConfigCluster): Promise<void> {
  await cluster.files(FILES);
  const ran = await cluster.run(APPLY, { env: ENV });
  assert.equal(ran.code, 0, ran.stderr);
  cluster.takeWritten();
}

configTest(
  "apply creates what the file names with one request each, and a second time sends nothing",
  async (cluster) => {
    await cluster.files(FILES);
    const first = await cluster.run(APPLY, { env: ENV });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^4 to create, 0 to change, 0 to remove$/m);
    assert.match(first.stdout, /created frontend: moodle\n$/);
    const [n1, n2, zero, ...frontends] = cluster.takeWritten();
    assert.deepEqual(n1, {
      method: "POST",
      path: "/backends",
      body: {
        bbb: { host: "https://n1.example/bigbluebutton/api/", secret: `${SECRET_MARK}-n1` },
        load_factor: 1.1,
        admin_state: "stopped",
        settings: { tags: ["sip"], checksum_algorithm: "sha512" },
      },
    });
    assert.equal(n2?.method, "POST");
    assert.deepEqual(zero, { method: "PATCH", path: "/backends/:id", body: { load_factor: 0 } }); // a POST makes 1 of it
    assert.deepEqual(frontends.map(({ method, path }) => `${method} ${path}`), ["POST /frontends", "POST /frontends"]);

    const second = await cluster.run(APPLY, { env: ENV });
    assert.deepEqual([second.code, second.stdout, second.stderr], [64, "no changes\n", ""]);
    assert.deepEqual(cluster.takeWritten(), []);
  },
);

configTest("apply changes what the file says and leaves what it does not name", async (cluster) => {
  await applied(cluster);
  await cluster.files({
    "change.yaml": `
frontends:
  greenlight: { settings: { create_override_params: { record: "true" }, default_presentation: null } }
backends:
  https://n1.example/bigbluebutton/api/: { secret: ${SECRET_MARK}-new }
`,
  });
  const before = JSON.stringify(await cluster.objects());
  const dry = await cluster.run(["apply", "--dry", "-f", "change.yaml"]);
  assert.equal(dry.code, 0);
  assert.deepEqual(cluster.takeWritten(), []);
  assert.equal(JSON.stringify(await cluster.objects()), before);
  assert.equal(
    dry.stdout,
    `~ backend https://n1.example/bigbluebutton/api/
    ~ secret: (changed)
~ frontend greenlight
    - settings.default_presentation: {"url":"https://a.example/p.pdf","force":false}
    - settings.create_override_params.record: "false"
    + settings.create_override_params.record: "true"
    - settings.create_override_params.logo: "https://a.example/l.png"
0 to create, 2 to change, 0 to remove
`,
  );

  assert.equal((await cluster.run(["apply", "-f", "change.yaml"])).code, 0);
  assert.deepEqual(cluster.takeWritten().map(({ body }) => body), [
    { bbb: { secret: `${SECRET_MARK}-new` } },
    { settings: { create_override_params: { record: "true", logo: null }, default_presentation: null } },
  ]);
  const after = JSON.stringify(await cluster.objects());
  for (
    const stays of ['"admin_state":"stopped"', '"required_tags":["sip"]', '"create_override_params":{"record":"true"}']
  ) {
    assert(after.includes(stays), `${stays} in ${after}`);
  }
  assert.equal((await cluster.run(["apply", "-f", "change.yaml"])).code, 64);
});

configTest("export | apply -f - rebuilds the cluster from nothing", async (cluster) => {
  await applied(cluster);
  await cluster.db`insert into frontends (key, secret, settings) values ('yes', ${`\${X} ${SECRET_MARK}`}, ${
    cluster.db.json({ join_default_params: { "userdata-*x": "0123", "1e3": "a: b\n# ü 🦉\u202e" } })
  })`;
  const exported = await cluster.run(["export"]);
  assert.equal(exported.code, 0, exported.stderr);

  await using empty = await startConfigCluster();
  const rebuilt = await empty.run(["apply", "-f", "-"], { stdin: exported.stdout });
  assert.equal(rebuilt.code, 0, rebuilt.stderr);
  assert.deepEqual(await empty.objects(), await cluster.objects());
  const withoutComment = (text: string) => text.replace(/^#.*\n/gm, "");
  assert.equal(withoutComment((await empty.run(["export"])).stdout), withoutComment(exported.stdout));

  const asJson = await cluster.run(["export", "--json"]);
  assert.equal((await empty.run(["apply", "-f", "-"], { stdin: asJson.stdout })).code, 64);
  const quiet = await cluster.run(["export", "--without-secrets"]);
  assert.equal((await empty.run(["apply", "-f", "-"], { stdin: quiet.stdout })).code, 64);
  assert.deepEqual(empty.takeWritten().map(({ method }) => method), ["POST", "POST", "PATCH", "POST", "POST", "POST"]);
});

configTest(
  "apply --prune removes what the file does not name, in its sections, once that is confirmed",
  async (cluster) => {
    await applied(cluster);
    await cluster.files({
      "frontends.yaml": "frontends: { moodle: {} }",
      "backends.yaml": "backends: { https://n2.example/bigbluebutton/api/: {} }",
    });
    const prune = ["apply", "--prune", "-f", "frontends.yaml"];

    const unasked = await cluster.run(prune);
    assert.equal(unasked.code, 1);
    assert.match(unasked.stderr, /without a terminal it needs --yes/);
    const refused = await cluster.runOnTerminal(prune, "Type yes to go on", "y");
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /not confirmed: nothing was changed/);
    assert.deepEqual(cluster.takeWritten(), []);

    const confirmed = await cluster.runOnTerminal(prune, "Type yes to go on", "yes");
    assert.equal(confirmed.code, 0, confirmed.stdout);
    assert.match(confirmed.stdout, /- frontend greenlight/);
    assert.match(confirmed.stdout, /deleted with all its meetings and recordings/i);
    assert.deepEqual(cluster.takeWritten(), [{ method: "DELETE", path: "/frontends/:id", body: undefined }]);
    assert.equal((await cluster.run([...prune, "--yes"])).code, 64);

    const backends = await cluster.run(["apply", "--prune", "--yes", "-f", "backends.yaml"]);
    assert.equal(backends.code, 0, backends.stderr);
    const [frontends = [], nodes = []] = await cluster.objects() as Record<string, unknown>[][];
    assert.equal(frontends.length, 1);
    assert.deepEqual(nodes.map((node) => node["admin_state"]), ["decommissioned", "ready"]);
    assert.equal(
      (await cluster.run(["apply", "--prune", "--yes", "-f", "backends.yaml"])).code,
      64,
      "it is leaving already",
    );
  },
);
