import assert from "node:assert/strict";
import { NO_RECORDING, type Recording, type RecordingFormat } from "../../../src/bbb/recording.ts";
import { checkNames, planImport } from "../../../src/recordings/import.ts";
import { clusterID } from "../../support/make.ts";

const format = (type: string, length = 1): RecordingFormat => ({
  type,
  url: `https://n1.example/${type}`,
  processingTimeMs: 1,
  length,
  sizeBytes: null,
  preview: null,
});

const imported: Recording = {
  ...NO_RECORDING,
  recordID: "r-1",
  meetingID: "m",
  internalMeetingID: "DEPRECATED:m",
  name: "New",
  state: "available",
  published: true,
  participants: 2,
  startTime: 10,
  endTime: 20,
  rawSizeBytes: 5,
  metadata: { "gl-listed": "true" },
  formats: [format("video")],
};

const stored: Recording = {
  ...imported,
  meetingID: "stored",
  internalMeetingID: "DEPRECATED:stored",
  name: "Stored",
  state: "unpublished",
  published: false,
  participants: 3,
  rawSizeBytes: null,
  metadata: { foo: "kept" },
  formats: [format("presentation"), format("video", 9)],
};

const facts = { meetingID: "cluster", visibility: null };
const plan = (recording = imported, more: Partial<Parameters<typeof planImport>[1]> = {}) =>
  planImport(recording, { parentMeetingID: "", previews: [], ...more });

Deno.test("planImport() takes a new recording as its metadata says; the state follows `published`", () => {
  const merged = plan().merge(undefined, facts);
  assert.deepEqual(merged, {
    ...imported,
    meetingID: "cluster",
    state: "published",
    formats: [{ ...format("video"), preview: [] }],
  });
});

Deno.test("planImport() applies the frontend's visibility to new recordings only, and none that is unknown", () => {
  const visible = (visibility: string, row?: Recording) => {
    const { state, published, metadata } = plan().merge(row, { ...facts, visibility });
    return { state, published, metadata };
  };
  assert.deepEqual(visible("unpublished"), {
    state: "unpublished",
    published: false,
    metadata: { "gl-listed": "false", protect: "false" },
  });
  assert.deepEqual(visible("secret").metadata, { "gl-listed": "true" });
  assert.deepEqual(visible("public", stored), { state: "unpublished", published: false, metadata: { foo: "kept" } });
});

Deno.test("planImport() keeps what is stored, and unites the formats with the new one first", () => {
  const merged = plan().merge(stored, facts);
  assert.deepEqual(merged, {
    ...stored,
    rawSizeBytes: 5,
    formats: [{ ...format("video"), preview: [] }, format("presentation")],
  });
  assert.equal(plan().merge({ ...stored, participants: 0 }, facts).participants, 2);
  assert.equal(plan({ ...imported, startTime: 0 }).merge(stored, facts).startTime, 10);
});

Deno.test("planImport() names owners: the meta, the key in the meeting's id, the key in the parent's", () => {
  const metadata = { "b3s-frontend": "fe9" };
  assert.deepEqual(plan().ownerKeys, []);
  assert.deepEqual(plan({ ...imported, metadata, meetingID: clusterID("m") }).ownerKeys, ["fe9", "fe1"]);
  assert.deepEqual(plan(imported, { parentMeetingID: clusterID("p", "fe2") }).ownerKeys, ["fe2"]);
  const { meetingID, overrideKey } = plan(imported, { overrides: { frontendKey: "k", meetingID: "other" } });
  assert.deepEqual([meetingID, overrideKey], ["other", "k"]);
});

Deno.test("planImport() cuts an internal id that the column cannot hold", () => {
  const long = { ...imported, internalMeetingID: `DEPRECATED:${"m".repeat(250)}` };
  assert.equal(plan(long).merge(undefined, facts).internalMeetingID.length, 255);
});

Deno.test("checkNames() refuses names that no folder can have", () => {
  checkNames(imported);
  for (const name of ["", "..", "a/b", ".a", "ä"]) {
    assert.throws(() => checkNames({ ...imported, recordID: name }), /cannot be the name of a folder/);
    assert.throws(() => checkNames({ ...imported, formats: [format(name)] }), /cannot be the name of a folder/);
  }
});
