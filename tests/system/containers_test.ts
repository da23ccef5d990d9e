// Dockerfile and deploy/compose/ against the programs that they are about, and against one another.
import assert from "node:assert/strict";
import { parse } from "yaml";
import { readConfig, unknownSettings } from "../../src/config.ts";
import { SETTINGS } from "../../src/settings.ts";
import { VERSION } from "../../src/version.ts";
import { BASE_ENV, runB3scaled } from "../support/b3scaled.ts";
import {
  type ComposeService,
  fileExists,
  filesBelow,
  megabytes,
  readCompose,
  readText,
} from "../support/deploy_files.ts";
import { testDatabase } from "../support/test_db.ts";
import { eventually } from "../support/wait.ts";

/** What main.ts gives requests and commands after draining. */
const MOST_STOPPING_SECONDS = 20;
const services = await readCompose();
const dockerfile = await readText("Dockerfile");

/** As compose fills in what .env says. */
const filledIn = (env: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replaceAll(/\$\{\w+[^}]*\}/g, "x".repeat(64))]),
  );

function service(name: string): ComposeService {
  const found = services[name];
  assert(found !== undefined, `compose.yaml has no service "${name}"`);
  return found;
}

Deno.test("images: every base has a version and a digest, every service a version, ours is this one", () => {
  const stages = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+) AS (\S+)$/gm)];
  const names = stages.map((stage) => stage[2]);
  const bases = stages.map((stage) => stage[1] ?? "").filter((base) => !names.includes(base));
  assert.equal(bases.length, 3);
  for (const base of bases) assert.match(base, /^[\w./]+:[\w.-]*\d[\w.-]*@sha256:[0-9a-f]{64}$/);
  for (const { image, build } of Object.values(services)) {
    assert.match(image, /^[\w./-]+:v?\d+\.\d+[\w.-]*$/);
    if (image.startsWith("b3scale/")) assert.equal(image.split(":")[1], VERSION, "follows src/version.ts");
    if (build !== undefined) assert(names.includes(build.target), build.target);
  }
});

Deno.test("images: the Deno that builds is the one that tests", () => {
  for (const [, version] of dockerfile.matchAll(/denoland\/deno:([\d.]+)@/g)) assert.equal(version, Deno.version.deno);
});

Deno.test("images: the context holds every file that the programs and their compilation import", async () => {
  const allowed = (await readText(".dockerignore")).split("\n").filter((line) => line.startsWith("!")).map((line) =>
    new RegExp(`^${line.slice(1).replaceAll(".", "\\.").replaceAll("*", "[^/]*")}(/|$)`)
  );
  const root = new URL("../..", import.meta.url);
  for (const entry of ["src/main.ts", "cli/main.ts", "agent/main.ts", "deploy/compile.ts", "demo/bbb_node/main.ts"]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry], cwd: root }).output();
    const { modules }: { modules: { specifier: string }[] } = JSON.parse(new TextDecoder().decode(stdout));
    const own = modules.map(({ specifier }) => specifier).filter((url) => url.startsWith(root.href));
    assert(own.length > 1, entry);
    for (const url of own) {
      const path = url.slice(root.href.length);
      assert(allowed.some((pattern) => pattern.test(path)), `${path} is kept out by .dockerignore`);
    }
  }
});

Deno.test("compose: b3scaled takes its settings without a warning", () => {
  const env = filledIn(service("b3scaled").environment);
  assert.deepEqual(readConfig(env).warnings, []);
  assert.deepEqual(unknownSettings(env), []);
});

Deno.test("every variable of ours in deploy/ and the Dockerfile is a setting", async () => {
  const known = new Set(Object.values(SETTINGS).map(({ name }) => name));
  for (const path of ["Dockerfile", ...await filesBelow("deploy")]) {
    for (const [name] of (await readText(path)).matchAll(/\bB3SCALE_[A-Z_]*[A-Z]\b/g)) {
      assert(known.has(name), `${path}: ${name}`);
    }
  }
});

Deno.test("compose: .env.example names what is required, and gives away nothing", async () => {
  const required = (await readText("deploy/compose/compose.yaml")).matchAll(/\$\{(\w+):\?/g);
  const example = [...(await readText("deploy/compose/.env.example")).matchAll(/^(\w+)=(.*)$/gm)];
  assert.deepEqual(
    example.map(([, name]) => name).sort(),
    [...new Set(Array.from(required, (match) => match[1]))].sort(),
  );
  for (const [, name, value] of example) assert.equal(value, "", name);
});

Deno.test("compose: every file that is mounted is there", async () => {
  const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes).filter((line) => line.startsWith("."));
  assert(mounted.length >= 5);
  for (const line of mounted) {
    const path = new URL(line.split(":")[0] ?? "", "file:///deploy/compose/").pathname.slice(1);
    assert(await fileExists(path), path);
    assert(line.endsWith(":ro"), line);
  }
});

Deno.test("compose: nothing but loopback is listened on, and every container may do little", () => {
  for (const [name, { ports = [], ...rest }] of Object.entries(services)) {
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/, name);
    assert.equal(rest.read_only, true, name);
    assert.deepEqual(rest.cap_drop, ["ALL"], name);
    assert.deepEqual(rest.security_opt, ["no-new-privileges:true"], name);
    const endsByItself = ["apply", "ctl"].includes(name);
    assert.equal(rest.restart, endsByItself ? "no" : "unless-stopped", name);
  }
});

