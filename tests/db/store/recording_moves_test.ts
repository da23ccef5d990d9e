import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import {
  claimMove,
  failMove,
  finishMove,
  MOVE_LEASE_SECONDS,
  type RecordingMove,
  renewMove,
  wishMoves,
} from "../../../src/store/recording_moves.ts";
import { dbTest } from "../../support/db_test.ts";

async function claim(db: Pool, recordIDs?: string[]): Promise<RecordingMove> {
  const move = await claimMove(db, recordIDs);
  assert.ok(move);
  return move;
}
const dueNow = (db: Pool) => db`update b3scale_recording_moves set due_at = localtimestamp`;
const leaseIsOver = (db: Pool) =>
  db`update b3scale_recording_moves set claimed_until = claimed_until - make_interval(secs => ${MOVE_LEASE_SECONDS})`;
const dueIn = async (db: Pool): Promise<number> =>
  (await db<{ seconds: number }[]>`
    select round(extract(epoch from due_at - localtimestamp))::int as seconds from b3scale_recording_moves`)[0]
    ?.seconds ??
    -1;

dbTest("claimMove() gives callers different recordings, and each of them once", async (db) => {
  const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);
  await wishMoves(db, ids, "published");
  const claimed = await Promise.all(Array.from({ length: 60 }, () => claimMove(db)));
  assert.deepEqual(claimed.flatMap((move) => move?.recordID ?? []).sort(), ids.sort());
  assert.equal(new Set(claimed.map((move) => move?.claim)).size, 41, "undefined is the 41st");
});

dbTest("claimMove() gives what is due longest, among these or among all", async (db) => {
  await wishMoves(db, ["a", "b", "c"], "published");
  await db`update b3scale_recording_moves set due_at = localtimestamp - interval '1 hour' where record_id = 'c'`;
  assert.equal((await claim(db, ["a", "b"])).recordID, "a");
  assert.equal((await claim(db)).recordID, "c");
  assert.equal(await claimMove(db, ["a", "x"]), undefined);
});

dbTest("claimMove() takes over when the lease is over, and the first one notices", async (db) => {
  await wishMoves(db, ["a"], "published");
  const first = await claim(db);
  assert.equal(await claimMove(db), undefined);
  assert.ok(await renewMove(db, first));
  await leaseIsOver(db);
  const second = await claim(db);
  assert.equal(await renewMove(db, first), false);
  assert.equal(await finishMove(db, first), undefined);
  await failMove(db, first, "late");
  assert.ok(await renewMove(db, second), "what the first one does has no effect");
  assert.equal(await finishMove(db, second), undefined);
  assert.equal(await claimMove(db), undefined);
});

dbTest("renewMove() is what keeps a claim", async (db) => {
  await wishMoves(db, ["a"], "published");
  const move = await claim(db);
  await db`update b3scale_recording_moves set claimed_until = localtimestamp + interval '1 second'`;
  await renewMove(db, move);
  await db`update b3scale_recording_moves set claimed_until = claimed_until - interval '2 seconds'`;
  assert.equal(await claimMove(db), undefined);
});

dbTest("finishMove() goes on with what was wished meanwhile", async (db) => {
  await wishMoves(db, ["a"], "published");
  const first = await claim(db);
  await wishMoves(db, ["a"], "trash");
  assert.equal(await claimMove(db), undefined, "it is being worked on");
  const next = await finishMove(db, first);
  assert.equal(next?.target, "trash");
  assert.equal(next?.claim, first.claim);
  assert.notEqual(next?.wish, first.wish);
  assert.ok(next && next.wishedAt >= first.wishedAt);
  assert.equal(await finishMove(db, next), undefined);
  assert.deepEqual([...await db`select 1 from b3scale_recording_moves`], []);
});

dbTest("failMove() has it tried again later each time, and says why", async (db) => {
  await wishMoves(db, ["a"], "published");
  const waits: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    await failMove(db, await claim(db), `reason ${attempt}`);
    assert.equal(await claimMove(db), undefined);
    waits.push(await dueIn(db));
    await dueNow(db);
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
  const [row] = await db`select attempts, last_error, claim from b3scale_recording_moves`;
  assert.deepEqual({ ...row }, { attempts: 9, last_error: "reason 8", claim: null });
});

dbTest("wishMoves() has what failed tried at once", async (db) => {
  await wishMoves(db, ["a"], "published");
  await failMove(db, await claim(db), "disk full");
  await wishMoves(db, ["a"], "unpublished");
  const move = await claim(db);
  assert.equal(move.target, "unpublished");
  await wishMoves(db, ["a"], "published");
  await failMove(db, move, "that was for the other target");
  assert.equal((await claim(db)).target, "published");
});

dbTest("wishMoves() of two callers for the same recordings wait for each other, in any order", async (db) => {
  const ids = Array.from({ length: 30 }, (_, i) => `r${i}`);
  const wishes = Array.from({ length: 20 }, (_, i) => i % 2 === 0 ? ids : ids.toReversed());
  await Promise.all(wishes.map((list) => db.begin((tx) => wishMoves(tx, [...list, ...list], "published"))));
  assert.equal((await db`select 1 from b3scale_recording_moves`).count, 30);
  await wishMoves(db, [], "trash");
});
