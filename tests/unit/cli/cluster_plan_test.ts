// planCluster(), the requests that a plan is made of, and clusterFileOf(), its reverse.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  changesLeft,
  type Cluster,
  clusterFileOf,
  creationOf,
  patchOf,
  planCluster,
  type Step,
} from "../../../cli/cluster_plan.ts";
import type { ClusterFile, Entry } from "../../../cli/cluster_schema.ts";
import type { BackendInput, BackendJson } from "../../../src/contract/backend.ts";
import type { Answer } from "../../../src/contract/client.ts";
import type { FrontendInput, FrontendJson } from "../../../src/contract/frontend.ts";
import { mergeFrontendSettings } from "../../../src/rest/frontend_settings.ts";
import { clusterFiles } from "../../support/cluster_files.ts";

type Frontend = Answer<FrontendJson>;
type Backend = Answer<BackendJson>;

const NO_SETTINGS: FrontendJson["settings"] = {
  required_tags: null,
  default_presentation: null,
  attendees_limit: null,
  create_default_params: {},
  create_override_params: {},
  join_default_params: {},
  join_override_params: {},
  recordings: null,
};
const AT = "2026-01-01T00:00:00Z";

const frontend = (key: string, more: Partial<Frontend> = {}): Frontend => ({
  id: `id of ${key}`,
  active: true,
  bbb: { key, secret: "old secret" },
  settings: NO_SETTINGS,
  account_ref: null,
  created_at: AT,
  updated_at: AT,
  ...more,
});

const backend = (host: string, more: Partial<Backend> = {}): Backend => ({
  id: `id of ${host}`,
  node_state: "ready",
  admin_state: "ready",
  agent_heartbeat: AT,
  agent_ref: null,
  last_error: null,
  latency: 0,
  meetings_count: 0,
  attendees_count: 0,
  load_factor: 1,
  bbb: { host, secret: "old secret" },
  settings: { tags: null },
  created_at: AT,
  updated_at: AT,
  synced_at: AT,
  ...more,
});

const N1 = "https://n1/api/";
const NOTHING: Cluster = { frontends: [], backends: [] };
const fileOf = (frontends: Record<string, Entry>, backends: Record<string, Entry> = {}): ClusterFile => ({
  frontends: new Map(Object.entries(frontends)),
  backends: new Map(Object.entries(backends)),
});
const plan = (file: ClusterFile, cluster: Cluster, prune = false) => planCluster(file, cluster, { prune });
const namesOf = (steps: readonly Step[]) => steps.map(({ action, name }) => `${action} ${name}`);

/** The one step that there is. */
function stepOf(file: ClusterFile, cluster: Cluster): Step {
  const [step, ...more] = plan(file, cluster).steps;
  assert(step !== undefined && more.length === 0, "one step");
  return step;
}

Deno.test("planCluster() has backends first and removals last", () => {
  const cluster = { frontends: [frontend("old"), frontend("b")], backends: [backend("https://gone/"), backend(N1)] };
  const file = fileOf({ b: { active: false }, a: { secret: "s" } }, { [N1]: { load_factor: 2 } });
  assert.deepEqual(namesOf(plan(file, cluster, true).steps), [
    `change ${N1}`,
    "change b",
    "create a",
    "remove old",
    "remove https://gone/",
  ]);
  assert.deepEqual(namesOf(plan(file, cluster).steps), [`change ${N1}`, "change b", "create a"]);
});

Deno.test("planCluster() removes nothing of a section that the file does not have", () => {
  const cluster = { frontends: [frontend("a")], backends: [backend(N1)] };
  assert.deepEqual(plan({ backends: new Map([[N1, {}]]) }, cluster, true).steps, []);
  assert.deepEqual(namesOf(plan({ frontends: new Map() }, cluster, true).steps), ["remove a"]);
});

Deno.test("planCluster() leaves alone what an operator set and the file does not name", () => {
  const cluster = { frontends: [], backends: [backend(N1, { admin_state: "stopped", settings: { tags: ["a"] } })] };
  assert.deepEqual(plan(fileOf({}, { [N1]: { load_factor: 1, settings: {} } }), cluster).steps, []);
  assert.deepEqual(patchOf(stepOf(fileOf({}, { [N1]: { admin_state: "ready" } }), cluster).changes), {
    admin_state: "ready",
  });
});

Deno.test("planCluster() takes a host without the slash at its end for the same one", () => {
  const cluster = { frontends: [], backends: [backend("https://n1/api")] };
  assert.deepEqual(plan(fileOf({}, { [N1]: {} }), cluster, true).steps, []);
});

Deno.test("planCluster() leaves a backend that is being decommissioned to go, and says so when the file names it", () => {
  const cluster = { frontends: [], backends: [backend(N1, { admin_state: "decommissioned" })] };
  assert.deepEqual(plan(fileOf({}), cluster, true), { steps: [], notes: [] });
  assert.match(plan(fileOf({}, { [N1]: {} }), cluster).notes.join(), /n1.*is being decommissioned/);
  assert.deepEqual(plan(fileOf({}, { [N1]: { admin_state: "ready" } }), cluster).notes, []);
});

Deno.test("planCluster() refuses to create what has no secret, naming all of it", () => {
  assert.throws(
    () => plan(fileOf({ a: {}, b: { secret: "s" } }, { [N1]: {} }), NOTHING),
    /for "https:\/\/n1\/api\/", "a"$/,
  );
});

