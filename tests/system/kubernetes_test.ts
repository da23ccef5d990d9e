// deploy/kubernetes/ against the server that it starts, and its files against one another.
import assert from "node:assert/strict";
import { readConfig, unknownSettings } from "../../src/config.ts";
import { VERSION } from "../../src/version.ts";
import { BASE_ENV, runB3scaled } from "../support/b3scaled.ts";
import {
  type Container,
  type Deployment,
  fileExists,
  filesBelow,
  type Kustomization,
  megabytes,
  readManifest,
  readManifests,
  readText,
  settingsOf,
} from "../support/deploy_files.ts";
import { testDatabase } from "../support/test_db.ts";
import { eventually } from "../support/wait.ts";

/** What main.ts gives requests and commands after draining. */
const MOST_STOPPING_SECONDS = 20;
const FOLDERS = ["base", "ingress", "monitoring", "recordings", "example"];

const { spec: { template: { spec: pod } } } = await readManifest<Deployment>("base/deployment.yaml");
const recordings = await readManifest<Deployment>("recordings/deployment.yaml");
const [container] = pod.containers;
assert(container !== undefined);
const kustomization = (folder: string) => readManifest<Kustomization>(`${folder}/kustomization.yaml`);
const settings = settingsOf(await kustomization("base"));
const secrets = Object.fromEntries((container.env ?? []).map(({ name }) => [name, "x".repeat(64)]));
const env = { ...settings, ...secrets, B3SCALE_DB_URL: "postgres://b3scale@db.example:5432/b3scale" };
const config = readConfig(env);

const portOf = ({ ports = [] }: Container, name: string) => ports.find((port) => port.name === name)?.containerPort;

Deno.test("b3scaled takes the settings of base and of recordings without a warning", async () => {
  assert.deepEqual(config.warnings, []);
  assert.deepEqual(unknownSettings(env), []);
  const more = {
    ...env,
    ...settingsOf(await kustomization("recordings")),
    ...settingsOf(await kustomization("example")),
  };
  const configured = readConfig(more);
  assert.deepEqual(configured.warnings, []);
  assert.deepEqual(unknownSettings(more), []);
  assert.notEqual(configured.recordings, null);
});

Deno.test("the template of the secret has the keys that pods and Prometheus ask for, and no values", async () => {
  const { stringData } = await readManifest<{ stringData: Record<string, string> }>("secret.example.yaml");
  const text = await readText("deploy/kubernetes/base/deployment.yaml") +
    await readText("deploy/kubernetes/monitoring/service_monitor.yaml");
  const asked = new Set(Array.from(text.matchAll(/name: b3scaled, key: ([\w-]+)/g), (match) => match[1]));
  assert.deepEqual(Object.keys(stringData).sort(), [...asked].sort());
  assert.deepEqual([...new Set(Object.values(stringData))], [""]);
});

Deno.test("images have this version", async () => {
  const images = [pod, recordings.spec.template.spec].flatMap(({ containers, initContainers = [] }) =>
    [...containers, ...initContainers].map(({ image }) => image).filter((image) => image !== undefined)
  );
  assert.deepEqual([...new Set(images)], [`registry.example.org/b3scale/b3scaled:${VERSION}`]);
  const { images: replaced = [] } = await kustomization("example");
  assert.deepEqual(replaced.map(({ name, newTag }) => `${name}:${newTag}`), [...new Set(images)]);
});

