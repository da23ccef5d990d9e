// Backends: operators see and change all of them, a node's agent its own.
import { ADMIN_STATES, backendEndpoints, type BackendInput } from "../contract/backend.ts";
import { AppError } from "../errors.ts";
import {
  type BackendRecord,
  bindBackendAgent,
  deleteBackendRecord,
  getBackendRecord,
  insertBackendRecord,
  listBackendRecords,
  lockBackendRecord,
  updateBackendRecord,
} from "../store/backend_records.ts";
import { insertPollCommand } from "../store/commands.ts";
import { isDeadlock, isUniqueViolation } from "../store/pool.ts";
import type { Principal } from "./auth.ts";
import { backendJson, backendsJson } from "./backends_json.ts";
import { isTrueish, isUuid } from "./input.ts";
import { conflict, invalid } from "./problem.ts";
import { type RestDeps, route } from "./route.ts";

const notFound = (id: string) => new AppError("not_found", `Backend "${id}" is unknown`);

/** Part of every query: an agent never even finds what is another's. */
const ownedBy = (principal: Principal): { agent_ref?: string } => principal.isAdmin ? {} : { agent_ref: principal.sub };

const REQUIRED = "this field is required";
const MAX_AGENT_REF = 64;

/** What an agent's backend is bound to; null for an operator, who binds none. */
function newAgentRef({ isAdmin, sub }: Principal): string | null {
  if (isAdmin) return null;
  if (sub === "") throw new AppError("forbidden", "The token names no agent");
  if (sub.length > MAX_AGENT_REF || sub.includes("\0")) {
    invalid({ agent_ref: [`should be at most ${MAX_AGENT_REF} plain characters`] });
  }
  return sub;
}

/** Only what changes is checked: older rows may hold anything, and 1.x clients send back what they got. */
function checkChanges(stored: BackendRecord | undefined, { bbb, admin_state }: BackendInput): void {
  const changes = (given: string | null | undefined, old: string | undefined) =>
    stored === undefined || (given !== undefined && given !== null && given !== old);
  const fields: Record<string, string[]> = {};
  const host = bbb?.host ?? "";
  if (changes(bbb?.host, stored?.host)) {
    const wrong = host.trim() === "" ? [REQUIRED] : [];
    if (!host.startsWith("http")) wrong.push("should start with http(s)://");
    if (wrong.length > 0) fields["bbb.host"] = wrong;
  }
  if (changes(bbb?.secret, stored?.secret) && (bbb?.secret ?? "").trim() === "") fields["bbb.secret"] = [REQUIRED];
  const isKnown = (state: string) => (ADMIN_STATES as readonly string[]).includes(state);
  if (changes(admin_state, stored?.admin_state) && !isKnown(admin_state ?? "ready")) {
    fields["admin_state"] = ["invalid value"];
  }
  if (Object.keys(fields).length > 0) invalid(fields);
}

/** Members that are not given stay, those that we do not know included. */
function mergeSettings(stored: BackendRecord["settings"], patch: BackendInput["settings"]): BackendRecord["settings"] {
  const { tags, checksum_algorithm } = patch ?? {};
  const merged = { ...stored };
  if (tags !== undefined) merged["tags"] = tags;
  if (checksum_algorithm === null) delete merged["checksum_algorithm"];
  else if (checksum_algorithm !== undefined) merged["checksum_algorithm"] = checksum_algorithm;
  return merged;
}

/** @throws conflict when another backend has the host or the agent */
async function uniqueColumns<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, "backends_host_key")) conflict("bbb.host", error);
    if (isUniqueViolation(error, "backends_agent_ref_key")) conflict("agent_ref", error);
    throw error;
  }
}

const MOST_ATTEMPTS = 5;

/** Polls lock meetings before their backend, or, when they release them, after it: one of two may have to step back. */
async function deleteAtOnce({ db, view, log, metrics }: RestDeps, id: string): Promise<BackendRecord | undefined> {
  for (let attempt = 1;; attempt++) {
    try {
      const deleted = await db.begin((tx) => deleteBackendRecord(tx, id));
      if (deleted === undefined) return undefined;
      for (const meeting of deleted.meetings) {
        view.forgetMeeting(meeting.id);
        metrics.meetingEnded(meeting);
      }
      const { host } = deleted.backend;
      log.info("backend removed by force", { backend_id: id, host, released: deleted.meetings.length });
      return deleted.backend;
    } catch (error) {
      if (!isDeadlock(error) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

export const backendRoutes = [
  route(backendEndpoints.list, async ({ deps, query }) => {
    const rows = await listBackendRecords(deps.db, query);
    return await backendsJson(deps, rows);
  }),

  route(backendEndpoints.create, async ({ deps, principal, body }) => {
    checkChanges(undefined, body);
    const agent_ref = newAgentRef(principal);
    const bbb = { host: body.bbb?.host ?? "", secret: body.bbb?.secret ?? "" };
    const row = await uniqueColumns(() =>
      deps.db.begin(async (tx) => {
        // The operator's backend, whose agent has come: what it sends as wanted for a new one is not for this one.
        const bound = agent_ref === null ? undefined : await bindBackendAgent(tx, { ...bbb, agent_ref });
        const id = bound ?? await insertBackendRecord(tx, {
          ...bbb,
          admin_state: (body.admin_state ?? "ready") as BackendRecord["admin_state"],
          load_factor: body.load_factor || 1,
          settings: mergeSettings({ tags: null }, body.settings),
          agent_ref,
        });
        await insertPollCommand(tx, id);
        return await getBackendRecord(tx, id);
      })
    );
    return await backendJson(deps, row);
  }),

  route(backendEndpoints.show, async ({ deps, principal, params: { id = "" } }) => {
    const [row] = isUuid(id) ? await listBackendRecords(deps.db, { id, ...ownedBy(principal) }) : [];
    if (row === undefined) throw notFound(id);
    return await backendJson(deps, row);
  }),

  route(backendEndpoints.update, async ({ deps, principal, params: { id = "" }, body }) => {
    const row = await uniqueColumns(() =>
      deps.db.begin(async (tx) => {
        const stored = isUuid(id) ? await lockBackendRecord(tx, { id, ...ownedBy(principal) }) : undefined;
        if (stored === undefined) throw notFound(id);
        checkChanges(stored, body);
        await updateBackendRecord(tx, {
          id: stored.id,
          host: body.bbb?.host ?? undefined,
          secret: body.bbb?.secret ?? undefined,
          admin_state: (body.admin_state ?? undefined) as BackendRecord["admin_state"] | undefined,
          load_factor: body.load_factor ?? undefined,
          settings: body.settings ? mergeSettings(stored.settings, body.settings) : undefined,
        });
        await insertPollCommand(tx, stored.id);
        return await getBackendRecord(tx, stored.id);
      })
    );
    return await backendJson(deps, row);
  }),

  route(backendEndpoints.delete, async ({ deps, query, params: { id = "" } }) => {
    if (!isUuid(id)) throw notFound(id);
    if (isTrueish(query.force)) {
      const row = await deleteAtOnce(deps, id);
      if (row === undefined) throw notFound(id);
      const removed = await backendJson(deps, row);
      return { ...removed, admin_state: "destroyed", eligible: false, reasons: ["it was removed"] };
    }
    const row = await deps.db.begin(async (tx) => {
      if (await lockBackendRecord(tx, { id }) === undefined) throw notFound(id);
      await updateBackendRecord(tx, { id, admin_state: "decommissioned" });
      return await getBackendRecord(tx, id);
    });
    return await backendJson(deps, row);
  }),
];