Deno.test("compose: whoever waits for a healthy service waits for one that is checked", () => {
  for (const [name, { depends_on = {} }] of Object.entries(services)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      if (condition === "service_healthy") assert(service(other).healthcheck !== undefined, `${name} → ${other}`);
    }
  }
});

Deno.test("compose: ports and names agree from the browser to the node", async () => {
  const { apiUrl, listen, listenMetrics } = readConfig(filledIn(service("b3scaled").environment));
  const nginx = await readText("deploy/compose/nginx.conf");
  const port = /listen (\d+);/.exec(nginx)?.[1];
  assert.deepEqual(service("nginx").ports, [`127.0.0.1:${port}:${port}`]);
  assert.equal(new URL(apiUrl).port, port);
  assert.deepEqual(service("nginx").networks, { cluster: { aliases: [new URL(apiUrl).hostname] } });
  assert(nginx.includes(`http://b3scaled:${listen.port};`));
  assert.equal(service("apply").environment?.["B3SCALE_API_URL"], apiUrl);
  assert(dockerfile.includes(`EXPOSE ${listen.port}\n`));
  assert.notEqual(listenMetrics?.port, listen.port);

  const cluster: { backends: Record<string, unknown> } = parse(await readText("deploy/compose/cluster.yaml"));
  const nodes = Object.values(services).filter(({ image }) => image.startsWith("b3scale/simulated-node:"));
  assert.equal(nodes.length, 3);
  const urls = nodes.map(({ environment, networks, ports }) => {
    const { origin, hostname, port } = new URL(environment?.["SIMULATED_NODE_URL"] ?? "");
    assert.deepEqual(networks, { cluster: { aliases: [hostname] } });
    assert.deepEqual(ports, [`127.0.0.1:${port}:${port}`]);
    return `${origin}/bigbluebutton/api/`;
  });
  assert.deepEqual(Object.keys(cluster.backends), urls);
});

Deno.test("compose: its nginx lets through what deploy/nginx/b3scaled.conf does", async () => {
  const paths = async (file: string) =>
    [...(await readText(file)).matchAll(/^ +location (\/\S*) /gm)].map((match) => match[1]);
  assert.deepEqual(await paths("deploy/compose/nginx.conf"), await paths("deploy/nginx/b3scaled.conf"));
});

Deno.test("compose: Prometheus asks every b3scaled where metrics are", async () => {
  const { listenMetrics } = readConfig(filledIn(service("b3scaled").environment));
  const text = await readText("deploy/prometheus/prometheus.yml");
  interface Discovery {
    readonly names: readonly string[];
    readonly port: number;
  }
  const { scrape_configs }: { scrape_configs: { dns_sd_configs?: Discovery[] }[] } = parse(text);
  const found = scrape_configs.flatMap(({ dns_sd_configs = [] }) => dns_sd_configs);
  assert.deepEqual(found.map(({ names, port }) => ({ names, port })), [
    { names: ["b3scaled"], port: listenMetrics?.port },
  ]);
});

Deno.test("compose: a container is given the time to stop and memory beyond the heap", async () => {
  const { stop_grace_period = "", mem_limit = "", environment } = service("b3scaled");
  const { drainMs } = readConfig(filledIn(environment));
  assert(Number(/^(\d+)s$/.exec(stop_grace_period)?.[1]) > drainMs / 1000 + MOST_STOPPING_SECONDS);
  const heap = Number(/mostHeapMb: (\d+)/.exec(await readText("deploy/compile.ts"))?.[1]);
  assert(megabytes(mem_limit) >= heap + 256);
});

Deno.test("b3scaled --check and --check-ready are what containers are judged by", async () => {
  const checks = [dockerfile, JSON.stringify(service("b3scaled").healthcheck?.test)].map((text) =>
    /"b3scaled", ?"(--[\w-]+)"|"b3scaled","(--[\w-]+)"/.exec(text)?.slice(1).find((flag) => flag !== undefined)
  );
  assert.deepEqual(checks, ["--check", "--check-ready"]);

  await using db = await testDatabase();
  await using server = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: db.url } });
  const { host } = new URL(await server.origin());
  const ask = async (flag: string, listen = host) => {
    const env = { ...BASE_ENV, B3SCALE_DB_URL: db.url, B3SCALE_LISTEN_HTTP: listen };
    await using process = runB3scaled({ args: [flag], env });
    const { code } = await process.exited;
    return { code, said: process.stderr() };
  };
  await eventually("b3scaled is ready", async () => (await ask("--check-ready")).code === 0 || undefined, {
    withinMs: 30_000,
  });
  assert.deepEqual(await ask("--check"), { code: 0, said: "" });
  assert.deepEqual(await ask("--check", `0.0.0.0:${host.split(":")[1]}`), { code: 0, said: "" });

  const gone = await ask("--check", "127.0.0.1:1");
  assert.equal(gone.code, 1);
  assert.match(gone.said, /^b3scaled: http:\/\/127\.0\.0\.1:1\/healthz: /);
});
