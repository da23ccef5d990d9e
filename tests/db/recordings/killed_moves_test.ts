// A process that dies at any step of a move, and the one that goes on where it stopped.
import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { type FileSystem, realFileSystem } from "../../../src/recordings/file_system.ts";
import { finishMoves } from "../../../src/recordings/move_files.ts";
import { moveQueue, type MoveTarget, wishMoves } from "../../../src/store/recording_moves.ts";
import { dbTest } from "../../support/db_test.ts";
import { acrossFileSystems, killedAt, type RecordingFolders, recordingFolders } from "../../support/recording_files.ts";
import { silentLog } from "../../support/test_db.ts";

const ID = "183f0bf3a0982a127bdb8161-1700000000000";
const FILES = [
  "presentation/ID/metadata.xml",
  "presentation/ID/slides/1.svg",
  "presentation/ID/slides/2.svg",
  "video/ID/v",
];

const leaseIsOver = (db: Pool) =>
  db`
  update b3scale_recording_moves set claimed_until = localtimestamp - interval '1 second', due_at = localtimestamp`;

/** What the next process does, whatever the first one was after. */
async function finish(db: Pool, folders: RecordingFolders, files: FileSystem): Promise<void> {
  await leaseIsOver(db);
  await finishMoves({ queue: moveQueue(db), roots: folders.roots, log: silentLog, files });
  assert.deepEqual([...await db`select record_id, last_error from b3scale_recording_moves`], []);
}

/** Every file once, with its content, and nothing else. */
async function assertAllAre(folders: RecordingFolders, place: string, what: string): Promise<void> {
  const expected = FILES.map((file) => [`${place}/${file.replace("ID", ID)}`, file] as const);
  assert.deepEqual(await folders.tree(), Object.fromEntries(expected), what);
}

const PLACE = { published: "published", unpublished: "unpublished", trash: "unpublished/.trash" } as const;

interface Case {
  readonly from: "published" | "unpublished" | "inbox";
  readonly target: MoveTarget;
  /** What somebody wishes after the first process has died. */
  readonly then?: MoveTarget;
}
const cases: readonly Case[] = [
  { from: "unpublished", target: "published" },
  { from: "published", target: "unpublished" },
  { from: "published", target: "trash" },
  { from: "inbox", target: "published" },
  { from: "unpublished", target: "published", then: "unpublished" },
  { from: "published", target: "unpublished", then: "published" },
  { from: "unpublished", target: "published", then: "trash" },
];
const systems: [name: string, of: (folders: RecordingFolders) => FileSystem][] = [
  ["", () => realFileSystem],
  [" between file systems", (folders) => acrossFileSystems(folders)],
];

for (const { from, target, then } of cases) {
  for (const [where, filesOf] of systems) {
    const wished = then === undefined ? "" : ` that was then wished ${then}`;
    dbTest(`finishMoves() goes on after any step of ${from} → ${target}${where}${wished}`, async (db) => {
      let died: string | undefined = "";
      for (let step = 1; died !== undefined; step++) {
        assert.ok(step < 200, "it comes to an end");
        await using folders = await recordingFolders();
        for (const file of FILES) await folders.put(`${from}/${file.replace("ID", ID)}`, file);
        await db.begin((tx) => wishMoves(tx, [ID], target));
        const files = filesOf(folders);
        const process = killedAt(step, files, moveQueue(db));
        await finishMoves({ ...process, roots: folders.roots, log: silentLog }).catch(() => {});
        died = process.diedAt();
        if (then !== undefined) await db.begin((tx) => wishMoves(tx, [ID], then));
        await finish(db, folders, files);
        await assertAllAre(folders, PLACE[then ?? target], died ?? "undisturbed");
      }
    });
  }
}

dbTest("finishMoves() goes on when the one who went on dies too", async (db) => {
  let died: string | undefined = "";
  for (let step = 1; died !== undefined; step++) {
    for (let second = 1;; second++) {
      await using folders = await recordingFolders();
      for (const file of FILES) await folders.put(`published/${file.replace("ID", ID)}`, file);
      await db.begin((tx) => wishMoves(tx, [ID], "unpublished"));
      const files = acrossFileSystems(folders);
      const first = killedAt(step, files, moveQueue(db));
      await finishMoves({ ...first, roots: folders.roots, log: silentLog }).catch(() => {});
      died = first.diedAt();
      await leaseIsOver(db);
      const next = killedAt(second * 7, files, moveQueue(db)); // every seventh: all of them take a minute
      await finishMoves({ ...next, roots: folders.roots, log: silentLog }).catch(() => {});
      await finish(db, folders, files);
      await assertAllAre(folders, "unpublished", `${died}, then ${next.diedAt()}`);
      if (next.diedAt() === undefined) break;
    }
  }
});

dbTest("finishMoves() leaves a recording to who has taken it over, whenever that was", async (db) => {
  for (let copied = 1; copied < 12; copied++) {
    await using folders = await recordingFolders();
    for (const file of FILES) await folders.put(`unpublished/${file.replace("ID", ID)}`, file);
    await db.begin((tx) => wishMoves(tx, [ID], "published"));
    const files = acrossFileSystems(folders);
    let calls = 0;
    /** Stands still until the lease is over and another process has done all of it, and wished it back. */
    const stalling: FileSystem = {
      ...files,
      sync: async (folder) => {
        if (++calls === copied) {
          await finish(db, folders, files);
          await db.begin((tx) => wishMoves(tx, [ID], "unpublished"));
          await finish(db, folders, files);
        }
        await files.sync(folder);
      },
    };
    await finishMoves({ queue: moveQueue(db), roots: folders.roots, log: silentLog, files: stalling });
    await assertAllAre(folders, calls >= copied ? "unpublished" : "published", `stalled at ${copied} of ${calls}`);
    await db`delete from b3scale_recording_moves`;
  }
});