Deno.test("ports agree", async () => {
  assert.equal(portOf(container, "http"), config.listen.port);
  assert.equal(portOf(container, "metrics"), config.listenMetrics?.port);
  const names = (container.ports ?? []).map(({ name }) => name);
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    assert.equal(probe?.httpGet.port, "http");
  }
  const service = await readManifest<{ spec: { ports: { name: string; port: number; targetPort: string }[] } }>(
    "base/service.yaml",
  );
  for (const { name, port, targetPort } of service.spec.ports) {
    assert.equal(targetPort, name);
    assert.equal(port, portOf(container, name));
  }
  const served = service.spec.ports.map(({ name }) => name);
  const policy = await readManifest<{ spec: { ingress: { ports: { port: string }[] }[] } }>("base/network_policy.yaml");
  assert.deepEqual(policy.spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port)).sort(), [...names].sort());
  for (const file of ["ingress/ingress.yaml", "monitoring/service_monitor.yaml"]) {
    const text = await readText(`deploy/kubernetes/${file}`);
    const asked = [...text.matchAll(/(?:port: \{ name: (\w+)|- port: (\w+))/g)].map(([, a, b]) => a ?? b ?? "");
    assert(asked.length > 0, file);
    for (const name of asked) assert(served.includes(name), `${file}: ${name}`);
  }
});

Deno.test("the Ingress lets through what deploy/nginx/b3scaled.conf does", async () => {
  interface Ingress {
    readonly spec: { readonly rules: readonly { readonly http: { readonly paths: readonly { path: string }[] } }[] };
  }
  const ingresses = await readManifests<Ingress>("ingress/ingress.yaml");
  const paths = ingresses.flatMap(({ spec }) => spec.rules.flatMap(({ http }) => http.paths.map(({ path }) => path)));
  const nginx = (await readText("deploy/nginx/b3scaled.conf")).matchAll(/^ +location (?:= )?(\/\S*) \{(.*)/gm);
  const proxied = Array.from(nginx, ([, path, rest]) => rest?.includes("return 404") ? undefined : path);
  assert.deepEqual(paths.sort(), proxied.filter((path) => path !== undefined).sort());
});

Deno.test("a pod is given the time to stop and memory beyond the heap", async () => {
  assert((pod.terminationGracePeriodSeconds ?? 0) > config.drainMs / 1000 + MOST_STOPPING_SECONDS);
  const heap = Number(/mostHeapMb: (\d+)/.exec(await readText("deploy/compile.ts"))?.[1]);
  assert(megabytes(container.resources?.limits.memory ?? "") >= heap + 256);
});

Deno.test("containers may do little, as the user of the image", async () => {
  const user = Number(/^USER (\d+):\d+$/m.exec((await readText("Dockerfile")).split(" AS runtime")[1] ?? "")?.[1]);
  assert.equal(pod.securityContext.runAsUser, user);
  assert.equal(pod.securityContext.runAsNonRoot, true);
  for (const { securityContext } of [container, ...recordings.spec.template.spec.initContainers ?? []]) {
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
});

Deno.test("kustomizations name files that are there, and every file is named", async () => {
  const named = new Set(["deploy/kubernetes/secret.example.yaml"]);
  for (const folder of FOLDERS) {
    named.add(`deploy/kubernetes/${folder}/kustomization.yaml`);
    const { resources = [], components = [], patches = [] } = await kustomization(folder);
    for (const name of [...resources, ...components, ...patches.flatMap(({ path }) => path ?? [])]) {
      const path = new URL(name, `file:///deploy/kubernetes/${folder}/`).pathname.slice(1);
      assert(await fileExists(path), path);
      named.add(path);
    }
  }
  for (const path of await filesBelow("deploy/kubernetes")) assert(named.has(path), path);
});

Deno.test("a server answers the probes: alive at once, ready with its database", async () => {
  const path = (probe: Container["startupProbe"]) => probe?.httpGet.path ?? "";
  assert.equal(path(container.startupProbe), path(container.livenessProbe));

  await using waiting = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: "postgres://nobody@127.0.0.1:1/none" } });
  const status = async (url: string) => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status;
  };
  const away = await waiting.origin();
  assert.equal(await status(away + path(container.livenessProbe)), 200);
  assert.equal(await status(away + path(container.readinessProbe)), 503);

  await using db = await testDatabase();
  await using server = runB3scaled({ env: { ...BASE_ENV, B3SCALE_DB_URL: db.url } });
  const origin = await server.origin();
  await eventually(
    "b3scaled is ready",
    async () => await status(origin + path(container.readinessProbe)) === 200 || undefined,
    { withinMs: 30_000 },
  );
});
