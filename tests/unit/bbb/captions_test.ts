import assert from "node:assert/strict";
import fc from "fast-check";
import { toWebVtt } from "../../../src/bbb/captions.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const SRT = "1\n00:00:01,500 --> 00:00:04,000\nHello <i>you</i>\nsecond line\n\n2\n00:01:00,5 --> 100:00:02,25\nBye\n";
const VTT = `WEBVTT

00:00:01.500 --> 00:00:04.000
Hello <i>you</i>
second line

00:01:00.500 --> 100:00:02.250
Bye
`;

Deno.test("toWebVtt() converts SubRip, whatever its line ends and byte order mark", () => {
  assert.equal(toWebVtt(bytes(SRT)), VTT);
  assert.equal(toWebVtt(bytes(`\ufeff${SRT.replaceAll("\n", "\r\n")}\r\n\r\n`)), VTT);
  const utf16 = Uint8Array.from([0xff, 0xfe, ...Array.from(SRT).flatMap((c) => [c.charCodeAt(0), 0])]);
  assert.equal(toWebVtt(utf16), VTT);
});

Deno.test("toWebVtt() lets WebVTT through", () => {
  assert.equal(toWebVtt(bytes(VTT)), VTT);
  const rich =
    "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nNOTE x\n\nid\n00:01.000 --> 00:02.000 align:start\n<v Bob>Hi\n";
  assert.equal(toWebVtt(bytes(rich)), rich);
  assert.equal(
    toWebVtt(bytes("\ufeffWEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nHi")),
    "WEBVTT\n\n00:01.000 --> 00:02.000\nHi",
  );
});

Deno.test("toWebVtt() makes plain text of what would mean something in WebVTT", () => {
  const cue = (text: string) => toWebVtt(bytes(`1\n00:00:01,000 --> 00:00:02,000\n${text}\n`))?.split("\n")[3];
  const table = {
    "a & b": "a &amp; b",
    "a &amp; b &#39;": "a &amp; b &#39;",
    "1 < 2": "1 &lt; 2",
    "<b>x</b> <u>y</u>": "<b>x</b> <u>y</u>",
    '<font color="red">x</font>': "x",
    "{\\an8}top": "top",
    "<script>x</script>": "&lt;script>x&lt;/script>",
    "a --> b": "a --&gt; b",
  };
  for (const [given, expected] of Object.entries(table)) assert.equal(cue(given), expected);
});

Deno.test("toWebVtt() refuses what is neither", () => {
  const others = [
    "",
    "hello",
    "WEBVTT",
    "WEBVTTx\n\n00:01.000 --> 00:02.000\nHi",
    "[Script Info]\nTitle: x\n\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,x",
    "1\nno time\ntext",
    `${SRT}\nno cue at all\n`,
    SRT.replace("Hello", "\0"),
  ];
  for (const text of others) assert.equal(toWebVtt(bytes(text)), undefined, text);
  assert.equal(toWebVtt(Uint8Array.from([0xc3, 0x28, ...bytes(SRT)])), undefined);
});

Deno.test("toWebVtt() never throws, and what it gives begins as WebVTT must", () => {
  const lines = fc.constantFrom("1", "00:00:01,000 --> 00:00:02,000", "", "x", "WEBVTT", "-->");
  const texts = fc.oneof(fc.array(lines).map((all) => bytes(all.join("\n"))), fc.uint8Array());
  fc.assert(fc.property(texts, (given) => {
    const text = toWebVtt(given);
    assert.ok(text === undefined || /^WEBVTT[ \t\n]/.test(text), text);
  }));
});
