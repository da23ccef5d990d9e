// Paths that try to get around protection, at nginx with deploy/nginx/playback.conf and b3scaled behind it.
import assert from "node:assert/strict";
import { contentOf, getPage, IDS, type PlaybackHost, startPlaybackHost, writeFile } from "../support/playback_host.ts";
import { requestParts, sendRaw } from "../support/raw_http.ts";

let host: PlaybackHost;
Deno.test.beforeAll(async () => {
  host = await startPlaybackHost();
});
Deno.test.afterAll(async () => await host[Symbol.asyncDispose]());

/** The host outlives each of them. */
const test = (name: string, run: () => Promise<void>) =>
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn: run });

test("no spelling of a path leads to a protected file", async () => {
  const { one, open } = IDS;
  const secret = `/video/${one}/video-0.m4v`;
  const escaped = (text: string) =>
    Array.from(text, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
  const paths = [
    secret,
    `/video//${one}///video-0.m4v`,
    `//video/${one}/video-0.m4v`,
    `/video/${escaped(one)}/video-0.m4v`,
    `/${escaped(`video/${one}/video-0.m4v`)}`,
    `/video/${open}/../${one}/video-0.m4v`,
    `/video/${open}/%2e%2e/${one}/video-0.m4v`,
    `/video/${open}/..%2f${one}%2fvideo-0.m4v`,
    `/video/${open}%2f..%2f${one}/video-0.m4v`,
    `/video/${open}/.%2e/./${one}/video-0.m4v`,
    `/video/${one}/x/../video-0.m4v`,
    `/video/./${one}/video-0.m4v`,
    `/presentation/../video/${one}/video-0.m4v`,
    `/playback/presentation/2.3/../../../video/${one}/video-0.m4v`,
    `/playback/video/${one}/video-0.m4v`,
    `/playback/video//${one}/video-0.m4v`,
    `/playback/video/${open}/../${one}/video-0.m4v`,
    `/playback%2fvideo%2f${one}%2fvideo-0.m4v`,
    `${secret}?/video/${open}/video-0.m4v`,
    `${secret}?id=${open}`,
    `${secret}#/../${open}`,
    `${secret};/${open}`,
    `/video/${one.toUpperCase()}/video-0.m4v`,
    `http://127.0.0.1${secret}`,
    `http://127.0.0.1/video/${open}/../${one}/video-0.m4v`,
    `/video/${open}/..\\${one}\\video-0.m4v`,
    `/video/${open}%5c..%5c${one}/video-0.m4v`,
    `/video/%252e%252e/video/${one}/video-0.m4v`,
    `/video/${one}%00/video-0.m4v`,
    `/video/${one}/video-0.m4v%00.vtt`,
    `/video/${one}/%`,
    `/_b3scale_auth`,
  ];
  for (const path of paths) {
    const answer = await sendRaw(host.playback, requestParts("GET", path));
    assert.ok(answer !== undefined, path);
    assert.ok([400, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.ok(!answer.body.includes("secret of one"), path);
  }
  const forged = await sendRaw(host.playback, [
    `GET ${secret} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Resource-Path: /video/${open}/x\r\n` +
    `X-Original-URI: /video/${open}/x\r\nX-Rewrite-URL: /video/${open}/x\r\n\r\n`,
  ]);
  assert.equal(forged?.status, 403);
  for (const method of ["HEAD", "POST", "PUT", "OPTIONS", "PROPFIND"]) {
    const answer = await sendRaw(host.playback, requestParts(method, secret));
    assert.ok(answer !== undefined && answer.status >= 400, `${method}: ${answer?.status}`);
  }
});

test("spellings of an open recording are served", async () => {
  const want = contentOf("/video/ID/video-0.m4v", "open");
  for (
    const path of [
      `//video///${IDS.open}//video-0.m4v`,
      `/video/${IDS.open.replace("3", "%33")}/video%2D0.m4v?x=/${IDS.one}`,
    ]
  ) {
    const answer = await sendRaw(host.playback, requestParts("GET", path));
    assert.deepEqual([answer?.status, answer?.body], [200, want], path);
  }
});

test("what is hidden, deleted or led to by a link of another user's is not served", async () => {
  const cookie = await host.open("one");
  const hidden = [
    `/.trash/video/${IDS.open}.20261121T133100.123Z/video-0.m4v`,
    `/video/.b3scale-${IDS.open}.scrap/video-0.m4v`,
    `/video/.b3scale-${IDS.one}.original/video-0.m4v`,
    `/video/${IDS.open}/.secret`,
    "/playback/presentation/2.3/.git/config",
  ];
  for (const path of hidden) {
    await writeFile(host.publishedPath + path, "secret");
    const { status, text } = await getPage(host.playback + path, { cookie });
    assert.ok(status === 403 || status === 404, `${path}: ${status}`);
    assert.ok(!text.includes("secret"), path);
  }
  assert.equal((await host.file("/unpublished/video/ID/x", "open")).status, 404);
});

test("a symbolic link to another one's file leads nowhere", async () => {
  const path = `${host.publishedPath}/video/${IDS.open}/link.txt`;
  const target = Deno.uid() === 0 ? `${host.publishedPath}/owned.txt` : "/etc/passwd"; // not the tests' own in both cases
  if (Deno.uid() === 0) {
    await Deno.writeTextFile(target, "of another user");
    await Deno.chown(target, 65534, 65534);
  }
  await Deno.symlink(target, path);
  assert.equal((await host.file("/video/ID/link.txt", "open")).status, 403);
});
