// The question of the server that plays: may this file be served; nginx itself asks in tests/system.
import assert from "node:assert/strict";
import { verifyToken } from "../../../src/contract/token.ts";
import { updateRecording } from "../../../src/store/recordings.ts";
import { dbTest } from "../../support/db_test.ts";
import { cookieIn, FE2, FOREIGN_ID, ID, NAMED_ID, OPEN_ID, OTHER_ID, recordingOf, startPlayback } from "./playback.ts";

dbTest("a link is exchanged for a cookie that opens its recording in every format, and no other", async (db, url) => {
  const playback = await startPlayback(db, url);
  const { status, headers, text } = await playback.get(await playback.link(ID));
  assert.equal(status, 302);
  assert.equal(headers.get("location"), `https://play.example/playback/video/${ID}/?x=1`);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(text, "");
  const cookie = cookieIn(headers);
  for (
    const path of [
      "/video/ID/video-0.m4v",
      "/playback/video/ID/",
      "/recording/screenshare/ID/x.webm",
      "/screenshare/ID/x.webm",
      "/podcast/ID/audio.ogg",
      "/notes/ID/notes.pdf",
      "/presentation/ID/metadata.xml",
      "/presentation/ID/presentation/d2d9-17/slide-1.png",
      "/presentation/ID/presentation/d2d9-17/thumbnails/thumb-1.png",
      "/presentation/ID/caption_en.vtt",
      "/playback/presentation/2.3/ID",
      "/next_year/ID/x",
    ]
  ) {
    assert.equal(await playback.auth(path.replace("ID", ID)), 403, `${path} without a cookie`);
    assert.equal(await playback.auth(path.replace("ID", ID), cookie), 200, path);
    for (const id of [OTHER_ID, FOREIGN_ID]) {
      assert.equal(await playback.auth(path.replace("ID", id), cookie), 403, `${path} of another`);
    }
    assert.equal(await playback.auth(path.replace("ID", OPEN_ID)), 200, `${path} of an open one`);
  }
});

dbTest("a second link of the frontend adds to the cookie, one of another frontend replaces it", async (db, url) => {
  const playback = await startPlayback(db, url);
  const first = cookieIn((await playback.get(await playback.link(ID))).headers);
  const follow = async (link: string, cookie: string) => cookieIn((await playback.get(link, { cookie })).headers);
  const both = await follow(await playback.link(OTHER_ID), `theme=dark; ${first}`);
  const verified = await verifyToken(
    playback.config.jwtSecret,
    both.slice("_b3s_protected=".length),
    playback.clock.now(),
  );
  assert.deepEqual(verified?.aud, [ID, OTHER_ID]);
  const foreign = await follow(await playback.link(FOREIGN_ID, { frontendID: FE2 }), both);
  for (
    const [id, cookie, status] of [
      [ID, both, 200],
      [OTHER_ID, both, 200],
      [FOREIGN_ID, both, 403],
      [ID, foreign, 403],
      [FOREIGN_ID, foreign, 200],
      [ID, `${foreign}; x=y; ${both}`, 200], // set for two domains
      [FOREIGN_ID, `${foreign}; x=y; ${both}`, 200],
    ] as const
  ) assert.equal(await playback.auth(`/video/${id}/x`, cookie), status, `${id} ${cookie}`);
  await playback.clock.advance(8 * 3_600_000);
  assert.equal(await playback.auth(`/video/${ID}/x`, both), 403, "expired");
  const again = await follow(await playback.link(OTHER_ID), both);
  assert.equal(await playback.auth(`/video/${ID}/x`, again), 403, "an expired cookie grants nothing any more");
  assert.equal(await playback.auth(`/video/${OTHER_ID}/x`, again), 200);
});

dbTest("no other token opens a recording", async (db, url) => {
  const playback = await startPlayback(db, url);
  const link = await playback.link(ID);
  const cookies = {
    good: await playback.cookie({}),
    "another scope": await playback.cookie({ scope: "b3scale:callback" }),
    "an operator's": await playback.cookie({ scope: "b3scale:admin" }),
    "no recording": await playback.cookie({ aud: [] }),
    "recordings of 1.x": await playback.cookie({ aud: undefined }),
    "another frontend": await playback.cookie({ sub: FE2 }),
    "no frontend": await playback.cookie({ sub: "" }),
    "another secret": await playback.cookie({}, "another secret, and it has 32 bytes, too"),
    "a link": `_b3s_protected=${link}`,
    "another name": (await playback.cookie({})).replace("_b3s", "x_b3s"),
    "unsigned": (await playback.cookie({})).replace(/[^.]+$/, ""),
    "nothing": "_b3s_protected=",
  };
  for (const [what, cookie] of Object.entries(cookies)) {
    assert.equal(await playback.auth(`/video/${ID}/x`, cookie), what === "good" ? 200 : 403, what);
  }
});

