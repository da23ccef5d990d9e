import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isProtected,
  isVisibility,
  recordingXml,
  type Visibility,
  withMetadata,
  withPublished,
  withVisibility,
} from "../../../src/bbb/recording.ts";
import { childElements, childText, findChild, parseXml, textOf } from "../../../src/bbb/xml.ts";
import { VISIBILITIES } from "../../../src/contract/frontend.ts";
import { anyRecording, makeRecording } from "../../support/make_recordings.ts";

const TABLE: readonly (readonly [Visibility, string, boolean, string, string])[] = [
  ["unpublished", "unpublished", false, "false", "false"],
  ["published", "published", true, "false", "false"],
  ["protected", "published", true, "false", "true"],
  ["public", "published", true, "true", "false"],
  ["public_protected", "published", true, "true", "true"],
];

Deno.test("withVisibility() sets state, published, gl-listed and protect, and nothing else", () => {
  assert.deepEqual(TABLE.map(([visibility]) => visibility), VISIBILITIES);
  for (const [from] of TABLE) {
    const before = withVisibility(makeRecording({ metadata: { foo: "bar", Protect: "true", "GL-Listed": "x" } }), from);
    for (const [visibility, state, published, listed, protect] of TABLE) {
      const after = withVisibility(before, visibility);
      assert.deepEqual(after, {
        ...before,
        state,
        published,
        metadata: { foo: "bar", "gl-listed": listed, protect },
      });
      assert.equal(isProtected(after), protect === "true");
    }
  }
});

Deno.test("isVisibility() knows the five, and no name of an object's own", () => {
  for (const visibility of VISIBILITIES) assert.ok(isVisibility(visibility));
  for (const other of ["", "Public", "toString", "__proto__", "constructor"]) assert.ok(!isVisibility(other), other);
});

Deno.test("withPublished() leaves the metadata alone", () => {
  const recording = makeRecording({ metadata: { protect: "true", "gl-listed": "true" } });
  const { published, state, ...rest } = withPublished(recording, false);
  assert.deepEqual([published, state], [false, "unpublished"]);
  assert.deepEqual(rest.metadata, recording.metadata);
});

Deno.test("withMetadata() leaves one entry spelled as BBB does, and removes by empty text", () => {
  const table: readonly (readonly [Record<string, string>, string, string, Record<string, string>])[] = [
    [{}, "Foo", "1", { foo: "1" }],
    [{ meetingName: "a", x: "y" }, "meetingname", "b", { x: "y", meetingName: "b" }],
    [{ Protect: "false" }, "protect", "true", { protect: "true" }],
    [{ Foo: "1", foo: "2", x: "y" }, "FOO", "3", { x: "y", foo: "3" }],
    [{ Foo: "1", foo: "2", x: "y" }, "foo", "", { x: "y" }],
    [{ x: "y" }, "foo", "", { x: "y" }],
    [{}, "__proto__", "1", JSON.parse('{"__proto__":"1"}')],
    [{}, "constructor", "1", { constructor: "1" } as unknown as Record<string, string>],
  ];
  for (const [metadata, name, text, expected] of table) {
    const recording = makeRecording({ metadata });
    assert.deepEqual(Object.entries(withMetadata(recording, name, text).metadata), Object.entries(expected), name);
    assert.deepEqual(recording.metadata, metadata, "the given one is untouched");
  }
});

Deno.test("recordingXml() can be read by a strict parser whatever the texts are, and loses none", () => {
  fc.assert(fc.property(anyRecording, (recording) => {
    const root = parseXml(recordingXml(recording, { protected: true }));
    assert.equal(childText(root, "startTime"), String(recording.startTime));
    assert.equal(childText(root, "protected"), String(recording.metadata["protect"] === "true"));
    const formats = childElements(findChild(root, "playback") ?? root);
    assert.deepEqual(
      formats.map((format) => childText(format, "length")),
      recording.formats.map((f) => String(f.length)),
    );
  }));
});

Deno.test("recordingXml() leaves out what nobody knows", () => {
  const format = makeRecording().formats[0];
  assert.ok(format !== undefined);
  const recording = makeRecording({
    formats: [
      { ...format, sizeBytes: null, preview: null },
      { ...format, sizeBytes: 7, preview: [{ url: "a&b", alt: "", height: 0, width: 5 }] },
    ],
  });
  const root = parseXml(recordingXml(recording, { protected: false }));
  assert.equal(findChild(root, "protected"), undefined);
  assert.equal(findChild(root, "rawSize"), undefined);
  const [first, second] = childElements(findChild(root, "playback") ?? root);
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual(childElements(first).map(({ name }) => name), ["type", "url", "processingTime", "length"]);
  assert.equal(childText(second, "size"), "7");
  const [image] = childElements(childElements(findChild(second, "preview") ?? second)[0] ?? second);
  assert.deepEqual(image?.attributes, [["width", "5"]]);
  assert.equal(textOf(image), "a&b");
});

Deno.test("recordingXml() leaves out metadata whose name no XML can have", () => {
  const xml = recordingXml(makeRecording({ metadata: { "a b": "1", "<x>": "2", "9": "3", ok: "<4>" } }), {
    protected: false,
  });
  const metadata = findChild(parseXml(xml), "metadata");
  assert.deepEqual(metadata && childElements(metadata).map((child) => [child.name, textOf(child)]), [["ok", "<4>"]]);
});
