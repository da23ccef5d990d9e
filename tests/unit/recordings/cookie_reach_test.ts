import assert from "node:assert/strict";
import { cookieReach } from "../../../src/recordings/cookie_reach.ts";

const domains: readonly [api: string, playback: string, domain: string | undefined][] = [
  ["api.example.org", "play.example.org", "example.org"],
  ["example.org", "play.example.org", "example.org"],
  ["api.example.org", "example.org", "example.org"],
  ["a.bbb.example.org", "b.bbb.example.org", "bbb.example.org"],
  ["API.Example.org", "play.EXAMPLE.org", "example.org"],
  ["b3s.uni.ac.uk", "play.uni.ac.uk", "uni.ac.uk"],
  ["b3s.hs.de", "play.hs.de", "hs.de"],
  ["b3s.cluster.lan", "play.cluster.lan", "cluster.lan"],
  ["b3s.bücher.example", "play.bücher.example", "xn--bcher-kva.example"],
];
for (const [api, playback, domain] of domains) {
  Deno.test(`cookieReach() of ${api} and ${playback} is ${domain}`, () => {
    const config = { apiUrl: `https://${api}`, playbackHost: `https://${playback}:8443/base` };
    assert.deepEqual(cookieReach(config, api), { domain, secure: true, reaches: true });
  });
}

const apart: readonly [api: string, playback: string][] = [
  ["one.ac.uk", "other.ac.uk"],
  ["ac.uk", "other.ac.uk"],
  ["one.github.io", "other.github.io"],
  ["b3s.lan", "play.lan"],
  ["api.example.org", "play.example.com"],
  ["myexample.org", "example.org"],
  ["10.0.0.1", "11.0.0.1"],
  ["127.0.0.1", "play.example.org"],
  ["[fd00::1]", "[fd00::2]"],
  ["localhost", "play.localhost"],
];
for (const [api, playback] of apart) {
  Deno.test(`cookieReach() finds nothing in common between ${api} and ${playback}`, () => {
    const reach = cookieReach({ apiUrl: `http://${api}`, playbackHost: `http://${playback}` }, api);
    assert.deepEqual(reach, { domain: undefined, secure: false, reaches: false });
  });
}

Deno.test("cookieReach() needs no domain where both are one host, whatever the ports", () => {
  for (const host of ["play.example.org", "127.0.0.1", "[::1]", "localhost"]) {
    const reach = cookieReach({ apiUrl: `http://${host}:1`, playbackHost: `http://${host}:2` }, `${host}:1`);
    assert.deepEqual(reach, { domain: undefined, secure: false, reaches: true });
  }
});

Deno.test("cookieReach() is that of the playback host when the link was followed there", () => {
  const config = { apiUrl: "http://api.example.org", playbackHost: "https://play.example.com" };
  assert.deepEqual(cookieReach(config, "play.example.com:443"), { domain: undefined, secure: true, reaches: true });
  for (const host of ["", "evil.example", "play.example.com.evil.example", "x y"]) {
    assert.deepEqual(cookieReach(config, host), { domain: undefined, secure: false, reaches: false }, host);
  }
});

Deno.test("cookieReach() knows that a cookie for https is not sent without it", () => {
  const config = { apiUrl: "https://api.example.org", playbackHost: "http://play.example.org" };
  assert.deepEqual(cookieReach(config, "api.example.org"), { domain: "example.org", secure: true, reaches: false });
});
