import assert from "node:assert/strict";
import { withMetadata, withPublished } from "../../../src/bbb/recording.ts";
import type { Pool } from "../../../src/deps.ts";
import {
  deleteFrontendRecordings,
  findFrontendRecordings,
  findRecording,
  putTextTrack,
  updateFrontendRecordings,
  updateRecording,
  upsertRecording,
} from "../../../src/store/recordings.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertFrontend } from "../../support/make.ts";
import { insertRecording, makeRecording } from "../../support/make_recordings.ts";

async function insertTwo(db: Pool): Promise<{ own: string; other: string }> {
  const [own, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  await insertRecording(db, own, { recordID: "mine-1" });
  await insertRecording(db, own, { recordID: "mine-2" });
  await insertRecording(db, other, { recordID: "theirs" });
  await db`update recordings set created_at = '2024-01-02', updated_at = '2024-01-02', synced_at = '2024-01-02'`;
  return { own, other };
}

const IDS = ["theirs", "mine-2", "nobodys", "mine-1", "mine-1"];
const idsOf = (rows: readonly { recording: { recordID: string } }[]) =>
  rows.map((row) => row.recording.recordID).sort();
const dump = async (db: Pool, id: string) => JSON.stringify(await db`select * from recordings where record_id = ${id}`);

dbTest("findRecording() reads the row; its columns win over the document", async (db) => {
  const { own } = await insertTwo(db);
  await db`update recordings set meeting_id = 'm', internal_meeting_id = 'i',
    state = '{"RecordID": "x", "MeetingID": "y", "Name": "n"}' where record_id = 'mine-1'`;
  const row = await findRecording(db, "mine-1");
  assert.ok(row !== undefined);
  const { recordID, meetingID, internalMeetingID, name } = row.recording;
  assert.deepEqual([recordID, meetingID, internalMeetingID, name], ["mine-1", "m", "i", "n"]);
  assert.deepEqual([row.frontend_id, row.meeting_id, row.internal_meeting_id], [own, "m", "i"]);
  assert.equal(row.created_at.toISOString(), "2024-01-02T00:00:00.000Z");
  assert.equal(await findRecording(db, "mine"), undefined);
});

dbTest("findFrontendRecordings() finds none of another frontend", async (db) => {
  const { own, other } = await insertTwo(db);
  assert.deepEqual(idsOf(await findFrontendRecordings(db, own, IDS)), ["mine-1", "mine-2"]);
  assert.deepEqual(idsOf(await findFrontendRecordings(db, other, IDS)), ["theirs"]);
  assert.deepEqual(await findFrontendRecordings(db, own, []), []);
});

dbTest("updateFrontendRecordings() changes the frontend's own, and keeps what it does not know of", async (db) => {
  const { own } = await insertTwo(db);
  await db`update recordings set state = state || '{"Later": {"a": 1}}'`;
  const before = await dump(db, "theirs");
  const changed = await db.begin((tx) =>
    updateFrontendRecordings(tx, own, IDS, (recording) => withMetadata(withPublished(recording, false), "x", "y"))
  );
  assert.deepEqual(idsOf(changed), ["mine-1", "mine-2"]);
  for (const { recording, created_at, updated_at, synced_at } of changed) {
    assert.deepEqual([recording.published, recording.metadata["x"]], [false, "y"]);
    assert.equal(created_at.getUTCFullYear(), 2024);
    assert.equal(synced_at.getUTCFullYear(), 2024);
    assert.ok(Math.abs(updated_at.getTime() - Date.now()) < 60_000, updated_at.toISOString());
  }
  const [row] = await db`select state -> 'Later' as later, state ->> 'State' as state from recordings
    where record_id = 'mine-2'`;
  assert.deepEqual({ ...row }, { later: { a: 1 }, state: "unpublished" });
  assert.equal(await dump(db, "theirs"), before);
  assert.deepEqual(await db.begin((tx) => updateFrontendRecordings(tx, own, ["theirs"], (one) => one)), []);
});

dbTest("updateFrontendRecordings() loses no change of two at a time", async (db) => {
  const { own } = await insertTwo(db);
  const set = (name: string, ids: readonly string[]) =>
    db.begin((tx) => updateFrontendRecordings(tx, own, ids, (recording) => withMetadata(recording, name, "1")));
  const names = Array.from({ length: 10 }, (_, n) => `n${n}`);
  await Promise.all(names.map((name, n) => set(name, n % 2 ? ["mine-1", "mine-2"] : ["mine-2", "mine-1"])));
  for (const { recording } of await findFrontendRecordings(db, own, IDS)) {
    assert.deepEqual(names.filter((name) => recording.metadata[name] !== "1"), []);
  }
});

dbTest("updateRecording() changes whoever's it is", async (db) => {
  const { other } = await insertTwo(db);
  const row = await db.begin((tx) => updateRecording(tx, "theirs", (recording) => ({ ...recording, name: "New" })));
  assert.deepEqual([row?.recording.name, row?.frontend_id], ["New", other]);
  assert.equal(await db.begin((tx) => updateRecording(tx, "nobodys", (one) => one)), undefined);
});

dbTest("upsertRecording() inserts; an existing row keeps frontend, tracks, birth and unknown members", async (db) => {
  const { own, other } = await insertTwo(db);
  const recording = makeRecording({ recordID: "new", rawSizeBytes: 99 });
  const inserted = await db.begin((tx) => upsertRecording(tx, { recording, frontend_id: own }));
  assert.deepEqual([inserted.recording, inserted.frontend_id, inserted.text_tracks], [recording, own, []]);

  const track = { href: "h", kind: "subtitles", label: "L", lang: "en", source: "upload" };
  await putTextTrack(db, own, "mine-1", track);
  await db`update recordings set state = state || '{"Later": 1}' where record_id = 'mine-1'`;
  const again = makeRecording({ recordID: "mine-1", name: "Again", meetingID: clusterID("m7") });
  const updated = await db.begin((tx) => upsertRecording(tx, { recording: again, frontend_id: other }));
  assert.deepEqual([updated.recording, updated.frontend_id, updated.text_tracks], [again, own, [track]]);
  assert.equal(updated.meeting_id, clusterID("m7"));
  assert.equal(updated.created_at.getUTCFullYear(), 2024);
  assert.equal((await db`select state ->> 'Later' as later from recordings where record_id = 'mine-1'`)[0]?.later, "1");
});

dbTest("deleteFrontendRecordings() deletes the frontend's own and says which", async (db) => {
  const { own } = await insertTwo(db);
  const deleted = await db.begin((tx) => deleteFrontendRecordings(tx, own, IDS));
  assert.deepEqual(deleted.toSorted(), ["mine-1", "mine-2"]);
  assert.deepEqual((await db`select record_id from recordings`).map((row) => row.record_id), ["theirs"]);
});

dbTest("putTextTrack() keeps one track per language, whatever stood there", async (db) => {
  const { own, other } = await insertTwo(db);
  const track = (lang: string, label = lang) => ({
    href: `${lang}.vtt`,
    kind: "captions",
    label,
    lang,
    source: "upload",
  });
  for (const stored of ["null", '"x"', "[]", "{}"]) {
    await db.unsafe(`update recordings set text_track_states = '${stored}'`);
    assert.ok(await putTextTrack(db, own, "mine-1", track("de")));
    assert.ok(await putTextTrack(db, own, "mine-1", track("en")));
    assert.ok(await putTextTrack(db, own, "mine-1", track("de", "Deutsch")));
    assert.deepEqual((await findRecording(db, "mine-1"))?.text_tracks, [track("en"), track("de", "Deutsch")]);
  }
  assert.equal(await putTextTrack(db, other, "mine-1", track("fr")), false);
  assert.deepEqual((await findRecording(db, "mine-1"))?.text_tracks.length, 2);
});

dbTest("text tracks of a row are read without complaint", async (db) => {
  await insertTwo(db);
  await db`update recordings set text_track_states = '[null, 1, {"href": "h", "kind": 5, "label": "l", "source": "s"}]'`;
  const tracks = (await findRecording(db, "mine-1"))?.text_tracks;
  assert.deepEqual(tracks, [{ href: "h", kind: "", label: "l", lang: "", source: "s" }]);
});
