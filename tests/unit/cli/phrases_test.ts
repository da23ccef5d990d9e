import assert from "node:assert/strict";
import { count, durationText, millisText, readDuration, shortHost, withoutUrls } from "../../../cli/phrases.ts";
import { CliError } from "../../../cli/types.ts";

Deno.test("count() has a word for one and for many", () => {
  assert.deepEqual([0, 1, 2].map((number) => count(number, "node")), ["0 nodes", "1 node", "2 nodes"]);
  assert.equal(count(2, "person", "people"), "2 people");
});

Deno.test("durationText() keeps what matters", () => {
  const texts = { "-3": "0 s", 0.4: "0 s", 119: "119 s", 120: "2 min", 7199: "120 min", 7200: "2 h", 172800: "2 days" };
  for (const [seconds, text] of Object.entries(texts)) assert.equal(durationText(Number(seconds)), text);
});

Deno.test("millisText() is exact for what is over soon", () => {
  assert.deepEqual([-5, 12.4, 999, 1440, 12_000].map(millisText), ["0 ms", "12 ms", "999 ms", "1.4 s", "12 s"]);
});

Deno.test("readDuration() takes seconds and spans with units, and nothing else", () => {
  const seconds = { 0: 0, 90: 90, "0s": 0, "90s": 90, "30m": 1800, "2h": 7200, "1h30m": 5400, "1d": 86400 };
  for (const [text, expected] of Object.entries(seconds)) assert.equal(readDuration(text), expected, text);
  for (const text of ["", "h", "2 h", "-1h", "1.5h", "1h30", "forever", "9999999999"]) {
    assert.throws(() => readDuration(text), CliError, text);
  }
});

Deno.test("shortHost() leaves away what all nodes have", () => {
  assert.equal(shortHost("https://bbb1.example.org/bigbluebutton/api/"), "bbb1.example.org");
  assert.equal(shortHost("http://127.0.0.1:8090/bigbluebutton/api"), "127.0.0.1:8090");
  assert.equal(shortHost("https://bbb1.example.org/"), "bbb1.example.org");
  assert.equal(shortHost("https://proxy.example.org/node7/bigbluebutton/api/"), "proxy.example.org/node7");
});

Deno.test("withoutUrls() leaves the rest of a text", () => {
  assert.equal(withoutUrls('Get "https://a.example/x?checksum=1": refused'), 'Get "…": refused');
  assert.equal(withoutUrls("ratio 3://4, and http:// alone"), "ratio 3://4, and … alone");
});
