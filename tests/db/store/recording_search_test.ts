import assert from "node:assert/strict";
import type { Recording } from "../../../src/bbb/recording.ts";
import type { Pool } from "../../../src/deps.ts";
import {
  countFrontendRecordings,
  listFrontendRecordings,
  listQuery,
  type MetadataFilter,
  type RecordingFilter,
} from "../../../src/store/recording_search.ts";
import { recordIDOf, roomID, seedRecordings, startTimeOf } from "../../../bench/seed_recordings.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertFrontend } from "../../support/make.ts";
import { insertRecording } from "../../support/make_recordings.ts";

const NONE: RecordingFilter = { metadata: [] };

/** Ids in the order of the answer; counting must agree. */
async function find(db: Pool, frontend: string, filter: Partial<RecordingFilter>): Promise<string[]> {
  const rows = await listFrontendRecordings(db, frontend, { ...NONE, ...filter });
  assert.equal(await countFrontendRecordings(db, frontend, { ...NONE, ...filter }), rows.length);
  return rows.map(({ recording }) => recording.recordID);
}

/** `a-1` … of frontend `fe1`, the newest first, and one of `fe2` that every filter matches as well. */
async function insertScene(db: Pool): Promise<[own: string, other: string]> {
  const [own, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  const rows: readonly Partial<Recording>[] = [
    { recordID: "a-1", startTime: 900, metadata: { Foo: "bar", "gl-listed": "true" } },
    { recordID: "a-2", startTime: 800, metadata: { foo: "BAR" }, meetingID: clusterID("m2"), state: "unpublished" },
    { recordID: "ab_3", startTime: 700, metadata: { foo: 'a"b%c_d\\e' }, state: "processing" },
    { recordID: "b%4", startTime: 700, metadata: { foo: "" }, state: "deleted" },
    { recordID: "c-5", startTime: 0, metadata: {}, state: "" },
  ];
  for (const row of rows.toReversed()) await insertRecording(db, own, row);
  await insertRecording(db, other, { recordID: "a-9", startTime: 850, metadata: { foo: "bar" } });
  return [own, other];
}

dbTest("listFrontendRecordings() lists the frontend's own, newest first, equally old ones by id", async (db) => {
  const [own, other] = await insertScene(db);
  assert.deepEqual(await find(db, own, {}), ["a-1", "a-2", "ab_3", "b%4", "c-5"]);
  assert.deepEqual(await find(db, other, {}), ["a-9"]);
  assert.deepEqual(await find(db, crypto.randomUUID(), {}), []);
});

dbTest("listFrontendRecordings() takes record ids as beginnings, with no wildcards", async (db) => {
  const [own, other] = await insertScene(db);
  const table: readonly (readonly [recordIDs: string[], found: string[]])[] = [
    [["a-1"], ["a-1"]],
    [["a-"], ["a-1", "a-2"]],
    [["a", "a-", "a-1", "a-1"], ["a-1", "a-2", "ab_3"]],
    [["c", "a-2"], ["a-2", "c-5"]],
    [["a_"], []],
    [["ab_"], ["ab_3"]],
    [["%"], []],
    [["b%"], ["b%4"]],
    [["\\"], []],
    [["a-9"], []],
    [["A-1"], []],
    [["a-11"], []],
    [[], []],
  ];
  for (const [recordIDs, found] of table) {
    assert.deepEqual(await find(db, own, { recordIDs }), found, recordIDs.join());
    const foreign = recordIDs.some((id) => "a-9".startsWith(id)) ? ["a-9"] : [];
    assert.deepEqual(await find(db, other, { recordIDs }), foreign);
  }
});

dbTest("listFrontendRecordings() takes meeting ids and states exactly", async (db) => {
  const [own, other] = await insertScene(db);
  const [m1, m2] = [clusterID("m1"), clusterID("m2")];
  assert.deepEqual(await find(db, own, { meetingIDs: [m2] }), ["a-2"]);
  assert.deepEqual(await find(db, own, { meetingIDs: [m2, m2, m1, "x"] }), ["a-1", "a-2", "ab_3", "b%4", "c-5"]);
  assert.deepEqual(await find(db, own, { meetingIDs: [m2.slice(0, 8), "%", ""] }), []);
  assert.deepEqual(await find(db, other, { meetingIDs: [m2] }), []);
  assert.deepEqual(await find(db, own, { states: ["published", "unpublished"] }), ["a-1", "a-2"]);
  assert.deepEqual(await find(db, own, { states: ["processing", "deleted", 'pub"lished'] }), ["ab_3", "b%4"]);
  assert.deepEqual(await find(db, own, { states: [] }), []);
  assert.deepEqual(await find(db, own, { states: ["published"], meetingIDs: [m2] }), [], "all must hold");
});

dbTest("listFrontendRecordings() compares metadata as text, names without case", async (db) => {
  const [own] = await insertScene(db);
  const table: readonly (readonly [MetadataFilter["match"], string, string[]])[] = [
    ["equals", "bar", ["a-1"]],
    ["equals", "BAR", ["a-2"]],
    ["equals", 'a"b%c_d\\e', ["ab_3"]],
    ["equals", "", ["b%4"]],
    ["contains", "a", ["a-1", "ab_3"]],
    ["contains", "%", ["ab_3"]],
    ["contains", "", ["a-1", "a-2", "ab_3", "b%4"]],
    ["begins", "b", ["a-1"]],
    ["begins", "_", []],
    ["ends", "\\e", ["ab_3"]],
    ["ends", "r", ["a-1"]],
    ["ends", "xxxxxxxxxxxxxxxxxxbar", []],
  ];
  for (const [match, text, found] of table) {
    const metadata = [{ name: "foo", text, match }];
    assert.deepEqual(await find(db, own, { metadata }), found, `${match} "${text}"`);
  }
  const both = (text: string): MetadataFilter[] => [
    { name: "foo", text: "bar", match: "equals" },
    { name: "gl-listed", text, match: "equals" },
  ];
  assert.deepEqual(await find(db, own, { metadata: both("true") }), ["a-1"]);
  assert.deepEqual(await find(db, own, { metadata: both("false") }), []);
});

dbTest("listFrontendRecordings() gives pages that together are the whole", async (db) => {
  const [own] = await insertScene(db);
  const page = async (offset: number, limit?: number) =>
    (await listFrontendRecordings(db, own, NONE, { offset, limit })).map(({ recording }) => recording.recordID);
  assert.deepEqual(await page(0, 2), ["a-1", "a-2"]);
  assert.deepEqual(await page(2, 2), ["ab_3", "b%4"]);
  assert.deepEqual(await page(4, 2), ["c-5"]);
  assert.deepEqual(await page(5, 2), []);
  assert.deepEqual(await page(3), ["b%4", "c-5"]);
  assert.deepEqual(await page(999_999_999_999_999, 100), []);
});

dbTest("what recordings are found by follows each write, by whomever", async (db) => {
  const [own, other] = await insertScene(db);
  await db`update recordings set state = '{"State": "unpublished", "StartTime": 1000, "Metadata": {"X": "y"}}'
    where record_id = 'c-5'`;
  assert.deepEqual((await find(db, own, {}))[0], "c-5");
  assert.deepEqual(await find(db, own, { metadata: [{ name: "x", text: "y", match: "equals" }] }), ["c-5"]);
  await db`update recordings set frontend_id = ${other} where record_id = 'c-5'`;
  assert.deepEqual(await find(db, other, {}), ["c-5", "a-9"]);
  await db`update recordings set record_id = 'd-5' where record_id = 'c-5'`;
  assert.deepEqual(await find(db, other, { recordIDs: ["d"] }), ["d-5"]);
  await db`delete from recordings where record_id = 'd-5'`;
  await db`delete from frontends where id = ${own}`;
  assert.deepEqual((await db`select record_id from b3scale_recording_index`).map((row) => row.record_id), ["a-9"]);
});

dbTest("no document of a row is refused", async (db) => {
  const own = await insertFrontend(db);
  const documents = [
    "{}",
    "[]",
    "null",
    "1",
    '"x"',
    '{"StartTime": 1e400, "State": 5, "Metadata": []}',
    '{"StartTime": -1e99, "State": null, "Metadata": null}',
    '{"StartTime": 9.99e17, "State": {"a": 1}, "Metadata": "x"}',
    '{"StartTime": 1.9, "State": [], "Metadata": {"a": null, "A": {"b": 1}, "b": [1], "": true}}',
    `{"StartTime": "1", "State": "${"s".repeat(10_000)}", "Metadata": {"${"n".repeat(10_000)}": "${
      "v".repeat(100_000)
    }"}}`,
  ];
  for (const [number, document] of documents.entries()) {
    await insertRecording(db, own, { recordID: `r-${number}` });
    await db.unsafe("update recordings set state = $1::text::jsonb where record_id = $2", [document, `r-${number}`]);
  }
  assert.equal((await find(db, own, {})).length, documents.length);
  assert.deepEqual(await find(db, own, { metadata: [{ name: "b", text: "[1]", match: "equals" }] }), ["r-8"]);
});

dbTest("the planner reads indexes, whatever is looked for", async (db) => {
  const [own = ""] = await seedRecordings(db, { frontends: 20, recordings: 6000, largest: 1000 });
  const states = ["published", "unpublished"];
  const key = "fe0";
  const table: Readonly<Record<string, [filter: Partial<RecordingFilter>, index: string, limit?: number]>> = {
    meetings: [{ meetingIDs: [roomID(key, 7), roomID(key, 9)] }, "idx_recordings_meeting_id"],
    recordings: [
      { recordIDs: Array.from({ length: 25 }, (_, n) => recordIDOf(key, n, startTimeOf(n * 8))) },
      "b3scale_recording_index_prefix_idx",
    ],
    room: [{ recordIDs: [recordIDOf(key, 7, 0).slice(0, 40)] }, "b3scale_recording_index_prefix_idx"],
    metadata: [
      { metadata: [{ name: "bbb-context-id", text: "17", match: "equals" }] },
      "b3scale_recording_index_metadata_idx",
    ],
    everything: [{}, "b3scale_recording_index_newest_idx", 20],
  };
  for (const [what, [filter, index, limit]] of Object.entries(table)) {
    const query = listQuery(db, own, { ...NONE, states, ...filter }, { offset: 0, limit });
    const plan = (await db<Record<string, string>[]>`explain (costs off) ${query}`)
      .map((row) => row["QUERY PLAN"]).join("\n");
    assert.ok(plan.includes(index), `${what} does not use ${index}:\n${plan}`);
    assert.ok(!plan.includes("Seq Scan"), `${what} reads a whole table:\n${plan}`);
    assert.ok(plan.includes("recordings_pkey"), plan);
  }
});