const same: [what: string, wanted: Entry, actual: Frontend | Backend][] = [
  ["no tags", { settings: { required_tags: [] } }, frontend("a")],
  ["no list of tags", { settings: { tags: null } }, backend(N1, { settings: { tags: [] } })],
  ["an empty map", { settings: { join_default_params: null } }, frontend("a")],
  ["no override", { settings: { recordings: { visibility_override: null } } }, frontend("a")],
  ["no algorithm", { settings: { checksum_algorithm: null } }, backend(N1)],
  ["what a float4 makes of it", { load_factor: 1.1 }, backend(N1, { load_factor: 1.100000023841858 })],
  [
    "another order of members",
    { settings: { default_presentation: { force: true, url: "u" } } },
    frontend("a", {
      settings: { ...NO_SETTINGS, default_presentation: { url: "u", force: true } },
    }),
  ],
];
for (const [what, wanted, actual] of same) {
  Deno.test(`planCluster() takes ${what} for the same`, () => {
    const isFrontend = "active" in actual;
    const cluster = isFrontend ? { frontends: [actual], backends: [] } : { frontends: [], backends: [actual] };
    const file = isFrontend ? fileOf({ a: wanted }) : fileOf({}, { [N1]: wanted });
    assert.deepEqual(plan(file, cluster).steps, []);
  });
}

Deno.test("patchOf() names changed members only, and takes away what a named map does not name", () => {
  const settings = {
    ...NO_SETTINGS,
    attendees_limit: { limit: 5 },
    create_default_params: { kept: "1", changed: "2", dropped: "3" },
    join_default_params: { other: "1" },
  };
  const wanted = {
    secret: "new secret",
    active: true,
    account_ref: "acct",
    settings: { attendees_limit: null, create_default_params: { kept: "1", changed: "x", added: "y" } },
  };
  assert.deepEqual(
    patchOf(stepOf(fileOf({ a: wanted }), { frontends: [frontend("a", { settings })], backends: [] }).changes),
    {
      bbb: { secret: "new secret" },
      account_ref: "acct",
      settings: { attendees_limit: null, create_default_params: { changed: "x", dropped: null, added: "y" } },
    },
  );
});

Deno.test("creationOf() holds all that differs from a new object", () => {
  const entry = { secret: "s", active: true, account_ref: null, settings: { required_tags: ["a"], recordings: null } };
  assert.deepEqual(creationOf(stepOf(fileOf({ a: entry }), NOTHING)), {
    bbb: { key: "a", secret: "s" },
    settings: { required_tags: ["a"] },
  });
});

Deno.test("clusterFileOf() orders by name, leaves out defaults and what is going, writes error as stopped", () => {
  const cluster = {
    frontends: [frontend("b", { active: false }), frontend("B"), frontend("a")],
    backends: [
      backend("https://n2", { admin_state: "error" }),
      backend(N1, { load_factor: 0, settings: { tags: [] } }),
      backend("https://n3/", { admin_state: "decommissioned" }),
    ],
  };
  const { frontends, backends } = clusterFileOf(cluster, { secrets: false });
  assert.deepEqual([...frontends ?? []], [["B", {}], ["a", {}], ["b", { active: false }]]);
  assert.deepEqual([...backends ?? []], [[N1, { load_factor: 0 }], ["https://n2/", { admin_state: "stopped" }]]);
  assert.equal(clusterFileOf(cluster, { secrets: true }).frontends?.get("a")?.secret, "old secret");
});

/** The object as the server makes it of a request. */
function served(object: Frontend | Backend, body: FrontendInput & BackendInput): Frontend | Backend {
  const bbb = { ...object.bbb, ...body.bbb };
  if ("active" in object) {
    const settings = mergeFrontendSettings(object.settings, body.settings) as FrontendJson["settings"];
    return { ...object, ...body, bbb, settings } as Frontend;
  }
  return { ...object, ...body, bbb, settings: { ...object.settings, ...body.settings } } as Backend;
}

const carriedOut = (file: ClusterFile, { frontends, backends }: Cluster): Cluster => {
  const objects = [...frontends, ...backends] as (Frontend | Backend)[];
  for (const step of plan(file, { frontends, backends }).steps) {
    const at = objects.findIndex(({ id }) => id === step.id);
    const old = objects[at] ?? (step.section === "frontends" ? frontend(step.name) : backend(step.name));
    const now = served(old, (at < 0 ? creationOf(step) : patchOf(step.changes)) as FrontendInput & BackendInput);
    assert.deepEqual(changesLeft(step, now), []);
    objects.splice(at < 0 ? objects.length : at, 1, now);
  }
  return {
    frontends: objects.filter((object) => "active" in object),
    backends: objects.filter((object) => !("active" in object)),
  };
};

Deno.test("planCluster() has nothing to do once its plan was carried out, and then nor has the exported file", () => {
  fc.assert(
    fc.property(clusterFiles, clusterFiles, (one, two) => {
      const first = carriedOut(named(one), NOTHING);
      const second = carriedOut(named(two), first); // names that both have are changed
      assert.deepEqual(plan(named(two), second).steps, []);
      const exported = clusterFileOf(second, { secrets: true });
      assert.deepEqual(plan(exported, second, true).steps, []);
      assert.deepEqual(plan(exported, carriedOut(exported, NOTHING), true).steps, []);
    }),
    { numRuns: 300 },
  );
});

/** Names of few kinds, so that two files share some. */
const named = ({ frontends, backends }: ClusterFile): ClusterFile => {
  const renamed = (entries: ClusterFile["frontends"], name: string) =>
    Object.fromEntries(
      [...entries?.values() ?? []].map((entry, n) => [name.replace("N", String(n)), { secret: "s", ...entry }]),
    );
  return fileOf(renamed(frontends, "frontend N"), renamed(backends, "https://nN/"));
};
