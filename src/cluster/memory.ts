// The cluster's rows in memory with their indexes. Only the feed and the view's writes change it; rows are never mutated.
import { attendeesCount } from "../bbb/meeting.ts";
import type { Backend, BackendPulse } from "../store/backends.ts";
import type { Frontend } from "../store/frontends.ts";
import { isPending, type MeetingRow } from "../store/meetings.ts";

/** A row and the monotonic moment (ms) when it was read, so that its ages go on. */
export interface Held<Row> {
  readonly row: Row;
  readonly readAt: number;
}

export interface ClusterMemory {
  readonly frontends: ReadonlyMap<string, Frontend>;
  readonly backends: ReadonlyMap<string, Held<Backend>>;
  readonly meetings: ReadonlyMap<string, Held<MeetingRow>>;
  findFrontendByKey(key: string): Frontend | undefined;
  findBackendByAgent(agentRef: string): Held<Backend> | undefined;
  /** Pending meetings are on no backend, and so not found. */
  findMeetingByInternalID(backendID: string, internalID: string): Held<MeetingRow> | undefined;
  meetingsOfFrontend(frontendID: string): Iterable<Held<MeetingRow>>;
  meetingsOfBackend(backendID: string): Iterable<Held<MeetingRow>>;
  attendeesOfFrontend(frontendID: string): number;
  /** Changes whenever a meeting of the frontend does. */
  revisionOfFrontend(frontendID: string): number;
  putFrontend(row: Frontend): void;
  putBackend(row: Backend, readAt: number): void;
  putMeeting(row: MeetingRow, readAt: number): void;
  /** Ages and counters of a backend that is known. False for one that is not. */
  putPulse(pulse: BackendPulse, readAt: number): boolean;
  deleteFrontend(id: string): void;
  deleteBackend(id: string): void;
  deleteMeeting(id: string): void;
  /** Backends whose meetings changed since the last call. */
  takeChangedBackends(): string[];
}

export function createClusterMemory(): ClusterMemory {
  const frontends = new Map<string, Frontend>();
  const frontendsByKey = new Map<string, Frontend>();
  const backends = new Map<string, Held<Backend>>();
  const backendsByAgent = new Map<string, string>();
  const meetings = new Map<string, Held<MeetingRow>>();
  /** The id is unique in the database; of two rows that swap it, one may be held a moment longer. */
  const meetingsByInternalID = new Map<string, string>();
  const byFrontend = new Map<string, Map<string, Held<MeetingRow>>>();
  const byBackend = new Map<string, Map<string, Held<MeetingRow>>>();
  const attendees = new Map<string, number>();
  const revisions = new Map<string, number>();
  const changedBackends = new Set<string>();
  let revision = 0;

  /** Adds (+1) or takes away (-1) a meeting's part of the sums. */
  function count({ row }: Held<MeetingRow>, sign: 1 | -1): void {
    if (row.backend_id !== null) changedBackends.add(row.backend_id);
    if (row.frontend_id === null) return;
    revisions.set(row.frontend_id, ++revision);
    if (isPending(row)) return;
    attendees.set(row.frontend_id, (attendees.get(row.frontend_id) ?? 0) + sign * attendeesCount(row.meeting));
  }

  function deleteMeeting(id: string): void {
    const held = meetings.get(id);
    if (held === undefined) return;
    count(held, -1);
    meetings.delete(id);
    if (meetingsByInternalID.get(held.row.internal_id) === id) meetingsByInternalID.delete(held.row.internal_id);
    removeFrom(byFrontend, held.row.frontend_id, id);
    removeFrom(byBackend, held.row.backend_id, id);
  }

  function deleteBackend(id: string): void {
    const ref = backends.get(id)?.row.agent_ref ?? null;
    backends.delete(id);
    if (ref !== null && backendsByAgent.get(ref) === id) backendsByAgent.delete(ref);
  }

  function deleteFrontend(id: string): void {
    const row = frontends.get(id);
    if (row === undefined) return;
    frontends.delete(id);
    if (frontendsByKey.get(row.key)?.id === id) frontendsByKey.delete(row.key);
  }

  return {
    frontends,
    backends,
    meetings,
    findFrontendByKey: (key) => frontendsByKey.get(key),
    findBackendByAgent: (ref) => backends.get(backendsByAgent.get(ref) ?? ""),
    findMeetingByInternalID: (backendID, internalID) => {
      const held = meetings.get(meetingsByInternalID.get(internalID) ?? "");
      return held?.row.backend_id === backendID ? held : undefined;
    },
    meetingsOfFrontend: (id) => byFrontend.get(id)?.values() ?? [],
    meetingsOfBackend: (id) => byBackend.get(id)?.values() ?? [],
    attendeesOfFrontend: (id) => attendees.get(id) ?? 0,
    revisionOfFrontend: (id) => revisions.get(id) ?? 0,
    putFrontend: (row) => {
      deleteFrontend(row.id); // the key may have changed
      frontends.set(row.id, row);
      frontendsByKey.set(row.key, row);
    },
    putBackend: (row, readAt) => {
      deleteBackend(row.id); // the agent may have changed
      backends.set(row.id, { row, readAt });
      if (row.agent_ref !== null) backendsByAgent.set(row.agent_ref, row.id);
    },
    putMeeting: (row, readAt) => {
      deleteMeeting(row.id);
      const held = { row, readAt };
      meetings.set(row.id, held);
      meetingsByInternalID.set(row.internal_id, row.id);
      addTo(byFrontend, row.frontend_id, row.id, held);
      addTo(byBackend, row.backend_id, row.id, held);
      count(held, 1);
    },
    putPulse: ({ id, meetings_count, attendees_count, ...ages }, readAt) => {
      const held = backends.get(id);
      if (held === undefined) return false;
      backends.set(id, { row: { ...held.row, meetings_count, attendees_count, ages }, readAt });
      return true;
    },
    deleteFrontend,
    deleteBackend,
    deleteMeeting,
    takeChangedBackends: () => {
      const ids = [...changedBackends];
      changedBackends.clear();
      return ids;
    },
  };
}

function addTo<T>(index: Map<string, Map<string, T>>, key: string | null, id: string, value: T): void {
  if (key === null) return;
  const group = index.get(key);
  if (group === undefined) index.set(key, new Map([[id, value]]));
  else group.set(id, value);
}

function removeFrom<T>(index: Map<string, Map<string, T>>, key: string | null, id: string): void {
  if (key === null) return;
  const group = index.get(key);
  group?.delete(id);
  if (group?.size === 0) index.delete(key);
}
