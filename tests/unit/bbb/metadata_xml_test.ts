import assert from "node:assert/strict";
import { readMetadataXml } from "../../../src/bbb/metadata_xml.ts";
import { AppError } from "../../../src/errors.ts";

const ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728123";

const xml = ({ head = "", meta = "<meetingId>room-42</meetingId>", playback = "", tail = "" } = {}) => `
  <recording>
    <id>
      ${ID}
    </id>${head}
    <meta>${meta}</meta>
    <playback><format>presentation</format>${playback}</playback>${tail}
  </recording>`;

Deno.test("readMetadataXml() reads what BBB writes, durations in whole minutes", () => {
  const recording = readMetadataXml(xml({
    head: `<state>published</state><published>true</published><start_time>1715261728123</start_time>
      <end_time>1715265330456</end_time><participants>2</participants>
      <meeting id="${ID}" externalId="room-42" name="Other name" breakout="true"/>`,
    meta: `<isBreakout>false</isBreakout><meetingId>room-42</meetingId><meetingName>Demo room</meetingName>
      <bbb-origin>DemoApp</bbb-origin><gl-listed>true</gl-listed>`,
    playback: `<link>https://bbb1.example.org/playback/presentation/2.3/${ID}</link>
      <processing_time>7177</processing_time><duration>3602333</duration><size>1045423</size>
      <extensions><preview><images><image width="176" height="136" alt="x">https://b/1.png</image></images></preview></extensions>`,
    tail: "<raw_size>19345678</raw_size>",
  }));
  assert.deepEqual(recording, {
    recordID: ID,
    meetingID: "room-42",
    internalMeetingID: "DEPRECATED:room-42",
    name: "Demo room",
    isBreakout: false,
    published: true,
    state: "published",
    startTime: 1715261728123,
    endTime: 1715265330456,
    participants: 2,
    rawSizeBytes: 19345678,
    metadata: {
      isBreakout: "false",
      meetingId: "room-42",
      meetingName: "Demo room",
      "bbb-origin": "DemoApp",
      "gl-listed": "true",
    },
    formats: [{
      type: "presentation",
      url: `https://bbb1.example.org/playback/presentation/2.3/${ID}`,
      processingTimeMs: 7177,
      length: 60,
      sizeBytes: 1045423,
      preview: null,
    }],
  });
});

Deno.test("readMetadataXml() reads what is missing as zero or unknown", () => {
  const { metadata, formats: [format], ...rest } = readMetadataXml(xml());
  assert.deepEqual(rest, {
    recordID: ID,
    meetingID: "room-42",
    internalMeetingID: "DEPRECATED:room-42",
    name: "",
    isBreakout: false,
    published: false,
    state: "",
    startTime: 0,
    endTime: 0,
    participants: 0,
    rawSizeBytes: null,
  });
  assert.deepEqual(metadata, { meetingId: "room-42" });
  assert.deepEqual([format?.length, format?.sizeBytes, format?.url], [0, null, ""]);
});

Deno.test("readMetadataXml() falls back on <meeting>, which some formats lack", () => {
  const meeting = '<meeting id="x" externalId="room-7" name="Physics &amp; more" breakout="true"/>';
  const recording = readMetadataXml(xml({ head: meeting, meta: "" }));
  assert.deepEqual([recording.meetingID, recording.name, recording.isBreakout], ["room-7", "Physics & more", true]);
});

Deno.test("readMetadataXml() reads entities, CDATA, blanks and odd names in metadata", () => {
  const { metadata } = readMetadataXml(xml({
    meta: `<meetingId>
        room-42
      </meetingId><a>&lt;b&gt; &amp; &#252; &#x1F600; &auml; &nbsp;x</a><b><![CDATA[<i>&amp;</i>]]></b><c/>
      <constructor>1</constructor><toString>2</toString><__proto__>3</__proto__>`,
  }));
  assert.deepEqual(Object.entries(metadata), [
    ["meetingId", "room-42"],
    ["a", "<b> & ü 😀 &auml; \u00a0x"], // a name that XML does not know stays
    ["b", "<i>&amp;</i>"],
    ["c", ""],
    ["constructor", "1"],
    ["toString", "2"],
    ["__proto__", "3"],
  ]);
});

Deno.test("readMetadataXml() takes whole milliseconds of a fraction, and no other number", () => {
  const lengthOf = (duration: string) =>
    readMetadataXml(xml({ playback: `<duration>${duration}</duration>` })).formats[0]?.length;
  const table = { "59999": 0, "60000": 1, "119999.9": 1, " 120000\n": 2, "-60000": 0, "1e6": 0, "x": 0, "": 0 };
  for (const [duration, length] of Object.entries(table)) assert.equal(lengthOf(duration), length, duration);
});

Deno.test("readMetadataXml() refuses what no import can use, and says why", () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ["", /^the request must contain content of a metadata\.xml$/],
    [" \n", /must contain content/],
    ["hello", /cannot be read/],
    ["<recording><id>x</recording>", /cannot be read/],
    ['<!DOCTYPE r [<!ENTITY a "b">]><recording/>', /DOCTYPE/],
    ["<html></html>", /root element should be <recording>/],
    ["<recording/>", /no <id>/],
    ["<recording><id> </id></recording>", /no <id>/],
    ["<recording><id>x-1</id><meta><meetingId>m1</meetingId></meta></recording>", /no <playback>/],
    ["<recording><id>x-1</id><meta><meetingId>m</meetingId></meta><playback/></recording>", /no <format>/],
    ["<recording><id>x-1</id><playback><format>video</format></playback></recording>", /meeting's id/],
  ];
  for (const [text, message] of table) {
    assert.throws(() => readMetadataXml(text), (error) => {
      assert.ok(error instanceof AppError && error.code === "malformed_body", String(error));
      assert.match(error.message, message);
      return true;
    }, text);
  }
});
