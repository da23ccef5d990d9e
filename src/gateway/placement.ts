// Where a new meeting goes (design §4): a place is reserved in a short transaction before any node is called. Creates of
// one moment share it: whoever comes while one is under way goes into the next, and each sees the places taken before it.
import { type Meeting, NO_MEETING } from "../bbb/meeting.ts";
import { expectedAttendees, weighBackends } from "../cluster/load.ts";
import type { ClusterMeetingID } from "../contract/meeting_id.ts";
import type { Db, Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { inBatches } from "../lib/batches.ts";
import { within } from "../lib/within.ts";
import { selectBackend } from "../router/router.ts";
import type { Backend } from "../store/backends.ts";
import type { MeetingRow } from "../store/meetings.ts";
import {
  confirmMeetings,
  deletePendingMeeting,
  insertPendingMeetings,
  type PendingMeeting,
  takeOverMeetings,
} from "../store/pending_meetings.ts";
import { isRolledBack } from "../store/pool.ts";
import { listReservations, lockPlacement, upsertReservations } from "../store/reservations.ts";
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

type PlacementDeps = Pick<Deps, "config" | "db" | "view" | "random" | "clock">;

/** A create that wants a place. */
interface Wish {
  readonly req: GatewayRequest;
  readonly id: ClusterMeetingID;
  readonly pendingID: string;
  /** Where the row comes from: a new one, one that somebody lost, or ours already, with its room's peak. */
  readonly row: { readonly kind: "new" } | { readonly kind: "seen"; readonly seen: MeetingRow } | {
    readonly kind: "ours";
    readonly peak: number | null;
  };
  readonly candidates: readonly Backend[];
}

type Place = Pick<Placement, "peak" | "backend">;

const BATCH = { most: 64, isUndone: isRolledBack };
/** A transaction on a dead link is given up for the sake of those who wait behind it. */
const TRANSACTION_MS = 5000;

export function createPlacements({ config, db, view, random, clock }: PlacementDeps): Placements {
  const late = () => new AppError("unavailable", "The database does not answer in time");
  const inTime = <T>(work: Promise<T>): Promise<T> => within(clock, TRANSACTION_MS, work, late);

  /** @returns undefined for a wish whose row another request has got */
  const place = inBatches(BATCH, async (wishes: readonly Wish[]) => {
    let isGivenUp = false;
    const placing = db.begin(async (tx) => {
      const places = await placeAll(tx, wishes);
      if (isGivenUp) throw late(); // undone: its rows would be in the way of the next try until they are swept up
      return places;
    });
    try {
      return await inTime(placing as Promise<(Place | undefined)[]>);
    } catch (error) {
      isGivenUp = true;
      throw error;
    }
  });
  const confirm = inBatches(BATCH, async (rows: Parameters<typeof confirmMeetings>[1]) => {
    const confirmed = await inTime(confirmMeetings(db, rows));
    return rows.map(({ pendingID }) => confirmed.get(pendingID));
  });

  async function placeAll(tx: Db, wishes: readonly Wish[]): Promise<(Place | undefined)[]> {
    // Sent together, run one after the other: the list has a snapshot from after the wait for the lock.
    const [rows, , reservations] = await Promise.all([
      takeRows(tx, wishes),
      lockPlacement(tx),
      listReservations(tx, view.seenUntil()),
    ]);
    const own = new Set(wishes.flatMap(({ id, pendingID }) => rows.has(pendingID) ? [id] : []));
    const others = reservations.filter(({ meeting_id }) => !own.has(meeting_id));
    const loads = weighBackends(config.loadModel, await view.listBackends(), await view.weighMeetings(tx), others);
    const places = wishes.map(({ req, pendingID, candidates }): Place & { expected: number } | undefined => {
      const row = rows.get(pendingID);
      if (row === undefined) return undefined;
      const peak = row.peak ?? undefined;
      const expected = expectedAttendees({
        hint: req.params.get("meta_bbb-meeting-size-hint"),
        peak,
        maxParticipants: req.params.get("maxParticipants"),
      });
      const backend = selectBackend(candidates.map((one) => ({ backend: one, load: loads.of(one.id) })), req, random);
      loads.take(backend.id, expected);
      return { peak, backend, expected };
    });
    await upsertReservations(
      tx,
      wishes.flatMap(({ id }, index) => {
        const found = places[index];
        return found === undefined ? [] : [{ meeting_id: id, backend_id: found.backend.id, expected: found.expected }];
      }),
    );
    return places;
  }

  /** @returns by pendingID; a wish that is missing was slower than another request */
  async function takeRows(tx: Db, wishes: readonly Wish[]): Promise<ReadonlyMap<string, PendingMeeting>> {
    const ours = wishes.flatMap(({ pendingID, row }) =>
      row.kind === "ours" ? [[pendingID, { peak: row.peak }] as const] : []
    );
    const fresh = wishes.filter(({ row }) => row.kind === "new").map(({ req, id, pendingID }) => (
      { id, pendingID, frontend_id: req.frontend.id, meeting: { ...NO_MEETING, meetingID: id } }
    ));
    const lost = wishes.flatMap(({ id, pendingID, row }) =>
      row.kind === "seen"
        ? [{ id, pendingID, seenInternalID: row.seen.internal_id, seenBackendID: row.seen.backend_id }]
        : []
    );
    const [inserted, taken] = await Promise.all([insertPendingMeetings(tx, fresh), takeOverMeetings(tx, lost)]);
    return new Map([...ours, ...inserted, ...taken]);
  }

  /** Those that take this meeting, before anything is written for it. @throws no_backend_available */
  async function candidatesFor(req: GatewayRequest, tried: readonly string[]): Promise<readonly Backend[]> {
    const candidates = (await view.listBackends()).filter(({ id }) => !tried.includes(id));
    selectBackend(candidates.map((backend) => ({ backend, load: 0 })), req, random);
    return candidates;
  }

  return {
    reserve: async (req, id, seen) => {
      const candidates = await candidatesFor(req, []);
      const pendingID = crypto.randomUUID();
      const row = seen === undefined ? { kind: "new" } as const : { kind: "seen", seen } as const;
      const found = await place({ req, id, pendingID, row, candidates });
      return found === undefined ? undefined : { id, pendingID, ...found, tried: [] };
    },
    move: async (req, placement) => {
      const { id, pendingID, peak = null } = placement;
      const tried = [...placement.tried, placement.backend.id];
      const candidates = await candidatesFor(req, tried);
      const found = await place({ req, id, pendingID, row: { kind: "ours", peak }, candidates });
      return { ...placement, ...found, tried };
    },
    confirm: async ({ id, pendingID, backend }, meeting) => {
      const row = await confirm({ id, pendingID, backendID: backend.id, meeting });
      if (row !== undefined) view.applyMeeting(row);
    },
    release: async ({ id, pendingID }) => {
      await deletePendingMeeting(db, id, pendingID);
      view.forgetMeeting(id);
    },
  };
}
