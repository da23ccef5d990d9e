// What the compiled programs say without a cluster, and that nothing lying about changes what they do.
import assert from "node:assert/strict";
import { alone, type BinaryName, figure } from "./binary.ts";

const NAMES: readonly BinaryName[] = ["b3scaled", "b3scalectl", "b3scaleagent"];
const VERSION_LINES: Readonly<Record<BinaryName, RegExp>> = {
  b3scaled: /^(\d+\.\d+\.\d+\S*)\n$/,
  b3scalectl: /^b3scalectl v\.(\d+\.\d+\.\d+\S*)\t(\S+)\n$/,
  b3scaleagent: /^(\d+\.\d+\.\d+\S*)\n$/,
};

Deno.test("the programs say one version, and a build that is not the source's", async () => {
  await using scene = await alone();
  const versions = new Set<string>();
  for (const name of NAMES) {
    const startedAt = performance.now();
    const { code, stdout, stderr } = await scene.run(name, ["--version"]);
    figure(`${name} --version: ${Math.round(performance.now() - startedAt)} ms`);
    const [, version = "", build = ""] = VERSION_LINES[name].exec(stdout) ?? [];
    assert.notEqual(version, "", `${name}: ${stdout}${stderr}`);
    assert.deepEqual([code, stderr], [0, ""], name);
    assert.notEqual(build, "source");
    versions.add(version);
  }
  assert.equal(versions.size, 1, [...versions].join());
});

Deno.test("the programs explain themselves", async () => {
  await using scene = await alone();
  const help = async (name: BinaryName) => {
    const { code, stdout, stderr } = await scene.run(name, ["--help"]);
    assert.equal(code, 0, name);
    return stdout + stderr;
  };
  assert.match(await help("b3scaled"), /load balancer for BigBlueButton/);
  assert.match(await help("b3scalectl"), /create-meeting/);
  assert.match(await help("b3scaleagent"), /Usage of b3scaleagent/);
});

Deno.test("b3scalectl prints the scripts of three shells and the API's description", async () => {
  await using scene = await alone();
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await scene.run("b3scalectl", ["completions", shell]);
    assert.equal(code, 0);
    assert.match(stdout, /--generate-bash-completion/, shell);
  }
  const { stdout } = await scene.run("b3scalectl", ["export-openapi-schema"]);
  assert.match(JSON.parse(stdout).openapi, /^3\.1/);
});

Deno.test("a program without its settings names them and exits 1", async () => {
  await using scene = await alone();
  const server = await scene.run("b3scaled", [], { B3SCALE_DB_URL: "postgres://127.0.0.1:1/b3scale" });
  assert.equal(server.code, 1);
  assert.match(server.stderr, /missing environment variables: B3SCALE_API_URL, B3SCALE_API_JWT_SECRET/);
  const agent = await scene.run("b3scaleagent", [], { B3SCALE_API_URL: "http://127.0.0.1:1" });
  assert.equal(agent.code, 1);
  assert.match(agent.stderr, /could not read bbb config/);
});

Deno.test("files of Deno and Node in the folder, and .env while the environment is set, change nothing", async () => {
  await using scene = await alone();
  const lying = {
    "deno.json": "{ this is no JSON",
    "deno.lock": "nor this",
    "package.json": '{ "type": "commonjs", "main": "x.js" }',
    ".npmrc": "registry=http://127.0.0.1:1/",
    ".env": "B3SCALE_DB_URL=mysql://wrong\nB3SCALE_API_URL=wrong\n",
  };
  for (const [name, text] of Object.entries(lying)) await Deno.writeTextFile(`${scene.folder}/${name}`, text);
  const set = { B3SCALE_DB_URL: "postgres://127.0.0.1:1/b3scale", NODE_OPTIONS: "--require /nowhere.js" };
  const { stdout, stderr, code } = await scene.run("b3scalectl", ["--version"], set);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, VERSION_LINES.b3scalectl);
  const server = await scene.run("b3scaled", [], set);
  assert.match(server.stderr, /^b3scaled: configuration incomplete: missing environment variables: B3SCALE_API_URL, /);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(scene.folder))).length, Object.keys(lying).length);
});
