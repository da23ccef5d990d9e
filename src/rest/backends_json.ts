// A backend's row as REST shows it, with what its health means. The only place where row and JSON differ.
import { healthOf, healthReasons, isEligible } from "../cluster/health.ts";
import { backendLoads } from "../cluster/load.ts";
import { type BackendJson, CHECKSUM_ALGORITHMS } from "../contract/backend.ts";
import { jsonTime } from "../contract/endpoint.ts";
import type { Deps } from "../deps.ts";
import type { BackendRecord } from "../store/backend_records.ts";
import { readTexts } from "../store/frontend_settings.ts";

type BackendDeps = Pick<Deps, "config" | "db" | "view">;

export async function backendsJson(deps: BackendDeps, rows: readonly BackendRecord[]): Promise<BackendJson[]> {
  const loads = await loadsOf(deps, rows);
  return rows.map((row) => toJson(row, loads.get(row.id) ?? 0));
}

export async function backendJson(deps: BackendDeps, row: BackendRecord): Promise<BackendJson> {
  return toJson(row, (await loadsOf(deps, [row])).get(row.id) ?? 0);
}

/** Without the reservations that the view lacks: they are milliseconds old, and only a placement has to know them. */
const loadsOf = async ({ config, db, view }: BackendDeps, rows: readonly BackendRecord[]) =>
  backendLoads(config.loadModel, rows, await view.weighMeetings(db), []);

const toJson = (row: BackendRecord, load: number): BackendJson => ({
  id: row.id,
  node_state: row.node_state,
  admin_state: row.admin_state,
  agent_heartbeat: jsonTime(row.agent_heartbeat),
  agent_ref: row.agent_ref,
  last_error: row.last_error,
  latency: row.latency,
  meetings_count: row.meetings_count,
  attendees_count: row.attendees_count,
  load_factor: row.load_factor,
  bbb: { host: row.host, secret: row.secret },
  settings: settingsJson(row.settings),
  created_at: jsonTime(row.created_at),
  updated_at: jsonTime(row.updated_at),
  synced_at: jsonTime(row.synced_at),
  health: healthOf(row),
  eligible: isEligible(row),
  reasons: healthReasons({ ...row, last_error: row.health_error ?? row.last_error }),
  load,
});

function settingsJson({ tags, checksum_algorithm }: BackendRecord["settings"]): BackendJson["settings"] {
  const algorithm = CHECKSUM_ALGORITHMS.find((name) => name === checksum_algorithm);
  return {
    tags: Array.isArray(tags) ? readTexts(tags) : null,
    ...(algorithm === undefined ? {} : { checksum_algorithm: algorithm }),
  };
}
