// Meetings: operators see and change all of them, a node's agent those of its node.
import { jsonTime } from "../contract/endpoint.ts";
import { meetingEndpoints, type MeetingJson } from "../contract/meeting.ts";
import type { Pool } from "../deps.ts";
import { AppError } from "../errors.ts";
import { listBackendRecords } from "../store/backend_records.ts";
import { touchFrontendMeeting } from "../store/frontend_meetings.ts";
import { listFrontendsMatching } from "../store/frontends.ts";
import {
  deleteMeetingRecord,
  listMeetingRecords,
  lockMeetingRecord,
  type MeetingFilter,
  type MeetingRecord,
  updateMeetingRecord,
} from "../store/meeting_records.ts";
import { isUniqueViolation } from "../store/pool.ts";
import { encodeStoredMeeting } from "../store/stored_meeting.ts";
import type { Principal } from "./auth.ts";
import { isUuid } from "./input.ts";
import { patchMeeting } from "./meetings_patch.ts";
import { conflict } from "./problem.ts";
import { route } from "./route.ts";

/** The only place where row and JSON differ. */
const meetingJson = ({ row, frontend_key, backend_host }: MeetingRecord): MeetingJson => ({
  id: row.id,
  internal_id: row.internal_id,
  meeting: encodeStoredMeeting(row.meeting) as unknown as MeetingJson["meeting"],
  frontend_id: row.frontend_id,
  backend_id: row.backend_id,
  created_at: jsonTime(row.created_at),
  updated_at: jsonTime(row.updated_at),
  synced_at: jsonTime(row.synced_at),
  frontend_key,
  backend_host,
});

const notFound = (id: string) => new AppError("not_found", `Meeting "${id}" is unknown`);

const INTERNAL = "internal:";

/** Which meeting the path names, among those that the caller may see. @throws forbidden for an agent without a backend */
async function filterOf(db: Pool, principal: Principal, id: string): Promise<MeetingFilter> {
  const internal_id = id.startsWith(INTERNAL) ? id.slice(INTERNAL.length) : undefined;
  const key = internal_id === undefined ? { id } : { internal_id };
  if (!principal.isAdmin) {
    const [own] = await listBackendRecords(db, { agent_ref: principal.sub });
    if (own === undefined) throw new AppError("forbidden", `Agent "${principal.sub}" has no backend`);
    return { ...key, backend_id: own.id };
  }
  return key;
}

/** No row has such an id, and PostgreSQL would refuse to look for it. */
const isImpossible = (id: string): boolean => id === INTERNAL || id.includes("\0");

export const meetingRoutes = [
  route(meetingEndpoints.list, async ({ deps: { db }, query }) => {
    const { backend_id, backend_host, frontend_id, frontend_key } = query;
    const ofBackend = backend_id !== undefined || backend_host !== undefined;
    const ofFrontend = frontend_id !== undefined || frontend_key !== undefined;
    if (!ofBackend && !ofFrontend) throw new AppError("bad_request", "No backend and no frontend is named");
    for (const id of [backend_id, frontend_id]) {
      if (id !== undefined && !isUuid(id)) throw new AppError("not_found", `Id "${id}" is unknown`);
    }
    const [backend] = ofBackend ? await listBackendRecords(db, { id: backend_id, host: backend_host }) : [];
    if (ofBackend && backend === undefined) throw new AppError("not_found", "The backend is unknown");
    const [frontend] = ofFrontend ? await listFrontendsMatching(db, { id: frontend_id, key: frontend_key }) : [];
    if (ofFrontend && frontend === undefined) throw new AppError("not_found", "The frontend is unknown");
    const rows = await listMeetingRecords(db, { backend_id: backend?.id, frontend_id: frontend?.id });
    return rows.map(meetingJson);
  }),

  route(meetingEndpoints.show, async ({ deps: { db }, principal, params: { id = "" } }) => {
    const filter = await filterOf(db, principal, id);
    const [found] = isImpossible(id) ? [] : await listMeetingRecords(db, filter);
    if (found === undefined) throw notFound(id);
    return meetingJson(found);
  }),

  route(meetingEndpoints.update, async ({ deps: { db, view }, principal, params: { id = "" }, body }) => {
    const filter = await filterOf(db, principal, id);
    const saved = await uniqueInternalID(() =>
      db.begin(async (tx) => {
        const stored = isImpossible(id) ? undefined : await lockMeetingRecord(tx, filter);
        if (stored === undefined) throw notFound(id);
        const { id: rowID, frontend_id, meeting } = stored.row;
        await updateMeetingRecord(tx, rowID, patchMeeting(meeting, body.meeting ?? {}));
        if (frontend_id !== null) await touchFrontendMeeting(tx, frontend_id, rowID);
        return (await listMeetingRecords(tx, { id: rowID }))[0];
      })
    );
    if (saved === undefined) throw notFound(id);
    view.applyMeeting(saved.row);
    return meetingJson(saved);
  }),

  route(meetingEndpoints.delete, async ({ deps: { db, view, metrics }, principal, params: { id = "" } }) => {
    const filter = await filterOf(db, principal, id);
    const deleted = await db.begin(async (tx) => {
      const stored = isImpossible(id) ? undefined : await lockMeetingRecord(tx, filter);
      if (stored !== undefined) await deleteMeetingRecord(tx, stored.row.id);
      return stored;
    });
    if (deleted === undefined) throw notFound(id);
    view.forgetMeeting(deleted.row.id);
    metrics.meetingEnded({ frontend: deleted.frontend_key, seconds: deleted.row.ageSeconds });
    return meetingJson(deleted);
  }),
];

/** @throws conflict when another meeting has the internal id */
async function uniqueInternalID<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, "meetings_internal_id_key")) conflict("meeting.InternalMeetingID", error);
    throw error;
  }
}
