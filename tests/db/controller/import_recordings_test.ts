// Imports of uploads whose process dies at any step, fails, or is overtaken by a newer upload.
import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { importRecordings, sweepRecordingUploads } from "../../../src/controller/import_recordings.ts";
import { type FileSystem, realFileSystem } from "../../../src/recordings/file_system.ts";
import { makeUploadFolder, uploadsRoot } from "../../../src/recordings/upload_folder.ts";
import { requestImport } from "../../../src/store/recording_imports.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { insertFrontend, makeConfig, makeLog } from "../../support/make.ts";
import {
  acrossFileSystems,
  failing,
  killedAt,
  type RecordingFolders,
  recordingFolders,
} from "../../support/recording_files.ts";
import { testDatabase } from "../../support/test_db.ts";
import { metadataXml, RECORD_ID, uploadFolders } from "../../support/upload_server.ts";

const WHAT = { recordID: RECORD_ID, format: "presentation" };
const forever = new AbortController().signal;

function depsOf(db: Pool, { base }: RecordingFolders, files: FileSystem = realFileSystem) {
  const { log, lines } = makeLog();
  return { config: makeConfig(uploadFolders(base)), db, clock: createFakeClock(), log, lines, files };
}

/** @returns the id of the upload */
async function upload(db: Pool, { roots }: RecordingFolders, content: string, xml = metadataXml()): Promise<string> {
  const folder = crypto.randomUUID();
  const path = await makeUploadFolder(roots, folder, WHAT);
  await Deno.writeTextFile(`${path}/metadata.xml`, xml);
  await Deno.writeTextFile(`${path}/content`, content);
  const { record_id, format } = { record_id: WHAT.recordID, format: WHAT.format };
  await db.begin((tx) => requestImport(tx, { record_id, format, digest: content, folder }));
  return folder;
}

/** As if the process whose leases these are had died long ago. */
async function endLeases(db: Pool): Promise<void> {
  await db`update b3scale_recording_imports set due_at = localtimestamp, claimed_until = localtimestamp - interval '1 s'`;
  await db`update b3scale_recording_moves set due_at = localtimestamp, claimed_until = localtimestamp - interval '1 s'`;
}

async function stateOf(db: Pool) {
  const [row] = await db`select state, reason, attempts from b3scale_recording_imports`;
  return { state: row?.["state"], reason: row?.["reason"], attempts: row?.["attempts"] };
}

const at = (root: string) => `${root}/presentation/${RECORD_ID}`;

/** A pool that a dead process has no more use of. */
function dying(db: Pool, isDead: () => boolean): Pool {
  // Rejects when it is waited for: parts of a query are not.
  const dead = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("the process is dead")) };
  const guard = (run: () => unknown) => isDead() ? dead : run();
  return new Proxy(db, {
    apply: (target, self, args) => guard(() => Reflect.apply(target, self, args)),
    get: (target, name) =>
      name === "begin"
        ? (run: Parameters<Pool["begin"]>[1]) => guard(() => target.begin(run))
        : Reflect.get(target, name),
  });
}

const WORLDS: Readonly<Record<string, (folders: RecordingFolders) => FileSystem>> = {
  "on one file system": () => realFileSystem,
  "across file systems": (folders) => acrossFileSystems(folders),
};

for (const [world, filesOf] of Object.entries(WORLDS)) {
  Deno.test(`importRecordings() ${world} may die at any step, and the next one ends it`, async () => {
    await using database = await testDatabase();
    const db = database.pool;
    await insertFrontend(db, { key: "fe1" });
    let steps = 0;
    for (let step = 1;; step++) {
      await using folders = await recordingFolders();
      await db`delete from recordings`;
      await db`delete from b3scale_recording_imports`;
      await db`delete from b3scale_recording_moves`;
      await folders.put(`${at("unpublished")}/content`, "old");
      await upload(db, folders, "new");
      const files = filesOf(folders);
      const never = { claim: never_, renew: never_, finish: never_, fail: never_ };
      const killed = killedAt(step, files, never);
      const dead = dying(db, () => killed.diedAt() !== undefined);
      await importRecordings(depsOf(dead, folders, killed.files), forever).catch(() => {});
      if (killed.diedAt() === undefined) break;
      steps++;
      const whole = Object.values(await folders.tree());
      assert.ok(whole.includes("old") || whole.includes("new"), killed.diedAt());
      await endLeases(db);
      await importRecordings(depsOf(db, folders, files), forever);
      assert.equal((await stateOf(db)).state, "done", killed.diedAt());
      const { [`${at("published")}/metadata.xml`]: xml, ...others } = await folders.tree();
      assert.equal(xml, metadataXml(), killed.diedAt());
      assert.deepEqual(others, {
        [`${at("published")}/content`]: "new",
        [`${at("unpublished/.trash")}/content`]: "old",
      }, killed.diedAt());
      assert.equal((await db`select from recordings`).length, 1);
      assert.equal((await db`select from b3scale_recording_moves`).length, 0);
    }
    assert.ok(steps >= 5, `only ${steps} steps`);
  });
}

