// Where meetings are and who is in them, out of what REST tells, 1.x's servers included. Used by `show` and `drain`.
import { backendEndpoints } from "../src/contract/backend.ts";
import { type Answer, type ApiClient, ApiError } from "../src/contract/client.ts";
import { frontendEndpoints } from "../src/contract/frontend.ts";
import { meetingEndpoints, type MeetingJson } from "../src/contract/meeting.ts";
import { encodeMeetingID, type FrontendMeetingID, readMeetingID } from "../src/contract/meeting_id.ts";
import { createSemaphore } from "../src/lib/semaphore.ts";
import { findBackend, findFrontend } from "./lookup.ts";
import type { Session } from "./types.ts";

export type Meeting = Answer<MeetingJson>;

/** A meeting with the names of its tenant and node; "" where it has none. */
export interface NamedMeeting {
  readonly row: Meeting;
  readonly frontendKey: string;
  readonly host: string;
}

/** Requests under way at once. */
const AT_ONCE = 8;

/** All of the cluster's, or those of one tenant, one node, or both. @throws CliError for a tenant or node nobody knows */
export async function listMeetings(
  session: Session,
  { key, host }: { readonly key?: string | undefined; readonly host?: string | undefined },
): Promise<NamedMeeting[]> {
  const { api, status } = session;
  const frontend = key === undefined ? undefined : await findFrontend(api, key);
  const backend = host === undefined ? undefined : await findBackend(api, host);
  const isOurs = status.features !== undefined;
  if (isOurs && frontend !== undefined) {
    const query = { frontend_id: frontend.id, ...backend === undefined ? {} : { backend_id: backend.id } };
    return await named(session, await api.call(meetingEndpoints.list, { query }));
  }
  const backends = backend === undefined ? await api.call(backendEndpoints.list) : [backend];
  const lists = await mapAtOnce(backends, ({ id }) => listBackendMeetings(api, id));
  const rows = new Map(lists.flat().map((row) => [row.id, row])); // one that moves meanwhile is in two lists
  return await named(
    session,
    [...rows.values()].filter((row) => frontend === undefined || row.frontend_id === frontend.id),
  );
}

/** None when the node has just been removed. */
export const listBackendMeetings = async (api: ApiClient, backendID: string): Promise<readonly Meeting[]> =>
  await orNothing(api.call(meetingEndpoints.list, { query: { backend_id: backendID } })) ?? [];

/**
 * By the stored id, `internal:` and BBB's own, BBB's own alone, or the id that a tenant gave: then of every tenant that
 * has one of that name.
 */
export async function findMeetings(session: Session, id: string): Promise<NamedMeeting[]> {
  const { api } = session;
  const find = (id: string) => orNothing(api.call(meetingEndpoints.show, { params: { id } }));
  const found = await find(id) ?? await find(`internal:${id}`);
  if (found !== undefined) return await named(session, [found]);
  const frontends = await api.call(frontendEndpoints.list);
  const rows = await mapAtOnce(frontends, ({ bbb }) => find(encodeMeetingID(bbb.key, id as FrontendMeetingID)));
  return await named(session, rows.filter((row) => row !== undefined));
}

/** 1.x names neither tenant nor node. */
async function named({ api }: Session, rows: readonly Meeting[]): Promise<NamedMeeting[]> {
  const isMissing = rows.some((row) => row.frontend_key === undefined || row.backend_host === undefined);
  const [frontends, backends] = isMissing
    ? await Promise.all([api.call(frontendEndpoints.list), api.call(backendEndpoints.list)])
    : [[], []];
  const keys = new Map(frontends.map(({ id, bbb }) => [id, bbb.key]));
  const hosts = new Map(backends.map(({ id, bbb }) => [id, bbb.host]));
  return rows.map((row) => ({
    row,
    frontendKey: row.frontend_key ?? keys.get(row.frontend_id ?? "") ?? "",
    host: row.backend_host ?? hosts.get(row.backend_id ?? "") ?? "",
  }));
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const places = createSemaphore(AT_ONCE);
  return await Promise.all(items.map(async (item) => {
    const leave = await places.acquire();
    try {
      return await work(item);
    } finally {
      leave();
    }
  }));
}

/** As its tenant knows it. */
export const ownID = ({ id }: Meeting): string => readMeetingID(id)?.meetingID ?? id;

/** A list of 1.x may hold nulls. */
export const attendees = ({ meeting }: Meeting) => (meeting.Attendees ?? []).filter((attendee) => attendee !== null);

/** The node's count and the list of names come at different times. */
export const people = (row: Meeting): number => Math.max(row.meeting.ParticipantCount, attendees(row).length);

export const moderators = (row: Meeting): number => {
  const list = attendees(row);
  return list.length === 0
    ? row.meeting.ModeratorCount
    : list.filter(({ Role }) => Role.toUpperCase() === "MODERATOR").length;
};

/** Milliseconds since 1970: when its node built it, else when it was first heard of. */
export const createdAt = ({ meeting, created_at }: Meeting): number => meeting.CreateTime || Date.parse(created_at);

export const totalPeople = (rows: readonly Meeting[]): number => rows.reduce((sum, row) => sum + people(row), 0);
