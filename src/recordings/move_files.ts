// Carries out the intents of store/recording_moves.ts: moves the files of recordings to where their rows say they
// belong. Called by gateway and REST after their commit, and by the controller for what they left behind.
import type { Clock } from "../deps.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type FileSystem, realFileSystem } from "./file_system.ts";
import { ClaimLost, moveRecording } from "./move_recording.ts";
import { isSafeName, type RecordingRoots } from "./paths.ts";

export type MoveTarget = "published" | "unpublished" | "trash";

/** One recording that is ours to move. */
export interface Move {
  readonly recordID: string;
  readonly target: MoveTarget;
  readonly wish: string;
  readonly wishedAt: Date;
  readonly claim: string;
}

/** `moveQueue(db)` in store/recording_moves.ts. */
export interface MoveQueue {
  /** What is due longest, of these recordings or of all; undefined = nothing that nobody else has. */
  claim(recordIDs?: readonly string[]): Promise<Move | undefined>;
  /** False when somebody else has it now. */
  renew(move: Move): Promise<boolean>;
  /** The same recording with the target that was wished meanwhile; undefined = done. */
  finish(move: Move): Promise<Move | undefined>;
  /** To be tried again later. */
  fail(move: Move, reason: string): Promise<void>;
}

export interface MoverDeps {
  readonly queue: MoveQueue;
  readonly roots: RecordingRoots;
  readonly log: Logger;
  readonly files?: FileSystem;
  /** Once it has aborted, no recording is begun, and copying ends: it is done again later. */
  readonly signal?: AbortSignal;
}

/** Recordings that are moved at once. */
const LANES = 4;

/**
 * Moves the files of these recordings, or of all that are due. A recording that cannot be moved is logged and tried
 * again later, by the controller; one that another process moves is left to it.
 * @throws what the queue throws: the database is away, and the controller goes on when it is back
 */
export async function finishMoves(deps: MoverDeps, recordIDs?: readonly string[]): Promise<void> {
  const { queue, signal } = deps;
  const lane = async () => {
    while (!signal?.aborted) {
      let move = await queue.claim(recordIDs);
      if (move === undefined) return;
      while (move !== undefined) move = await carryOut(deps, move);
    }
  };
  const lanes = Array.from({ length: Math.min(LANES, recordIDs?.length ?? LANES) }, lane);
  const outcomes = await Promise.allSettled(lanes); // none goes on unseen after another one threw
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Clients give up after 10 s, and files may have to be copied to another file system. */
const PATIENCE_MS = 5000;

/**
 * For a request that has committed a change of these recordings: their files, as far as some seconds suffice. Never throws:
 * the rows are the truth, and what is not done the controller makes good.
 */
export async function moveForRequest(
  deps: MoverDeps & { readonly clock: Clock },
  recordIDs: readonly string[],
  requestID: string,
): Promise<void> {
  const { clock, log } = deps;
  const moving = finishMoves(deps, recordIDs).catch((error) => {
    log.warn("files of recordings are not moved yet", { error: errorText(error), request_id: requestID });
  });
  let cancel = () => {};
  const patience = new Promise<void>((resolve) => {
    cancel = clock.after(PATIENCE_MS, () => {
      log.info("files of recordings are still being moved", { request_id: requestID });
      resolve();
    });
  });
  await Promise.race([moving, patience]);
  cancel();
}

/** @returns what to do next with the same recording */
async function carryOut(deps: MoverDeps, move: Move): Promise<Move | undefined> {
  const { queue, roots, log, files = realFileSystem, signal } = deps;
  const fields = { record_id: move.recordID, target: move.target };
  try {
    if (isSafeName(move.recordID)) {
      const renew = async () => {
        if (signal?.aborted) throw new Error("b3scaled is stopping");
        return await queue.renew(move);
      };
      await moveRecording({ files, roots, log, renew }, move);
    } else log.warn("a recording's id cannot be the name of a folder: its files are left alone", fields);
  } catch (error) {
    if (error instanceof ClaimLost) {
      log.warn("another process moves the files of a recording now", fields);
      return undefined;
    }
    const reason = errorText(error);
    log.warn("the files of a recording could not be moved, trying again later", { ...fields, error: reason });
    await queue.fail(move, reason);
    return undefined;
  }
  return await queue.finish(move);
}
