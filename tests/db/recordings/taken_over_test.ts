// What happens to copies and originals when moves are broken off in ways that happen to few.
import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { type FileSystem, realFileSystem } from "../../../src/recordings/file_system.ts";
import { finishMoves } from "../../../src/recordings/move_files.ts";
import { settleFormat } from "../../../src/recordings/move_folder.ts";
import { originalName, scrapName } from "../../../src/recordings/paths.ts";
import { moveQueue, wishMoves } from "../../../src/store/recording_moves.ts";
import { dbTest } from "../../support/db_test.ts";
import { acrossFileSystems, killedAt, recordingFolders } from "../../support/recording_files.ts";
import { silentLog } from "../../support/test_db.ts";

const ID = "183f0bf3a0982a127bdb8161-1700000000000";

const leaseIsOver = (db: Pool) =>
  db`
  update b3scale_recording_moves set claimed_until = localtimestamp - interval '1 second', due_at = localtimestamp`;

dbTest(
  "finishMoves() loses neither of two copies of one format, whenever it dies on their way to the trash",
  async (db) => {
    let died: string | undefined = "";
    for (let step = 1; died !== undefined; step++) {
      await using folders = await recordingFolders();
      for (const root of ["published", "unpublished", "inbox"]) await folders.put(`${root}/video/${ID}/${root}`);
      await db.begin((tx) => wishMoves(tx, [ID], "trash"));
      const files = acrossFileSystems(folders);
      const process = killedAt(step, files, moveQueue(db));
      await finishMoves({ ...process, roots: folders.roots, log: silentLog }).catch(() => {});
      died = process.diedAt();
      await leaseIsOver(db);
      await finishMoves({ queue: moveQueue(db), roots: folders.roots, log: silentLog, files });
      const [places, contents] = [Object.keys(await folders.tree()), Object.values(await folders.tree())];
      assert.ok(places.every((path) => path.startsWith(`unpublished/.trash/video/${ID}`)), `${died}: ${places}`);
      assert.deepEqual(contents.map((path) => path.split("/")[0]).sort(), ["inbox", "published", "unpublished"], died);
    }
  },
);

dbTest("finishMoves() that stood still does not put into place what its successor has copied by half", async (db) => {
  await using folders = await recordingFolders();
  for (const name of ["a", "b", "c"]) await folders.put(`unpublished/presentation/${ID}/${name}`);
  const across = acrossFileSystems(folders);
  const deps = { queue: moveQueue(db), roots: folders.roots, log: silentLog };
  const gate = Promise.withResolvers<void>();
  let successor: Promise<void> | undefined;
  const takeOver = async () => {
    await leaseIsOver(db);
    const halfway = Promise.withResolvers<void>();
    const slow: FileSystem = {
      ...across,
      copyFile: async (from, to, onCopied) => {
        await across.copyFile(from, to, onCopied);
        halfway.resolve();
        await gate.promise;
      },
    };
    successor = finishMoves({ ...deps, files: slow });
    await halfway.promise;
  };
  const stalling: FileSystem = {
    ...across,
    sync: async (folder) => {
      await across.sync(folder);
      const isAside = await across.lstat(`${folder}/${originalName(ID)}`) !== undefined;
      if (isAside && successor === undefined) await takeOver();
    },
  };
  await wishMoves(db, [ID], "published");
  await finishMoves({ ...deps, files: stalling });
  gate.resolve();
  assert.ok(successor !== undefined);
  await successor;
  await leaseIsOver(db);
  await finishMoves({ ...deps, files: across });
  assert.deepEqual(
    Object.keys(await folders.tree()),
    ["a", "b", "c"].map((name) => `published/presentation/${ID}/${name}`),
  );
});

const settled: [what: string, before: string[], after: string[]][] = [
  ["an original without any copy comes back", ["unpublished/ORIGINAL"], ["unpublished/ID"]],
  ["an original comes back, its unfinished copy goes", ["unpublished/ORIGINAL", "published/SCRAP"], ["unpublished/ID"]],
  ["an original goes whose copy is in place", ["unpublished/ORIGINAL", "published/ID"], ["published/ID"]],
  ["an original goes whose copy is in the trash", ["published/ORIGINAL", "unpublished/ID.1"], ["unpublished/ID.1"]],
  ["one of another recording is no copy", ["published/ORIGINAL", "unpublished/ID-2"], [
    "published/ID",
    "unpublished/ID-2",
  ]],
  ["scraps go", ["published/SCRAP", "unpublished/SCRAP", "published/ID"], ["published/ID"]],
];
for (const [what, before, after] of settled) {
  Deno.test(`settleFormat(): ${what}`, async () => {
    await using folders = await recordingFolders();
    const named = (path: string) =>
      `${path.replace("ORIGINAL", originalName(ID)).replace("SCRAP", scrapName(ID)).replace("ID", ID)}/a`;
    for (const path of before) await folders.put(named(path));
    const dirs = [folders.roots.publishedPath, folders.roots.unpublishedPath];
    await settleFormat(realFileSystem, dirs, ID);
    assert.deepEqual(Object.keys(await folders.tree()), after.map(named));
  });
}

Deno.test("settleFormat() replaces nothing that has come meanwhile by an original", async () => {
  await using folders = await recordingFolders();
  await folders.put(`inbox/${originalName(ID)}/a`);
  await folders.put(`inbox/${ID}/b`);
  await assert.rejects(settleFormat(realFileSystem, [folders.roots.inboxPath], ID), { code: "ENOTEMPTY" });
  assert.equal(Object.keys(await folders.tree()).length, 2);
});
