// Symbolic links that a node could plant among the files of recordings: nothing behind them is moved, read or deleted.
import assert from "node:assert/strict";
import type { FileSystem } from "../../../src/recordings/file_system.ts";
import { realFileSystem } from "../../../src/recordings/file_system.ts";
import { finishMoves } from "../../../src/recordings/move_files.ts";
import { scrapName } from "../../../src/recordings/paths.ts";
import { writeTextTrack } from "../../../src/recordings/text_track_files.ts";
import { emptyTrash } from "../../../src/recordings/trash.ts";
import { moveQueue, type MoveTarget, wishMoves } from "../../../src/store/recording_moves.ts";
import { dbTest } from "../../support/db_test.ts";
import { acrossFileSystems, readTree, type RecordingFolders, recordingFolders } from "../../support/recording_files.ts";
import { silentLog } from "../../support/test_db.ts";

const ID = "183f0bf3a0982a127bdb8161-1700000000000";

/** @returns why the recording was not moved */
type Move = (target: MoveTarget, files?: FileSystem) => Promise<string>;

/** `outside` is a folder with a file `secret`, which is the same in the end. */
function linkTest(name: string, run: (folders: RecordingFolders, outside: string, move: Move) => Promise<void>): void {
  dbTest(name, async (db) => {
    await using folders = await recordingFolders();
    const outside = await Deno.makeTempDir({ prefix: "b3scale_outside_" });
    await Deno.mkdir(`${outside}/${ID}`);
    await Deno.writeTextFile(`${outside}/${ID}/secret`, "secret");
    try {
      await run(folders, outside, async (target, files = realFileSystem) => {
        await db.begin((tx) => wishMoves(tx, [ID], target));
        await finishMoves({ queue: moveQueue(db), roots: folders.roots, log: silentLog, files });
        const [intent] = await db<{ last_error: string }[]>`select last_error from b3scale_recording_moves`;
        return intent?.last_error ?? "";
      });
      assert.deepEqual(await readTree(outside), [[`${ID}/secret`, "secret"]]);
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  });
}

for (const target of ["published", "unpublished", "trash"] as const) {
  const from = target === "published" ? "unpublished" : "published";
  linkTest(`finishMoves() does not move a recording that is a link, to ${target}`, async (folders, outside, move) => {
    await folders.put(`${from}/presentation/other/a`);
    await Deno.symlink(`${outside}/${ID}`, `${folders.base}/${from}/presentation/${ID}`);
    assert.match(await move(target), /^presentation: ".*" is a symbolic link, which is not followed/);
    assert.equal((await folders.tree())[`${from}/presentation/${ID}`], `-> ${outside}/${ID}`);
  });

  linkTest(
    `finishMoves() does not move out of a format that is a link, to ${target}`,
    async (folders, outside, move) => {
      await Deno.symlink(outside, `${folders.base}/${from}/presentation`);
      assert.match(await move(target), /^presentation: ".*" is a symbolic link, which is not followed/);
    },
  );
}

linkTest("finishMoves() does not move into a format that is a link", async (folders, outside, move) => {
  await folders.put(`unpublished/presentation/${ID}/a`);
  await Deno.mkdir(`${outside}/empty`);
  await Deno.symlink(`${outside}/empty`, `${folders.base}/published/presentation`);
  assert.match(await move("published"), /is a symbolic link, which is not followed/);
  assert.ok(`unpublished/presentation/${ID}/a` in await folders.tree());
});

linkTest(
  "finishMoves() passes a format that is a link and does not have the recording",
  async (folders, outside, move) => {
    await folders.put(`unpublished/presentation/${ID}/a`);
    await Deno.mkdir(`${outside}/empty`);
    await Deno.symlink(`${outside}/empty`, `${folders.base}/inbox/video`);
    assert.equal(await move("published"), "");
  },
);

linkTest("finishMoves() does not use a trash that is a link", async (folders, outside, move) => {
  await folders.put(`published/presentation/${ID}/a`);
  await Deno.symlink(outside, `${folders.base}/unpublished/.trash`);
  assert.match(await move("trash"), /is a symbolic link, which is not followed/);
});

linkTest("finishMoves() copies links as links, and deletes only them", async (folders, outside, move) => {
  await folders.put(`published/presentation/${ID}/a`);
  await Deno.symlink(outside, `${folders.base}/published/presentation/${ID}/folder`);
  await Deno.symlink(`${outside}/${ID}/secret`, `${folders.base}/published/presentation/${ID}/file`);
  assert.equal(await move("unpublished", acrossFileSystems(folders)), "");
  const { [`unpublished/presentation/${ID}/folder`]: folder, [`unpublished/presentation/${ID}/file`]: file } =
    await folders.tree();
  assert.deepEqual([folder, file], [`-> ${outside}`, `-> ${outside}/${ID}/secret`]);
});

linkTest("finishMoves() clears away a link under the name that it uses itself", async (folders, outside, move) => {
  await folders.put(`unpublished/presentation/${ID}/a`);
  await folders.put(`published/presentation/other/a`);
  await Deno.symlink(`${outside}/${ID}`, `${folders.base}/published/presentation/${scrapName(ID)}`);
  assert.equal(await move("published", acrossFileSystems(folders)), "");
  assert.deepEqual(Object.keys(await folders.tree()), [
    `published/presentation/${ID}/a`,
    "published/presentation/other/a",
  ]);
});

linkTest("finishMoves() copies neither pipes nor sockets", async (folders, _outside, move) => {
  await folders.put(`unpublished/presentation/${ID}/a`);
  const pipe = `${folders.base}/unpublished/presentation/${ID}/pipe`;
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  assert.match(await move("published", acrossFileSystems(folders)), /is neither a file nor a folder/);
  await Deno.remove(pipe);
});

linkTest("emptyTrash() deletes links, not what is behind them", async (folders, outside) => {
  const { roots, base } = folders;
  await Deno.mkdir(`${base}/unpublished/.trash/presentation`, { recursive: true });
  await Deno.symlink(outside, `${base}/unpublished/.trash/presentation/${ID}.20200101T000000.000Z`);
  await Deno.symlink(outside, `${base}/unpublished/.trash/video`);
  await Deno.mkdir(`${outside}/${ID}.20200101T000000.000Z`);
  assert.equal(await emptyTrash({ roots }, { now: new Date("2026-01-01"), limit: 10 }), 1);
  assert.ok((await Deno.stat(`${outside}/${ID}.20200101T000000.000Z`)).isDirectory);
});

linkTest(
  "writeTextTrack() writes to no recording that is a link, and replaces files that are",
  async (folders, outside) => {
    const { roots, base } = folders;
    const track = { recordID: ID, lang: "en-US", label: "English", text: "WEBVTT" };
    await folders.put(`published/presentation/${ID}/a`);
    await Deno.symlink(`${outside}/${ID}/secret`, `${base}/published/presentation/${ID}/caption_en-US.vtt`);
    await Deno.symlink(`${outside}/${ID}/secret`, `${base}/published/presentation/${ID}/captions.json`);
    await Deno.symlink(`${outside}/${ID}/secret`, `${base}/published/presentation/${ID}/.b3scale-captions.json`);
    assert.equal(await writeTextTrack({ roots }, track), true);
    assert.equal((await folders.tree())[`published/presentation/${ID}/caption_en-US.vtt`], "WEBVTT");
    await Deno.remove(`${base}/published/presentation/${ID}`, { recursive: true });
    await Deno.symlink(`${outside}/${ID}`, `${base}/published/presentation/${ID}`);
    await assert.rejects(writeTextTrack({ roots }, track), /is a symbolic link/);
  },
);
