import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import type { Logger } from "../../../src/log.ts";
import { type FileSystem, realFileSystem } from "../../../src/recordings/file_system.ts";
import { finishMoves } from "../../../src/recordings/move_files.ts";
import { moveQueue, type MoveTarget, wishMoves } from "../../../src/store/recording_moves.ts";
import { dbTest } from "../../support/db_test.ts";
import { acrossFileSystems, failing, type RecordingFolders, recordingFolders } from "../../support/recording_files.ts";
import { silentLog } from "../../support/test_db.ts";

const ID = "183f0bf3a0982a127bdb8161-1700000000000";

interface Moved {
  readonly folders: RecordingFolders;
  readonly db: Pool;
  move(target: MoveTarget, files?: FileSystem, recordIDs?: readonly string[]): Promise<void>;
  readonly warnings: Record<string, unknown>[];
  intents(): Promise<{ target: string; attempts: number; last_error: string | null; due: boolean; held: boolean }[]>;
}

function moveTest(name: string, run: (moved: Moved) => Promise<void>, options?: { trashDays: number }): void {
  dbTest(name, async (db) => {
    await using folders = await recordingFolders(options);
    const warnings: Record<string, unknown>[] = [];
    const log: Logger = { ...silentLog, warn: (message, fields) => warnings.push({ message, ...fields }) };
    await run({
      folders,
      db,
      warnings,
      move: async (target, files = realFileSystem, recordIDs = [ID]) => {
        await db.begin((tx) => wishMoves(tx, recordIDs, target));
        await finishMoves({ queue: moveQueue(db), roots: folders.roots, log, files }, recordIDs);
      },
      intents: async () => [
        ...await db<{ target: string; attempts: number; last_error: string | null; due: boolean; held: boolean }[]>`
        select target, attempts, last_error, due_at <= localtimestamp as due, claim is not null as held
        from b3scale_recording_moves order by record_id`,
      ],
    });
  });
}

