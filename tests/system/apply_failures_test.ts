// apply when something is wrong: the file, the line, the server, one step of several.
import assert from "node:assert/strict";
import { APPLY, CLUSTER_FILE, configTest, ENV, FILES } from "../support/config_cluster.ts";

type AnyBody = Record<string, unknown> & { settings?: Record<string, unknown> };

configTest("apply stops at a step that fails, says what is done, and goes on from there", async (cluster) => {
  await cluster.files(FILES);
  cluster.tamper(({ path, body }) =>
    JSON.stringify(body).includes("greenlight") && path === "/frontends"
      ? Response.json({ message: "Internal Server Error" }, { status: 500 })
      : undefined
  );
  const failed = await cluster.run([...APPLY, "--json"], { env: ENV });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /2 of 4 steps are done: the same command goes on from there/);
  assert.match(failed.stderr, /frontend greenlight: message: Internal Server Error/);
  const { steps } = JSON.parse(failed.stdout);
  assert.deepEqual(steps.map(({ name, done }: { name: string; done: boolean }) => [name, done]), [
    ["https://n1.example/bigbluebutton/api/", true],
    ["https://n2.example/bigbluebutton/api/", true],
    ["greenlight", false],
    ["moodle", false],
  ]);

  cluster.tamper(undefined);
  const second = await cluster.run(APPLY, { env: ENV });
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /^2 to create, 0 to change, 0 to remove$/m);
  assert.equal((await cluster.run(APPLY, { env: ENV })).code, 64);
});

configTest(
  "apply changes after creating what an older server leaves out, and says what it never takes",
  async (cluster) => {
    await cluster.files(FILES);
    cluster.tamper(({ method, body }) => {
      const { active, settings: { checksum_algorithm: _, ...settings } = {}, ...rest } = body as AnyBody;
      return { body: method === "POST" ? { ...rest, settings } : { ...rest, active, settings } };
    });
    const frontends = { "conf/cluster.yaml": CLUSTER_FILE.replace(/backends:.*/s, "") };
    await cluster.files(frontends);
    assert.equal((await cluster.run(APPLY, { env: ENV })).code, 0);
    assert.deepEqual(cluster.takeWritten().at(-1), {
      method: "PATCH",
      path: "/frontends/:id",
      body: { active: false },
    });
    assert.equal((await cluster.run(APPLY, { env: ENV })).code, 64);

    await cluster.files(FILES);
    const failed = await cluster.run(APPLY, { env: ENV });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /n1.example.*: the server does not take settings.checksum_algorithm/);
  },
);

configTest("apply refuses wrong files and wrong lines before it asks the server anything", async (cluster) => {
  await cluster.files({
    ...FILES,
    "wrong.yaml": "frontends:\n  a: { secret: x, activ: true }\n",
    "split/1.yaml": "frontends: { a: {} }",
    "split/2.yml": "frontends:\n  a: {}\n",
    "none/readme.txt": "",
  });
  const wrong: [args: string[], said: RegExp][] = [
    [
      ["-f", "wrong.yaml"],
      /^wrong\.yaml:2: frontends\.a\.activ is unknown here: there are secret, secret_file, active/m,
    ],
    [
      ["-f", "conf/cluster.yaml"],
      /^conf\/cluster\.yaml:5: frontends\.greenlight\.secret names the .* variable GREENLIGHT/m,
    ],
    [["-f", "split/"], /^split\/2\.yml:2: frontends\.a is there already: split\/1\.yaml:1$/m],
    [["-f", "none"], /there is no \*\.yaml file in \\"none\\"/],
    [["-f", "missing.yaml"], /cannot read \\"missing\.yaml\\": No such file/],
    [["-f", "split/1.yaml", "split/2.yml"], /unexpected argument \\"split\/2\.yml\\": each file needs its own -f/],
    [[], /need a file/],
  ];
  for (const [args, said] of wrong) {
    const { code, stdout, stderr } = await cluster.run(["apply", ...args]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, said);
  }
  assert.deepEqual(cluster.takeAsked(), []);
  const unknown = await cluster.run(["apply", "-f", "split/1.yaml"]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /a secret is needed for \\"a\\"/);
  assert.deepEqual(cluster.takeWritten(), []);
});