const never_ = () => Promise.reject(new Error("not used"));

Deno.test("importRecordings() tries again what may pass, and says why", async () => {
  await using database = await testDatabase();
  await using folders = await recordingFolders();
  const db = database.pool;
  await insertFrontend(db, { key: "fe1" });
  await upload(db, folders, "new");
  await importRecordings(depsOf(db, folders, failing("rename", "EIO")), forever);
  assert.deepEqual(await stateOf(db), { state: "moving", reason: "EIO on purpose", attempts: 1 });
  await importRecordings(depsOf(db, folders), forever);
  assert.equal((await stateOf(db)).state, "moving", "it is not due yet");
  await endLeases(db);
  await importRecordings(depsOf(db, folders), forever);
  assert.deepEqual(await stateOf(db), { state: "done", reason: null, attempts: 1 });
});

Deno.test("importRecordings() gives up what no second try mends", async () => {
  await using database = await testDatabase();
  await using folders = await recordingFolders();
  const db = database.pool;
  const folder = await upload(db, folders, "new");
  const deps = depsOf(db, folders);
  await importRecordings(deps, forever);
  const failed = await stateOf(db);
  assert.equal(failed.state, "failed");
  assert.match(failed.reason, /No frontend is known/);
  assert.ok(deps.lines.some(({ level, message }) => level === "error" && message === "import of a recording failed"));
  await Deno.remove(`${uploadsRoot(folders.roots)}/${folder}`, { recursive: true });
  await db`update b3scale_recording_imports set state = 'requested', due_at = localtimestamp`;
  await importRecordings(depsOf(db, folders), forever);
  assert.match((await stateOf(db)).reason, /files are gone: upload it again/);
});

Deno.test("importRecordings() puts what was deleted meanwhile into the trash", async () => {
  await using database = await testDatabase();
  await using folders = await recordingFolders();
  const db = database.pool;
  await insertFrontend(db, { key: "fe1" });
  await upload(db, folders, "new");
  await importRecordings(depsOf(db, folders, failing("rename", "EIO")), forever);
  await db`delete from recordings`;
  await endLeases(db);
  await importRecordings(depsOf(db, folders), forever);
  assert.equal((await stateOf(db)).state, "done");
  const paths = Object.keys(await folders.tree());
  assert.ok(paths.length === 2 && paths.every((path) => path.startsWith(at("unpublished/.trash"))), paths.join(" "));
  assert.equal((await db`select from recordings`).length, 0);
});

Deno.test("an upload that comes while an older one of the same format is imported is imported next", async () => {
  await using database = await testDatabase();
  await using folders = await recordingFolders();
  const db = database.pool;
  await insertFrontend(db, { key: "fe1" });
  await upload(db, folders, "old");
  let overtaken = false;
  const files: FileSystem = {
    ...realFileSystem,
    rename: async (from, to) => {
      if (!overtaken) {
        overtaken = true;
        await upload(db, folders, "new");
      }
      await realFileSystem.rename(from, to);
    },
  };
  await importRecordings(depsOf(db, folders, files), forever);
  assert.ok(overtaken);
  assert.equal((await stateOf(db)).state, "done");
  const tree = await folders.tree();
  assert.equal(tree[`${at("published")}/content`], "new");
  assert.equal(tree[`${at("unpublished/.trash")}/content`], "old");
  assert.deepEqual([...Deno.readDirSync(uploadsRoot(folders.roots))], []);
});

Deno.test("sweepRecordingUploads() deletes what nobody needs once it is a day old", async () => {
  await using database = await testDatabase();
  await using folders = await recordingFolders();
  const db = database.pool;
  const needed = await upload(db, folders, "needed");
  const orphans = [crypto.randomUUID(), crypto.randomUUID()];
  for (const orphan of orphans) await makeUploadFolder(folders.roots, orphan, WHAT);
  const root = uploadsRoot(folders.roots);
  const deps = depsOf(db, folders);
  const now = deps.clock.now() / 1000;
  for (const id of [needed, orphans[0]]) await Deno.utime(`${root}/${id}`, now - 90_000, now - 90_000);
  await Deno.utime(`${root}/${orphans[1]}`, now - 80_000, now - 80_000);
  await sweepRecordingUploads(deps);
  assert.deepEqual([...Deno.readDirSync(root)].map(({ name }) => name).sort(), [needed, orphans[1]].sort());
});
