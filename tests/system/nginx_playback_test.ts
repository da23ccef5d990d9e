// Protected playback as an operator runs it: nginx with deploy/nginx/*.conf, b3scaled, files on disk, and a browser.
import assert from "node:assert/strict";
import { bbbClient } from "../support/bbb_client.ts";
import {
  contentOf,
  FILES,
  getPage,
  IDS,
  KEYS,
  type PlaybackHost,
  startPlaybackHost,
} from "../support/playback_host.ts";

let host: PlaybackHost;
Deno.test.beforeAll(async () => {
  host = await startPlaybackHost();
});
Deno.test.afterAll(async () => await host[Symbol.asyncDispose]());

/** The host outlives each of them. */
const test = (name: string, run: () => Promise<void>) =>
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn: run });

test("nginx serves an open recording to anybody, and a protected one to nobody without a cookie", async () => {
  assert.equal((await host.linksOf("open"))[0], `${host.playback}/playback/presentation/2.3/${IDS.open}`);
  for (const path of FILES) {
    const open = await host.file(path, "open");
    assert.deepEqual([open.status, open.text], [200, contentOf(path, "open")], path);
    for (const name of ["one", "two", "foreign"] as const) {
      const { status, text } = await host.file(path, name);
      assert.equal(status, 403, `${path} of ${name}`);
      assert.ok(!text.includes("secret of"));
    }
  }
});

test("nginx serves a protected recording with the cookie of its link, and no other one", async () => {
  const cookie = await host.open("one");
  for (const path of FILES) {
    const { status, text, headers } = await host.file(path, "one", { cookie: `theme=dark; ${cookie}` });
    assert.deepEqual([status, text], [200, contentOf(path, "one")], path);
    assert.equal(headers.get("cache-control"), "private, no-cache");
    assert.equal((await host.file(path, "two", { cookie })).status, 403, "another recording of the frontend");
    assert.equal((await host.file(path, "foreign", { cookie })).status, 403, "another frontend's");
  }
  const foreign = await host.open("foreign");
  for (const path of FILES) assert.equal((await host.file(path, "one", { cookie: foreign })).status, 403, path);
  const both = await host.open("two", cookie);
  for (const name of ["one", "two"] as const) {
    assert.equal((await host.file("/video/ID/video-0.m4v", name, { cookie: both })).status, 200, name);
  }
  assert.equal(
    (await host.file("/video/ID/video-0.m4v", "one", { cookie: cookie.slice(0, -3) })).status,
    403,
    "cut off",
  );
});

test("nginx sends parts of a file, of a protected one with the cookie only", async () => {
  const cookie = await host.open("one");
  const path = "/presentation/ID/video/webcams.webm";
  const range = { range: "bytes=10-29" };
  const part = await host.file(path, "one", { ...range, cookie });
  assert.deepEqual([part.status, part.text], [206, contentOf(path, "one").slice(10, 30)]);
  assert.match(part.headers.get("content-range") ?? "", /^bytes 10-29\/\d+$/);
  assert.equal((await host.file(path, "one", range)).status, 403);
  assert.equal((await host.file(path, "open", range)).status, 206);
  const etag = part.headers.get("etag") ?? "";
  assert.equal((await host.file(path, "one", { "if-none-match": etag, cookie })).status, 304);
  assert.equal((await host.file(path, "one", { "if-none-match": etag })).status, 403);
});

test("nginx serves the player to anybody, its page of a protected recording with the cookie", async () => {
  assert.equal(
    (await getPage(`${host.playback}/playback/presentation/2.3/static/js/main.js`)).text,
    "the player's script",
  );
  const page = "/playback/presentation/2.3/ID";
  assert.equal((await host.file(page, "open")).text, "the player");
  assert.equal((await host.file(page, "one")).status, 403);
  assert.equal((await host.file(page, "one", { cookie: await host.open("one") })).text, "the player");
  assert.equal((await host.file("/presentation/ID/caption_en.vtt", "open")).headers.get("content-type"), "text/vtt");
  assert.match((await host.file("/video/ID/video-0.m4v", "open")).headers.get("content-type") ?? "", /^video\//);
  assert.equal((await host.file("/presentation/ID/", "open")).status, 403, "no list of files");
});

test("nginx serves formats that BBB plays under another name", async () => {
  const cookie = await host.open("one");
  for (
    const [path, real] of [
      ["/playback/video/ID/video-0.m4v", "/video/ID/video-0.m4v"],
      ["/recording/screenshare/ID/screenshare.webm", "/screenshare/ID/screenshare.webm"],
    ] as const
  ) {
    assert.equal((await host.file(path, "open")).text, contentOf(real, "open"));
    assert.equal((await host.file(path, "one")).status, 403);
    assert.equal((await host.file(path, "one", { cookie })).text, contentOf(real, "one"));
  }
});

test("nginx passes the BBB API on byte by byte, and keeps what is not for everybody", async () => {
  const client = bbbClient(host.api, "fe1", KEYS.fe1);
  const { returncode, text } = await client.call("getRecordings", { "meta_a b": "ä/%&+ '\"", recordID: IDS.open });
  assert.equal(returncode, "SUCCESS");
  assert.equal(text("messageKey"), "noRecordings");
  for (const origin of [host.api, host.playback]) {
    const asked = await getPage(`${origin}/api/v1/protected/recordings/auth`, {
      "x-resource-path": `/video/${IDS.open}/x`,
    });
    assert.equal(asked.status, 404);
  }
  for (const path of ["/metrics", "/", "/readyz"]) assert.equal((await getPage(host.api + path)).status, 404, path);
  assert.equal((await getPage(`${host.api}/api/v1/status`)).status, 401);
});

test("a link can be followed on the playback host, and one that is none is a page", async () => {
  const [link = ""] = await host.linksOf("one");
  const there = await getPage(link.replace(host.api, host.playback));
  assert.equal(there.status, 302);
  assert.match(there.headers.get("set-cookie") ?? "", /^_b3s_protected=/);
  for (const origin of [host.api, host.playback]) {
    const bad = await getPage(`${origin}/api/v1/protected/recordings/abc`);
    assert.equal(bad.status, 403);
    assert.match(bad.text, /The provided link is invalid or has expired\./);
  }
});

test("while b3scaled is away nothing is served; before, nginx had nothing to complain about but requests", async () => {
  const cookie = await host.open("one");
  assert.doesNotMatch(host.nginx.log(), /\[(warn|alert|emerg)\]/);
  await host.server.kill("SIGKILL");
  for (const name of ["one", "open"] as const) {
    assert.equal((await host.file("/video/ID/video-0.m4v", name, { cookie })).status, 500, name);
  }
});
