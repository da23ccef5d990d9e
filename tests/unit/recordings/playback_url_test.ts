import assert from "node:assert/strict";
import { onPlaybackHost } from "../../../src/recordings/playback_url.ts";

const cases: readonly [host: string, url: string, expected: string][] = [
  [
    "https://play.example:8443/base",
    "https://node:9/playback/x/1?a=b%20c",
    "https://play.example:8443/playback/x/1?a=b%20c",
  ],
  ["https://play.example", "presentation/r-1/thumb-1.png", "https://play.example/presentation/r-1/thumb-1.png"],
  ["https://play.example", "/video/r-1/", "https://play.example/video/r-1/"],
  ["https://play.example", "//evil.example/x", "https://play.example/x"],
  ["https://play.example", "javascript:alert(1)", "https://play.example/alert(1)"],
  ["https://play.example", "https://user:pass@node/x#y", "https://play.example/x"],
  ["https://play.example", "", "https://play.example/"],
  ["https://play.example", "http://[", "https://play.example/"],
  ["", "https://node/x", "https://node/x"],
];
for (const [host, url, expected] of cases) {
  Deno.test(`onPlaybackHost() of "${url}" on "${host}"`, () => assert.equal(onPlaybackHost(host, url), expected));
}
