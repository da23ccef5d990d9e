// What has to be done so that the cluster is as a file says, and what a file has to say so that a cluster becomes like
// this one. Pure: apply carries the plan out, export prints the file.
import { isDeepStrictEqual } from "node:util";
import type { BackendJson } from "../src/contract/backend.ts";
import type { Answer } from "../src/contract/client.ts";
import type { FrontendJson } from "../src/contract/frontend.ts";
import type { ClusterFile, Entry, Members, Section } from "./cluster_schema.ts";
import { CliError } from "./types.ts";

export type ClusterObject = Answer<FrontendJson> | Answer<BackendJson>;
export type Cluster = { readonly [section in Section]: readonly ClusterObject[] };

export interface Change {
  /** Outermost first: `["settings", "join_default_params", "guest"]`. */
  readonly path: readonly string[];
  /** Undefined and null: not set. */
  readonly old: unknown;
  /** The same. */
  readonly wanted: unknown;
}

export interface Step {
  readonly action: "create" | "change" | "remove";
  readonly section: Section;
  /** Key or host. */
  readonly name: string;
  /** Undefined for what is created. */
  readonly id?: string;
  /** What is wanted; of what is removed, what it is. */
  readonly entry: Entry;
  /** Of what is created, from the server's defaults. */
  readonly changes: readonly Change[];
}

export interface Plan {
  /** In the order in which they are to be done. */
  readonly steps: readonly Step[];
  /** What the operator should know besides. */
  readonly notes: readonly string[];
}

/** What the server makes of an object with nothing but a name and a secret. */
const DEFAULTS: Readonly<Record<Section, Entry>> = {
  frontends: { active: true, account_ref: null, settings: {} },
  backends: { admin_state: "ready", load_factor: 1, settings: {} },
};

interface Known {
  readonly id: string;
  readonly name: string;
  readonly entry: Entry;
}

/** A host that was stored without the slash at its end is the same one. */
function known(object: ClusterObject): Known {
  const { id, bbb: { secret } } = object;
  const settings = { ...object.settings };
  if ("active" in object) {
    const { active, account_ref } = object;
    return { id, name: object.bbb.key, entry: { secret, active, account_ref, settings } };
  }
  const { admin_state, load_factor, bbb: { host } } = object;
  return { id, name: host.endsWith("/") ? host : `${host}/`, entry: { secret, admin_state, load_factor, settings } };
}

const isLeaving = ({ entry }: Known): boolean => entry["admin_state"] === "decommissioned";

/**
 * Backends come first, because new frontends may ask for their tags; what is removed comes last.
 * @param prune removes what the file does not name, in the sections that it has
 * @throws CliError when something new has no secret
 */
export function planCluster(file: ClusterFile, cluster: Cluster, { prune }: { readonly prune: boolean }): Plan {
  const actual = { frontends: cluster.frontends.map(known), backends: cluster.backends.map(known) };
  const wanted = (section: Section): Step[] => {
    const byName = new Map(actual[section].map((object) => [object.name, object]));
    return [...file[section] ?? []].flatMap(([name, entry]): Step[] => {
      const { id, entry: old } = byName.get(name) ?? { entry: DEFAULTS[section] };
      const changes = changesTo(entry, old);
      if (id === undefined) return [{ action: "create", section, name, entry, changes }];
      return changes.length === 0 ? [] : [{ action: "change", section, name, id, entry, changes }];
    });
  };
  const unnamed = (section: Section): Step[] =>
    actual[section].filter((object) => prune && file[section]?.has(object.name) === false && !isLeaving(object))
      .map((object) => ({ action: "remove", section, ...object, changes: [] }));

  const steps = [...wanted("backends"), ...wanted("frontends"), ...unnamed("frontends"), ...unnamed("backends")];
  const lacking = steps.filter(({ action, entry }) => action === "create" && entry.secret === undefined);
  if (lacking.length > 0) {
    throw new CliError(`to create it, a secret is needed for ${lacking.map(({ name }) => `"${name}"`).join(", ")}`);
  }
  const leaving = actual.backends.filter((object) =>
    isLeaving(object) && file.backends?.get(object.name)?.["admin_state"] === undefined &&
    file.backends?.has(object.name)
  );
  return {
    steps,
    notes: leaving.map(({ name }) =>
      `backend ${name} is being decommissioned, and the file names it: admin_state: ready would keep it`
    ),
  };
}

/** What the server's answer to a step still lacks. */
export const changesLeft = ({ entry }: Step, answer: ClusterObject): Change[] => changesTo(entry, known(answer).entry);

/**
 * Of an object and of its settings, the members that `wanted` names; a map of parameters counts as a whole, so that those
 * that it does not name are to go.
 */
function changesTo(wanted: Members, actual: Members, path: readonly string[] = []): Change[] {
  const isParams = path.length === 2;
  const names = new Set([...Object.keys(wanted), ...isParams ? Object.keys(actual) : []]);
  return [...names].flatMap((name) => {
    const at = [...path, name];
    const [old, value] = [actual[name], wanted[name]];
    if (at.length === 1 ? name === "settings" : at.length === 2 && name.endsWith("_params")) {
      return changesTo((value ?? {}) as Members, (old ?? {}) as Members, at);
    }
    const change = { path: at, old, wanted: isParams && value === "" ? undefined : value }; // empty ones are not kept
    return isSame(change) ? [] : [change];
  });
}

function isSame({ path: [name], old, wanted }: Change): boolean {
  if (name === "load_factor") return Math.fround(Number(old)) === Math.fround(Number(wanted)); // stored as a float4
  return isDeepStrictEqual(plain(old), plain(wanted));
}

/** What the server takes for the same as nothing: members that are null, an object without members, an empty list. */
function plain(value: unknown): unknown {
  if (value === undefined || isDeepStrictEqual(value, [])) return null;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return members.length === 0 ? null : Object.fromEntries(members);
}

/** For PATCH: null takes away what is not wanted. */
export function patchOf(changes: readonly Change[]): Members {
  const { secret, ...body } = nested(changes);
  return secret === undefined ? body : { bbb: { secret }, ...body };
}

/** For POST: everything at once. */
export function creationOf({ section, name, entry: { secret }, changes }: Step): Members {
  return { ...patchOf(changes), bbb: { [section === "frontends" ? "key" : "host"]: name, secret } };
}

function nested(changes: readonly Change[]): Members {
  const whole: Record<string, unknown> = {};
  for (const { path, wanted } of changes) {
    let members = whole;
    for (const name of path.slice(0, -1)) members = (members[name] ??= {}) as Record<string, unknown>;
    members[path.at(-1) ?? ""] = wanted ?? null;
  }
  return whole;
}

/**
 * What differs from the defaults, in the order of the names. Backends that are being decommissioned are left out; `error`,
 * which 1.x could store as an admin_state, takes no meetings and is written as `stopped`.
 */
export function clusterFileOf(cluster: Cluster, { secrets }: { readonly secrets: boolean }): ClusterFile {
  const entries = (section: Section): ReadonlyMap<string, Entry> =>
    new Map(
      cluster[section].map(known).filter((object) => !isLeaving(object))
        .sort((a, b) => a.name < b.name ? -1 : 1)
        .map(({ name, entry: { secret, ...entry } }) => {
          const stated = entry["admin_state"] === "error" ? { ...entry, admin_state: "stopped" } : entry;
          return [name, { ...secrets ? { secret } : {}, ...nested(changesTo(stated, DEFAULTS[section])) }];
        }),
    );
  return { frontends: entries("frontends"), backends: entries("backends") };
}
