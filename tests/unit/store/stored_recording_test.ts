import assert from "node:assert/strict";
import fc from "fast-check";
import { NO_RECORDING } from "../../../src/bbb/recording.ts";
import {
  encodeRecordingDocument,
  encodeStoredRecording,
  readStoredRecording,
} from "../../../src/store/stored_recording.ts";
import { anyRecording, makeRecording } from "../../support/make_recordings.ts";

/** What a jsonb column cannot hold is gone, everything else is as it was. */
const storable = <T>(value: T): T =>
  JSON.parse(
    JSON.stringify(value, (_, member) =>
      typeof member === "string" ? member.replaceAll("\0", "").toWellFormed() : member),
  ) as T;

Deno.test("readStoredRecording() reads what encodeStoredRecording() wrote", () => {
  fc.assert(fc.property(anyRecording, (recording) => {
    const names = Object.keys(recording.metadata);
    fc.pre(names.every((name) => storable(name) === name));
    const document: unknown = JSON.parse(JSON.stringify(encodeStoredRecording(recording)));
    assert.deepEqual(readStoredRecording(document), storable(recording));
  }));
});

Deno.test("encodeStoredRecording() of a document that was read changes nothing in it", () => {
  fc.assert(fc.property(anyRecording, (recording) => {
    const names = recording.formats.flatMap(({ preview }) => (preview ?? []).map(({ url }) => storable(url)));
    fc.pre(new Set(names).size === names.length);
    const document = encodeStoredRecording(recording);
    assert.deepEqual(encodeStoredRecording(readStoredRecording(document), document), document);
  }));
});

Deno.test("readStoredRecording() and what follows take any JSON", () => {
  fc.assert(fc.property(fc.jsonValue(), (document) => {
    const recording = readStoredRecording(document);
    encodeStoredRecording(recording, document);
    for (const key of ["startTime", "endTime", "participants"] as const) {
      assert.ok(Number.isSafeInteger(recording[key]));
    }
  }));
});

Deno.test("readStoredRecording() reads missing, null and wrongly typed members as zero", () => {
  for (const document of [null, undefined, 1, "x", [], {}, { Formats: null, Metadata: null }, { Formats: [null, 1] }]) {
    assert.deepEqual(readStoredRecording(document), NO_RECORDING);
  }
  const odd = {
    Name: 5,
    Published: "true",
    StartTime: "1",
    EndTime: 1.5,
    Participants: -1,
    RawSize: "9",
    Metadata: { a: 1, b: true, c: null, d: {}, e: "x" },
    Formats: [{ Type: null, Preview: { Images: null } }, { Preview: { Images: { All: null } } }, { Preview: {} }],
  };
  const { metadata, formats, ...rest } = readStoredRecording(odd);
  const { metadata: _, formats: __, ...zero } = NO_RECORDING;
  assert.deepEqual(rest, zero);
  assert.deepEqual(metadata, { a: "1", b: "true", e: "x" });
  assert.deepEqual(formats.map(({ preview }) => preview), [[], [], []]);
});

Deno.test("readStoredRecording() falls back on keys of another case", () => {
  assert.equal(readStoredRecording({ recordid: "a" }).recordID, "a");
  assert.equal(readStoredRecording({ recordid: "a", RecordID: "b" }).recordID, "b");
});

Deno.test("encodeStoredRecording() keeps what it does not know of, in formats and images as well", () => {
  const document = {
    XMLName: { Space: "", Local: "recording" }, // is written empty
    Later: [1],
    recordid: "old spelling",
    Formats: [
      {
        Type: "presentation",
        Later: 2,
        Preview: { Later: 3, Images: { Later: 4, All: [{ URL: "a.png", Later: 5 }, { URL: "b.png" }] } },
      },
      { Type: "video", Later: 6 },
    ],
  };
  const changed = { ...readStoredRecording(document), name: "New" };
  const [presentation, video] = changed.formats;
  assert.ok(presentation !== undefined && video !== undefined);
  const plain = (format: typeof video) =>
    (encodeRecordingDocument({ ...changed, formats: [format] })["Formats"] as readonly object[])[0];
  const encoded = encodeStoredRecording({ ...changed, formats: [video, presentation] }, document);
  assert.deepEqual(JSON.parse(JSON.stringify(encoded)), {
    ...encodeRecordingDocument(changed),
    Later: [1],
    Formats: [
      { ...plain(video), Later: 6 },
      {
        ...plain(presentation),
        Later: 2,
        Preview: {
          XMLName: { Space: "", Local: "" },
          Later: 3,
          Images: {
            XMLName: { Space: "", Local: "" },
            Later: 4,
            All: [
              { XMLName: { Space: "", Local: "" }, Alt: "", Height: 0, Width: 0, URL: "a.png", Later: 5 },
              { XMLName: { Space: "", Local: "" }, Alt: "", Height: 0, Width: 0, URL: "b.png" },
            ],
          },
        },
      },
    ],
  });
});

Deno.test("encodeStoredRecording() removes metadata and formats that are gone", () => {
  const document = encodeStoredRecording(makeRecording({ metadata: { a: "1", b: "2" } }));
  const encoded = encodeStoredRecording(makeRecording({ metadata: { b: "2" }, formats: [] }), document);
  assert.deepEqual([encoded["Metadata"], encoded["Formats"]], [{ b: "2" }, []]);
});

Deno.test("encodeRecordingDocument() has the members of 1.x and no other", () => {
  const { formats: [format] } = makeRecording();
  assert.ok(format !== undefined);
  const document = encodeRecordingDocument(
    makeRecording({ rawSizeBytes: 5, formats: [{ ...format, sizeBytes: 6, preview: [] }] }),
  );
  const text = JSON.stringify(document);
  assert.ok(!text.includes("Size"), text);
  assert.ok(JSON.stringify(encodeStoredRecording(makeRecording({ rawSizeBytes: 5 }))).includes('"RawSize":5'));
});
