// Where a new meeting goes (design §4): a place is reserved in one short transaction before any node is called.
// Of two processes that create the same meeting one gets the row; each placement sees the reservations before it.
import { type Meeting, NO_MEETING } from "../bbb/meeting.ts";
import { backendLoads, expectedAttendees } from "../cluster/load.ts";
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db, Deps } from "../deps.ts";
import { createSemaphore } from "../lib/semaphore.ts";
import { selectBackend } from "../router/router.ts";
import type { Backend } from "../store/backends.ts";
import {
  confirmMeeting,
  deletePendingMeeting,
  insertPendingMeeting,
  type MeetingRow,
  takeOverMeeting,
} from "../store/meetings.ts";
import { listReservations, lockPlacement, type Reservation, upsertReservation } from "../store/reservations.ts";
import type { GatewayRequest } from "./types.ts";

/** A row that this request has made pending, and the backend that has a place for it. */
export interface Placement {
  readonly id: ClusterMeetingID;
  readonly pendingID: string;
  /** Most people the room ever had. */
  readonly peak: number | undefined;
  readonly backend: Backend;
  /** Backends that have failed this create already. */
  readonly tried: readonly string[];
}

export interface Placements {
  /**
   * Takes the meeting and a place for it.
   * @param seen the row whose backend is gone; undefined when there is none
   * @returns undefined when another request was faster @throws no_backend_available
   */
  reserve(req: GatewayRequest, id: ClusterMeetingID, seen: MeetingRow | undefined): Promise<Placement | undefined>;
  /** To the next candidate. @throws no_backend_available */
  move(req: GatewayRequest, placement: Placement): Promise<Placement>;
  /** The node has built it. */
  confirm(placement: Placement, meeting: Meeting): Promise<void>;
  /** Nothing was built. */
  release(placement: Placement): Promise<void>;
}

type PlacementDeps = Pick<Deps, "config" | "db" | "view" | "random">;

export function createPlacements({ config, db, view, random }: PlacementDeps): Placements {
  // 200 at once would hold every connection of the pool while they wait for the lock.
  const queue = createSemaphore(1);

  async function inTurn<T>(transaction: (tx: Db) => Promise<T>): Promise<T> {
    const leave = await queue.acquire();
    try {
      return await db.begin(transaction) as T;
    } finally {
      leave();
    }
  }

  /** Under the lock, so that whoever locks next sees what is chosen here. */
  async function choose(
    tx: Db,
    { req, id, peak, candidates, reservations }: {
      req: GatewayRequest;
      id: ClusterMeetingID;
      peak: number | undefined;
      candidates: readonly Backend[];
      reservations: readonly Reservation[];
    },
  ): Promise<Backend> {
    const others = reservations.filter((reservation) => reservation.meeting_id !== id);
    const loads = backendLoads(config.loadModel, candidates, await view.weighMeetings(tx), others);
    const weighed = candidates.map((backend) => ({ backend, load: loads.get(backend.id) ?? 0 }));
    const backend = selectBackend(weighed, req, random);
    const expected = expectedAttendees({
      hint: req.params.get("meta_bbb-meeting-size-hint"),
      peak,
      maxParticipants: req.params.get("maxParticipants"),
    });
    await upsertReservation(tx, { meeting_id: id, backend_id: backend.id, expected });
    return backend;
  }

  /** Sent together, run one after the other: the list has a snapshot from after the wait for the lock. */
  const lockAndList = async (tx: Db): Promise<Reservation[]> => {
    const [, reservations] = await Promise.all([lockPlacement(tx), listReservations(tx, view.seenUntil())]);
    return reservations;
  };

  return {
    reserve: async (req, id, seen) => {
      const candidates = await view.listBackends();
      const pendingID = crypto.randomUUID();
      const frontend_id = req.frontend.id;
      return await inTurn(async (tx) => {
        const [pending, reservations] = await Promise.all([
          seen === undefined
            ? insertPendingMeeting(tx, { id, pendingID, frontend_id, meeting: { ...NO_MEETING, meetingID: id } })
            : takeOverMeeting(tx, {
              id,
              seenInternalID: seen.internal_id,
              seenBackendID: seen.backend_id,
              pendingID,
            }),
          lockAndList(tx),
        ]);
        if (pending === undefined) return undefined;
        const peak = pending.peak ?? undefined;
        const backend = await choose(tx, { req, id, peak, candidates, reservations });
        return { id, pendingID, peak, backend, tried: [] };
      });
    },
    move: async (req, placement) => {
      const { id, peak } = placement;
      const tried = [...placement.tried, placement.backend.id];
      const candidates = (await view.listBackends()).filter((backend) => !tried.includes(backend.id));
      return await inTurn(async (tx) => {
        const reservations = await lockAndList(tx);
        return { ...placement, tried, backend: await choose(tx, { req, id, peak, candidates, reservations }) };
      });
    },
    confirm: async ({ id, pendingID, backend }, meeting) => {
      const row = await confirmMeeting(db, { id, pendingID, backendID: backend.id, meeting });
      if (row !== undefined) view.applyMeeting(row);
    },
    release: async ({ id, pendingID }) => {
      await deletePendingMeeting(db, id, pendingID);
      view.forgetMeeting(id);
    },
  };
}
