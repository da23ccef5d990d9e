// Links to protected recordings: what they are exchanged for, and for which hosts.
import assert from "node:assert/strict";
import { signToken } from "../../../src/contract/token.ts";
import { dbTest } from "../../support/db_test.ts";
import { uuid } from "../../support/make.ts";
import { FE1, FE2, ID, startPlayback } from "./playback.ts";

dbTest("what is no link of ours sets no cookie and leads nowhere", async (db, url) => {
  const playback = await startPlayback(db, url);
  const token = (sub: string, aud: string) =>
    signToken(playback.config.jwtSecret, { scope: "", sub, aud: [aud], lifetimeSeconds: 60 }, playback.clock.now());
  const cases: readonly [what: string, token: string, status: number, page: boolean][] = [
    ["garbage", "abc", 403, true],
    ["markup", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", 403, true],
    ["the cookie's token", (await playback.cookie({})).split("=")[1] ?? "", 403, true],
    ["no frontend", await token("", `video:${ID}`), 403, false],
    ["an unknown frontend", await token(uuid(9), `video:${ID}`), 404, true],
    ["a frontend that is no id", await token("fe1", `video:${ID}`), 404, true],
    ["another frontend", await token(FE2, `video:${ID}`), 403, false],
    ["an unknown recording", await token(FE1, "video:ff-1"), 404, false],
    ["an unknown format", await token(FE1, `presentation:${ID}`), 404, false],
  ];
  for (const [what, path, status, isPage] of cases) {
    const answer = await playback.get(path);
    assert.equal(answer.status, status, what);
    assert.equal(answer.headers.get("set-cookie"), null, what);
    assert.equal(answer.headers.get("location"), null, what);
    assert.equal(answer.text.includes("You are not allowed to access this recording."), isPage, answer.text);
    assert.ok(!answer.text.includes("<script"), answer.text);
  }
});

dbTest("a link that has expired is refused", async (db, url) => {
  const playback = await startPlayback(db, url);
  const link = await playback.link(ID);
  await playback.clock.advance(3_600_000);
  assert.equal((await playback.get(link)).status, 403);
});

dbTest("without a playback host a link cannot be followed, and the log names the setting", async (db, url) => {
  const playback = await startPlayback(db, url, { B3SCALE_RECORDINGS_PLAYBACK_HOST: "" });
  const { status, headers } = await playback.get(await playback.link(ID));
  assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
  assert.ok(
    playback.lines.some(({ fields }) => String(fields?.["error"]).includes("B3SCALE_RECORDINGS_PLAYBACK_HOST")),
  );
});

dbTest("the cookie is for the domain that both hosts have in common; else the log says what to do", async (db, url) => {
  const playback = await startPlayback(db, url, {
    B3SCALE_API_URL: "https://b3s.uni.ac.uk",
    B3SCALE_RECORDINGS_PLAYBACK_HOST: "https://play.uni.ac.uk",
  });
  const { headers } = await playback.get(await playback.link(ID));
  assert.match(
    headers.get("set-cookie") ?? "",
    /; Path=\/; Domain=uni\.ac\.uk; Max-Age=28800; HttpOnly; Secure; SameSite=Lax$/,
  );
  assert.deepEqual(playback.lines, []);
});

dbTest(
  "hosts without a common domain: the log says so, unless the link is followed on the playback host",
  async (db, url) => {
    const playback = await startPlayback(db, url, { B3SCALE_API_URL: "http://b3s.example.org" });
    const link = await playback.link(ID);
    const there = await playback.get(link, { host: "play.example" });
    assert.match(there.headers.get("set-cookie") ?? "", /; Path=\/; Max-Age=28800; HttpOnly; Secure; SameSite=Lax$/);
    assert.deepEqual(playback.lines, []);
    assert.equal((await playback.get(link)).status, 302);
    assert.match(playback.lines.map(({ message }) => message).join(), /no browser sends the playback cookie/);
  },
);

dbTest("only GET needs no bearer token", async (db, url) => {
  const playback = await startPlayback(db, url);
  assert.equal((await playback.get("auth/x")).status, 401);
  assert.equal((await playback.get("")).status, 401);
});

dbTest(
  "a wrong link is an authentication failure, and a wrong cookie is one however many files it asks for",
  async (db, url) => {
    const playback = await startPlayback(db, url);
    const failures = () => playback.lines.filter(({ message }) => message === "authentication failed");
    await playback.get("abc");
    assert.deepEqual(failures().map(({ fields }) => fields?.["kind"]), ["token"]);
    const wrong = await playback.cookie({}, "another secret that has at least 32 bytes");
    for (let file = 0; file < 5; file++) assert.equal(await playback.auth(`/video/${ID}/${file}.mp4`, wrong), 403);
    assert.equal(failures().length, 2);
    await playback.auth(`/video/${ID}/x.mp4`);
    await playback.auth(`/video/${ID}/x.mp4`, await playback.cookie({}));
    assert.equal(
      failures().length,
      2,
      "no cookie is how every visitor begins, and one for another recording is no wrong one",
    );
  },
);
