import assert from "node:assert/strict";
import { expireRecordings } from "../../../src/controller/expire_recordings.ts";
import { emptyRecordingsTrash } from "../../../src/controller/empty_trash.ts";
import { finishRecordingMoves } from "../../../src/controller/finish_recording_moves.ts";
import type { Pool } from "../../../src/deps.ts";
import { listExpiringRecordings } from "../../../src/store/expiring_recordings.ts";
import { wishMoves } from "../../../src/store/recording_moves.ts";
import { commandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { insertFrontend } from "../../support/make.ts";
import { type RecordingFolders, recordingFolders } from "../../support/recording_files.ts";

const DAY_MS = 86_400_000;

async function insertRecording(db: Pool, frontend: string, id: string, state: object): Promise<void> {
  await db`
    insert into recordings (record_id, frontend_id, meeting_id, internal_meeting_id, state)
    values (${id}, ${frontend}, 'm', 'm', ${db.json(state as never)})`;
}

const daysAgo = (days: number): number => Math.round(new Date().getTime() - days * DAY_MS);
const env = ({ roots }: RecordingFolders) => ({
  B3SCALE_RECORDINGS_PUBLISHED_PATH: roots.publishedPath,
  B3SCALE_RECORDINGS_UNPUBLISHED_PATH: roots.unpublishedPath,
  B3SCALE_RECORDINGS_INBOX_PATH: roots.inboxPath,
});
const stored = async (db: Pool) =>
  (await db<{ record_id: string }[]>`select record_id from recordings order by record_id`).map((row) => row.record_id);

dbTest("expireRecordings() deletes what is older than its frontend keeps it, and nothing else", async (db) => {
  await using folders = await recordingFolders();
  using deps = commandDeps(db, env(folders));
  const keeps = (key: string, retention_days: unknown) =>
    insertFrontend(db, { key, settings: { recordings: { visibility_override: null, retention_days } } });
  const [month, ever] = [await keeps("month", 30), await insertFrontend(db, { key: "ever" })];
  const ended = (start: unknown, end: unknown) => ({ StartTime: start, EndTime: end });
  await insertRecording(db, month, "old", ended(daysAgo(32), daysAgo(31)));
  await insertRecording(db, month, "young", ended(daysAgo(32), daysAgo(29)));
  await insertRecording(db, month, "no-end", ended(daysAgo(31), 0));
  await insertRecording(db, month, "odd-end", ended(daysAgo(31), "x"));
  await insertRecording(db, month, "no-time", ended(0, 0));
  await insertRecording(db, month, "no-members", {});
  await insertRecording(db, month, "seconds", ended(1_500_000_000, 1_500_000_100));
  await insertRecording(db, month, "text", ended("1500000000000", "1500000000000"));
  await insertRecording(db, month, "huge", ended(1e300, 1e300));
  await insertRecording(db, ever, "ever", ended(1_000_000_000_000, 1_000_000_000_000));
  for (const odd of [0, -1, 1.5, "30", true, null, [], 1e30, 36_501]) {
    const key = `odd ${JSON.stringify(odd)}`;
    await insertRecording(db, await keeps(key, odd), key, ended(1_000_000_000_000, 1_000_000_000_000));
  }
  await folders.put("published/presentation/old/a");
  await folders.put("published/presentation/young/a");
  const before = await stored(db);

  const listed = await listExpiringRecordings(db, { limit: 100 });
  assert.deepEqual(listed.map((row) => row.record_id).sort(), ["no-end", "odd-end", "old"]);
  assert.deepEqual(listed.map(({ frontend_key, retention_days }) => [frontend_key, retention_days])[0], ["month", 30]);
  assert.equal((await listExpiringRecordings(db, { frontendKey: "ever", limit: 100 })).length, 0);
  assert.deepEqual(await stored(db), before, "a look deletes nothing");

  await expireRecordings(deps);
  assert.deepEqual(await stored(db), before.filter((id) => !["no-end", "odd-end", "old"].includes(id)));
  assert.deepEqual(Object.keys(await folders.tree()), [
    "published/presentation/young/a",
    "unpublished/.trash/presentation/old/a",
  ]);
  assert.deepEqual([...await db`select 1 from b3scale_recording_moves`], []);
});

dbTest("expireRecordings() of two processes deletes each recording once, and comes to an end with many", async (db) => {
  await using folders = await recordingFolders();
  using deps = commandDeps(db, env(folders));
  const frontend = await insertFrontend(db, { settings: { recordings: { retention_days: 1 } } });
  await db`
    insert into recordings (record_id, frontend_id, meeting_id, internal_meeting_id, state)
    select 'r' || n, ${frontend}, 'm', 'm', '{"StartTime": 1600000000000, "EndTime": 1600000000000}'
    from generate_series(1, 230) n`;
  await folders.put("published/presentation/r7/a");
  await Promise.all([expireRecordings(deps), expireRecordings(deps)]);
  assert.deepEqual(await stored(db), []);
  const said = deps.lines.filter(({ message }) => message.startsWith("a recording is older"));
  assert.equal(new Set(said.map(({ fields }) => fields["record_id"])).size, 230);
  assert.equal(said.length, 230);
  assert.deepEqual(Object.keys(await folders.tree()), ["unpublished/.trash/presentation/r7/a"]);
});

dbTest("a frontend that keeps recordings longer meanwhile keeps them", async (db) => {
  await using folders = await recordingFolders();
  using deps = commandDeps(db, env(folders));
  const frontend = await insertFrontend(db, { settings: { recordings: { retention_days: 30 } } });
  await insertRecording(db, frontend, "r", { StartTime: daysAgo(40), EndTime: daysAgo(40) });
  assert.equal((await listExpiringRecordings(db, { limit: 9 })).length, 1);
  await db`update frontends set settings = '{"recordings": {"retention_days": 50}}'`;
  await expireRecordings(deps);
  assert.deepEqual(await stored(db), ["r"]);
});

dbTest("without folders nothing is expired, moved or emptied", async (db) => {
  using deps = commandDeps(db);
  const frontend = await insertFrontend(db, { settings: { recordings: { retention_days: 1 } } });
  await insertRecording(db, frontend, "r", { StartTime: daysAgo(40), EndTime: daysAgo(40) });
  await wishMoves(db, ["x"], "published");
  await expireRecordings(deps);
  await finishRecordingMoves(deps);
  await emptyRecordingsTrash(deps);
  assert.deepEqual(await stored(db), ["r"]);
  assert.equal((await db`select 1 from b3scale_recording_moves where attempts = 0`).count, 1);
});

dbTest("emptyRecordingsTrash() goes by the database's clock", async (db) => {
  await using folders = await recordingFolders();
  using deps = commandDeps(db, { ...env(folders), B3SCALE_RECORDINGS_TRASH_DAYS: "7" });
  const [row] = await db<{ now: Date }[]>`select localtimestamp as now`;
  for (const days of [6, 8]) {
    const at = new Date((row?.now.getTime() ?? 0) - days * DAY_MS).toISOString().replace(/[-:]/g, "");
    await folders.put(`unpublished/.trash/video/r${days}.${at}/a`);
  }
  await emptyRecordingsTrash(deps);
  assert.deepEqual(Object.keys(await folders.tree()), ["unpublished/.trash/video/r6/a"]);
});