dbTest("paths that only look different are the same recording", async (db, url) => {
  const playback = await startPlayback(db, url);
  const cookie = await playback.cookie({});
  for (
    const [path, withCookie] of [
      [`//video//${ID}//x`, 200],
      [`/video/${ID.replace("a", "%61").replace("-", "%2D")}/x`, 200],
      [`/video%2f${ID}%2fx`, 200],
      [`/VIDEO/${ID.toUpperCase()}/x`, 200],
      [`/video/${ID}/../${OPEN_ID}/x`, 403],
      [`/video/${OPEN_ID}/../${ID}/x`, 403],
      [`/video/${OPEN_ID}/%2e%2e/${ID}/x`, 403],
      [`/video/${OPEN_ID}%2f..%2f${ID}/x`, 403],
      [`/.trash/video/${ID}/x`, 403],
      [`/video/.b3scale-${ID}.scrap/x`, 403],
      [`/video/${NAMED_ID}/x`, 403],
      [`/video/${NAMED_ID}`, 403],
      [`/playback/video/${NAMED_ID}/x`, 403],
      ["/video/ff9-9/x", 403], // unknown
    ] as const
  ) {
    assert.equal(await playback.auth(path), 403, path);
    assert.equal(await playback.auth(path, cookie), withCookie, `${path} with a cookie`);
  }
  const named = await playback.cookie({ aud: [NAMED_ID] });
  assert.equal(await playback.auth(`/video/${NAMED_ID}/x`, named), 200);
  for (
    const path of [`/video/${OPEN_ID}/x?y=/${ID}`, "/playback/presentation/2.3/static/js/main.js", "/video/unknown/x"]
  ) {
    assert.equal(await playback.auth(path), 200, path);
  }
});

dbTest("thousands of questions cost one statement per recording, and a change counts within 5 s", async (db, url) => {
  const playback = await startPlayback(db, url);
  const cookie = await playback.cookie({});
  const ask = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => playback.auth(`/video/${ID}/${n}`, n % 2 === 0 ? cookie : "")));
  assert.equal(await playback.auth(`/video/${ID}/x`), 403);
  const once = playback.count();
  for (let round = 0; round < 4; round++) {
    const answers = await ask(250);
    assert.ok(answers.every((status, n) => status === (n % 2 === 0 ? 200 : 403)));
  }
  assert.equal(playback.count(), once);
  await db.begin((tx) => updateRecording(tx, ID, () => recordingOf(ID, false)));
  await playback.clock.advance(5000);
  assert.equal(await playback.auth(`/video/${ID}/x`), 200, "open now");
  await db.begin((tx) => updateRecording(tx, ID, () => recordingOf(ID, true)));
  await playback.clock.advance(5000);
  assert.equal(await playback.auth(`/video/${ID}/x`), 403, "protected again");
  await db`delete from recordings where record_id = ${ID}`;
  await playback.clock.advance(5000);
  assert.equal(await playback.auth(`/video/${ID}/x`, cookie), 403, "gone");
  assert.equal(playback.count(), 4 * once);
});

dbTest("a database that does not answer opens nothing, and is asked again", async (db, url) => {
  const playback = await startPlayback(db, url);
  await db`alter table recordings rename to recordings_away`;
  for (const path of [`/video/${ID}/x`, `/video/${OPEN_ID}/x`]) assert.equal(await playback.auth(path), 500);
  await db`alter table recordings_away rename to recordings`;
  assert.equal(await playback.auth(`/video/${OPEN_ID}/x`), 200);
});

dbTest("a question without a path is answered as in 1.x, and the log says once what is wrong", async (db, url) => {
  const playback = await startPlayback(db, url);
  for (let n = 0; n < 3; n++) assert.equal((await playback.get("auth")).status, 200);
  assert.equal(playback.lines.filter(({ message }) => message.includes("without X-Resource-Path")).length, 1);
});