const systems: [name: string, of: (folders: RecordingFolders) => FileSystem][] = [
  ["by renaming", () => realFileSystem],
  ["between file systems", (folders) => acrossFileSystems(folders)],
];
for (const [how, filesOf] of systems) {
  moveTest(`finishMoves() ${how} takes every format to where it belongs, and back`, async ({ folders, ...moved }) => {
    await folders.put(`unpublished/presentation/${ID}/metadata.xml`);
    await folders.put(`unpublished/presentation/${ID}/video/webcams.webm`, "x".repeat(3_000_000));
    await folders.put(`inbox/video/${ID}/video.m4v`);
    await folders.put(`unpublished/presentation/other/metadata.xml`);
    await Deno.symlink("/etc", `${folders.base}/unpublished/presentation/${ID}/link`);
    await moved.move("published", filesOf(folders));
    const published = await folders.tree();
    assert.deepEqual(Object.keys(published), [
      `published/presentation/${ID}/link`,
      `published/presentation/${ID}/metadata.xml`,
      `published/presentation/${ID}/video/webcams.webm`,
      `published/video/${ID}/video.m4v`,
      `unpublished/presentation/other/metadata.xml`,
    ]);
    assert.equal(published[`published/presentation/${ID}/link`], "-> /etc");
    assert.equal(published[`published/presentation/${ID}/video/webcams.webm`]?.length, 3_000_000);
    await moved.move("unpublished", filesOf(folders));
    assert.equal((await folders.tree())[`unpublished/video/${ID}/video.m4v`], `inbox/video/${ID}/video.m4v`);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folders.base}/published/presentation`)), []);
    assert.deepEqual(await moved.intents(), []);
    assert.deepEqual(moved.warnings, []);
  });

  moveTest(`finishMoves() ${how} takes all there is to the trash, twice the same recording too`, async (moved) => {
    const { folders, move } = moved;
    const files = filesOf(folders);
    await folders.put(`published/presentation/${ID}/a`, "published");
    await folders.put(`unpublished/presentation/${ID}/a`, "unpublished");
    await folders.put(`inbox/notes/${ID}/notes.pdf`);
    await move("trash", files);
    await folders.put(`inbox/presentation/${ID}/a`, "again");
    await move("trash", files);
    const found = Object.entries(await folders.tree());
    const places = found.map(([path]) => path.replace(/\.\d+\//, "/"));
    assert.ok(places.every((path) => path.startsWith("unpublished/.trash/")), places.join("\n"));
    const kept = await Array.fromAsync(Deno.readDir(`${folders.base}/unpublished/.trash/presentation`));
    assert.equal(kept.length, 3);
    assert.equal(((await Deno.stat(`${folders.base}/unpublished/.trash`)).mode ?? 0) & 0o777, 0o700);
    assert.deepEqual(moved.warnings, []);
  });

  moveTest(`finishMoves() ${how} leaves what is in the way where it is, and the other one too`, async (moved) => {
    const { folders, move } = moved;
    await folders.put(`unpublished/presentation/${ID}/a`);
    await folders.put(`published/presentation/${ID}/b`);
    const before = await folders.tree();
    await move("published", filesOf(folders));
    assert.deepEqual(await folders.tree(), before);
    assert.deepEqual(await moved.intents(), []);
    assert.deepEqual(moved.warnings.map(({ record_id, format, src, dst }) => ({ record_id, format, src, dst })), [{
      record_id: ID,
      format: "presentation",
      src: `${folders.base}/unpublished/presentation/${ID}`,
      dst: `${folders.base}/published/presentation/${ID}`,
    }]);
  });
}

moveTest("finishMoves() makes the folder of a format readable, whatever the umask", async ({ folders, move }) => {
  await folders.put(`unpublished/video/${ID}/a`);
  const before = Deno.umask(0o077);
  try {
    await move("published");
  } finally {
    Deno.umask(before);
  }
  assert.equal(((await Deno.stat(`${folders.base}/published/video`)).mode ?? 0) & 0o777, 0o755);
});

moveTest("finishMoves() copies modes and times", async ({ folders, move }) => {
  await folders.put(`unpublished/video/${ID}/a`);
  const path = `${folders.base}/unpublished/video/${ID}`;
  await Deno.chmod(`${path}/a`, 0o640);
  await Deno.utime(`${path}/a`, 1_700_000_000, 1_700_000_000);
  await Deno.chmod(path, 0o750);
  await move("published", acrossFileSystems(folders));
  const folder = await Deno.stat(`${folders.base}/published/video/${ID}`);
  const file = await Deno.stat(`${folders.base}/published/video/${ID}/a`);
  assert.deepEqual([folder.mode ?? 0, file.mode ?? 0].map((mode) => mode & 0o777), [0o750, 0o640]);
  assert.equal(file.mtime?.getTime(), 1_700_000_000_000);
});

moveTest("finishMoves() keeps nothing of what is deleted when there is no trash", async ({ folders, move }) => {
  await folders.put(`published/presentation/${ID}/a`);
  await folders.put(`inbox/video/${ID}/a`);
  await move("trash");
  assert.deepEqual(await folders.tree(), {});
}, { trashDays: 0 });

moveTest("finishMoves() takes roots that are the same folder under two names for one", async (moved) => {
  const { folders, db } = moved;
  await folders.put(`published/presentation/${ID}/a`);
  await Deno.symlink(`${folders.base}/published`, `${folders.base}/alias`);
  await db.begin((tx) => wishMoves(tx, [ID], "published"));
  const roots = { ...folders.roots, inboxPath: `${folders.base}/alias` };
  const log: Logger = { ...silentLog, warn: (message) => assert.fail(message) };
  await finishMoves({ queue: moveQueue(db), roots, log, files: acrossFileSystems(folders) });
  assert.ok(`published/presentation/${ID}/a` in await folders.tree());
});

const refusals: [code: string, on: keyof FileSystem][] = [
  ["ENOSPC", "copyFile"],
  ["EACCES", "rename"],
  ["EROFS", "mkdir"],
  ["EIO", "sync"],
];
for (const [code, on] of refusals) {
  moveTest(`finishMoves() keeps the intent after ${code}, says so, and moves it later`, async (moved) => {
    const { folders, move, db } = moved;
    await folders.put(`unpublished/presentation/${ID}/a`);
    await folders.put(`unpublished/presentation/${ID}/b`);
    await move("published", failing(on, code, acrossFileSystems(folders)));
    const [intent] = await moved.intents();
    assert.deepEqual({ ...intent, last_error: "" }, {
      target: "published",
      attempts: 1,
      last_error: "",
      due: false,
      held: false,
    });
    assert.match(intent?.last_error ?? "", new RegExp(`^presentation: .*${code}`));
    assert.equal(moved.warnings[0]?.["record_id"], ID);
    assert.equal(moved.warnings[0]?.["format"], "presentation");
    assert.match(String(moved.warnings[0]?.["error"]), new RegExp(code));
    assert.deepEqual(Object.keys(await folders.tree()), [
      `unpublished/presentation/${ID}/a`,
      `unpublished/presentation/${ID}/b`,
    ]);
    await db`update b3scale_recording_moves set due_at = localtimestamp`;
    await finishMoves({ queue: moveQueue(db), roots: folders.roots, log: silentLog });
    assert.deepEqual(Object.keys(await folders.tree()), [
      `published/presentation/${ID}/a`,
      `published/presentation/${ID}/b`,
    ]);
    assert.deepEqual(await moved.intents(), []);
  });
}

moveTest("finishMoves() concludes nothing from a root that is not there", async (moved) => {
  const { folders, move } = moved;
  await folders.put(`unpublished/presentation/${ID}/a`);
  await Deno.remove(`${folders.base}/published`);
  await move("published");
  assert.equal((await moved.intents())[0]?.attempts, 1);
});

moveTest("finishMoves() moves the other formats when one cannot be", async (moved) => {
  const { folders, move } = moved;
  await folders.put(`unpublished/presentation/${ID}/a`);
  await folders.put(`unpublished/video/${ID}/a`);
  await folders.put("published/presentation", "a file where a folder belongs");
  await move("published");
  assert.ok(`published/video/${ID}/a` in await folders.tree());
  assert.match((await moved.intents())[0]?.last_error ?? "", /^presentation: ".*" is no folder$/);
});

moveTest("finishMoves() forgets an intent whose id could lead elsewhere", async (moved) => {
  const { folders, move } = moved;
  await folders.put("secret/a/b");
  await folders.put("unpublished/presentation/x/a");
  await move("published", realFileSystem, ["../../secret", "..", "", "a/b", "x\n"]);
  assert.deepEqual(Object.keys(await folders.tree()), ["secret/a/b", "unpublished/presentation/x/a"]);
  assert.deepEqual(await moved.intents(), []);
  assert.equal(moved.warnings.length, 5);
});

moveTest("finishMoves() ends amidst a copy when it is told to stop, and later does it again", async (moved) => {
  const { folders, db } = moved;
  for (const name of ["a", "b", "c"]) await folders.put(`unpublished/presentation/${ID}/${name}`);
  const before = await folders.tree();
  const stopping = new AbortController();
  const across = acrossFileSystems(folders);
  const files: FileSystem = {
    ...across,
    copyFile: (...args) => {
      stopping.abort();
      return across.copyFile(...args);
    },
  };
  await wishMoves(db, [ID, "another"], "published");
  const deps = { queue: moveQueue(db), roots: folders.roots, log: silentLog };
  await finishMoves({ ...deps, files, signal: stopping.signal }, [ID]);
  const left = await folders.tree();
  for (const [path, content] of Object.entries(before)) assert.equal(left[path], content);
  assert.equal(Object.keys(left).some((path) => path.startsWith(`published/presentation/${ID}/`)), false);
  await finishMoves({ ...deps, signal: stopping.signal });
  assert.equal((await moved.intents()).length, 2, "nothing is begun any more");
  await db`update b3scale_recording_moves set due_at = localtimestamp`;
  await finishMoves({ ...deps, files: across });
  assert.deepEqual(Object.keys(await folders.tree()), Object.keys(before).map((path) => path.replace("un", "")));
  assert.deepEqual(await moved.intents(), []);
});
