import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  decodeMeetingID,
  encodeMeetingID,
  type FrontendMeetingID,
  MAX_CLUSTER_MEETING_ID,
  readMeetingID,
} from "../../../src/contract/meeting_id.ts";

const idOf = (text: string) => text as FrontendMeetingID;
const encoded = (key: string, id: string) => encodeMeetingID(key, idOf(id)) as string;
const base64url = (text: string) => Buffer.from(text).toString("base64").replaceAll("+", "-").replaceAll("/", "_");

Deno.test("encodeMeetingID() gives the worked examples", () => {
  assert.equal(encoded("fe1", "m-1"), "WyJmZTEiLCJtLTEiLCJiM3NjbCJd");
  assert.equal(encoded("fe1", "room-12"), "WyJmZTEiLCJyb29tLTEyIiwiYjNzY2wiXQ==");
  assert.equal(encoded("fe1", "abc").length, 28);
  assert.ok(encoded("fe1", "x".repeat(171)).length <= MAX_CLUSTER_MEETING_ID);
  assert.ok(encoded("fe1", "x".repeat(172)).length > MAX_CLUSTER_MEETING_ID);
});

Deno.test("encodeMeetingID() wraps an id again that is encoded already", () => {
  const once = encoded("fe1", "m-1");
  assert.deepEqual(readMeetingID(encoded("fe1", once)), { frontendKey: "fe1", meetingID: once });
});

/** The escape rules of gateway contract §4.1, byte by byte. */
function expectedJson(key: string, id: string): string {
  const short: Record<string, string> = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
  };
  const quoted = (text: string) => {
    let out = "";
    for (const char of text) {
      const code = char.codePointAt(0) ?? 0;
      const escape = short[char];
      if (escape !== undefined) out += escape;
      else if (code < 0x20 || "<>&\u2028\u2029".includes(char)) out += "\\u" + code.toString(16).padStart(4, "0");
      else if (code >= 0xd800 && code <= 0xdfff) out += "\ufffd";
      else out += char;
    }
    return `"${out}"`;
  };
  return `[${quoted(key)},${quoted(id)},"b3scl"]`;
}

const special = fc.constantFrom(...'"\\<>&\u2028\u2029\b\f\n\r\t\u0000\u001f\u007f/+ ä€😀\ufeff\uffff');
const wellFormed = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ unit: special }));
const anyText = fc.oneof(
  wellFormed,
  fc.array(fc.nat(0xffff), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom("\ud800", "\udc00", "a", "\udfff") }),
);

Deno.test("encodeMeetingID() writes the exact bytes of the escape rules, for any text", () => {
  fc.assert(
    fc.property(anyText, anyText, (key, id) => {
      const json = expectedJson(key, id);
      const result = encoded(key, id);
      assert.equal(result, base64url(json));
      assert.equal(result.length, 4 * Math.ceil(new TextEncoder().encode(json).length / 3));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("encodeMeetingID() keeps lower case in its escapes", () => {
  assert.equal(
    Buffer.from(encoded("k", "\u001f<>&\u2028\u2029\b"), "base64url").toString(),
    '["k","\\u001f\\u003c\\u003e\\u0026\\u2028\\u2029\\b","b3scl"]',
  );
});

Deno.test("decodeMeetingID() undoes encodeMeetingID() for any well-formed text", () => {
  fc.assert(fc.property(wellFormed, wellFormed, (key, id) => {
    assert.equal(decodeMeetingID(key, encoded(key, id)), id);
    assert.deepEqual(readMeetingID(encoded(key, id)), { frontendKey: key, meetingID: id });
  }));
});

Deno.test("encodeMeetingID() turns half a character into U+FFFD", () => {
  assert.equal(encoded("k", "a\ud800b"), encoded("k", "a\ufffdb"));
  assert.equal(encoded("\udc00", "a"), encoded("\ufffd", "a"));
});

Deno.test("decodeMeetingID() leaves the id of another frontend as it is", () => {
  const foreign = encoded("fe2", "m-1");
  assert.equal(decodeMeetingID("fe1", foreign), foreign);
  assert.equal(decodeMeetingID("FE2", foreign), foreign);
});

Deno.test("readMeetingID() refuses everything but three strings with the marker", () => {
  const table = [
    "",
    "=",
    "room-42",
    "WyJmZTEiLCJyb29tLTEyIiwiYjNzY2wiXQ", // no padding
    "WyJmZTEiLCJyb29tLTEyIiwiYjNzY2wiXQ=",
    base64url('["fe1","m-1"]'),
    base64url('["fe1","m-1","b3scl","x"]'),
    base64url('["fe1","m-1","other"]'),
    base64url('["fe1",1,"b3scl"]'),
    base64url('{"0":"fe1","1":"m-1","2":"b3scl","length":3}'),
    base64url("null"),
    base64url('["fe1","m-1","b3scl"'),
    "////",
    encoded("fe1", "m-1") + "\n",
  ];
  for (const id of table) {
    assert.equal(readMeetingID(id), undefined, id);
    assert.equal(decodeMeetingID("fe1", id), id);
  }
});

Deno.test("decodeMeetingID() never throws and leaves alone what is no encoded id", () => {
  const json = fc.json().map(base64url);
  fc.assert(fc.property(fc.oneof(anyText, json, fc.base64String()), anyText, (id, key) => {
    if (readMeetingID(id) === undefined) assert.equal(decodeMeetingID(key, id), id);
  }));
});
