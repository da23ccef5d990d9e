// Trash, captions and the check at start, on a real file system.
import assert from "node:assert/strict";
import { type Config, readConfig } from "../../../src/config.ts";
import type { Logger } from "../../../src/log.ts";
import { failing, recordingFolders } from "../../support/recording_files.ts";
import { trashName } from "../../../src/recordings/paths.ts";
import { reportRecordings } from "../../../src/recordings/storage_check.ts";
import { writeTextTrack } from "../../../src/recordings/text_track_files.ts";
import { emptyTrash } from "../../../src/recordings/trash.ts";
import { silentLog } from "../../support/test_db.ts";

const ID = "183f0bf3a0982a127bdb8161-1700000000000";
const NOW = new Date("2026-11-21T12:00:00Z");
const HOURS = 60 * 60 * 1000;
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * HOURS);

Deno.test("emptyTrash() deletes what is older than the trash keeps it, and only what was put there", async () => {
  await using folders = await recordingFolders({ trashDays: 2 });
  const trash = "unpublished/.trash";
  for (const hours of [0, 47, 48, 49, 4000]) {
    await folders.put(`${trash}/video/${trashName(`r${hours}`, hoursAgo(hours))}/a`);
  }
  await folders.put(`${trash}/video/${trashName("again", hoursAgo(49), 2)}/a`);
  await folders.put(`${trash}/video/somebody/a`);
  await folders.put(`${trash}/video/x.20200101/a`);
  await folders.put(`${trash}/.hidden/${trashName("r", hoursAgo(4000))}/a`);
  assert.equal(await emptyTrash({ roots: folders.roots }, { now: NOW, limit: 100 }), 4);
  assert.deepEqual(Object.keys(await folders.tree()).map((path) => path.slice(trash.length)), [
    "/.hidden/r/a",
    "/video/r0/a",
    "/video/r47/a",
    "/video/somebody/a",
    "/video/x.20200101/a",
  ]);
});

Deno.test("emptyTrash() deletes no more than it was told to, and nothing once it was told to stop", async () => {
  await using folders = await recordingFolders();
  for (const name of ["a", "b", "c"]) {
    await folders.put(`unpublished/.trash/video/${trashName(name, hoursAgo(9999))}/a`);
  }
  const { roots } = folders;
  assert.equal(await emptyTrash({ roots }, { now: NOW, limit: 2 }), 2);
  assert.equal(await emptyTrash({ roots }, { now: NOW, limit: 2, signal: AbortSignal.abort() }), 0);
  assert.equal(await emptyTrash({ roots }, { now: NOW, limit: 2 }), 1);
});

Deno.test("emptyTrash() has nothing to do where there is no trash", async () => {
  await using folders = await recordingFolders();
  assert.equal(await emptyTrash({ roots: folders.roots }, { now: NOW, limit: 2 }), 0);
});

Deno.test("writeTextTrack() puts a track beside the presentation and into the player's list", async () => {
  await using folders = await recordingFolders();
  const { roots } = folders;
  await folders.put(`unpublished/presentation/${ID}/captions.json`, '[{"locale":"de","localeName":"German","x":1}]');
  const write = (lang: string, label: string, text: string) =>
    writeTextTrack({ roots }, { recordID: ID, lang, label, text });
  assert.ok(await write("en-US", "Englisch", "old"));
  assert.ok(await write("en-US", "English (US) ü", "WEBVTT\n"));
  assert.ok(await write("fr", "French", "fr"));
  const { [`unpublished/presentation/${ID}/captions.json`]: list = "", ...tracks } = await folders.tree();
  assert.deepEqual(JSON.parse(list), [
    { locale: "de", localeName: "German", x: 1 },
    { locale: "en-US", localeName: "English (US) ü" },
    { locale: "fr", localeName: "French" },
  ]);
  assert.deepEqual(tracks, {
    [`unpublished/presentation/${ID}/caption_en-US.vtt`]: "WEBVTT\n",
    [`unpublished/presentation/${ID}/caption_fr.vtt`]: "fr",
  });
  const { mode } = await Deno.stat(`${folders.base}/unpublished/presentation/${ID}/caption_fr.vtt`);
  assert.equal((mode ?? 0) & 0o777, 0o644);
});

Deno.test("writeTextTrack() begins a list anew that cannot be read", async () => {
  for (const broken of ["", "{}", "[", "null", '"x"']) {
    await using folders = await recordingFolders();
    await folders.put(`published/presentation/${ID}/captions.json`, broken);
    await writeTextTrack({ roots: folders.roots }, { recordID: ID, lang: "fr", label: "f", text: "" });
    const list = (await folders.tree())[`published/presentation/${ID}/captions.json`] ?? "";
    assert.deepEqual(JSON.parse(list), [{ locale: "fr", localeName: "f" }]);
  }
});

Deno.test("writeTextTrack() says when there is no presentation, and takes no path for a language", async () => {
  await using folders = await recordingFolders();
  await folders.put(`published/video/${ID}/a`);
  const track = { recordID: ID, lang: "fr", label: "f", text: "" };
  assert.equal(await writeTextTrack({ roots: folders.roots }, track), false);
  for (const lang of ["../x", "a/b", "", "a.b", "."]) {
    await assert.rejects(
      writeTextTrack({ roots: folders.roots }, { ...track, lang }),
      /cannot be part of a file's name/,
    );
  }
  for (const recordID of ["../x", "..", ""]) {
    await assert.rejects(writeTextTrack({ roots: folders.roots }, { ...track, recordID }), /cannot be the name/);
  }
});

type Line = { level: string; message: string; fields: Record<string, unknown> };

async function report(config: Config, files?: Parameters<typeof reportRecordings>[0]["files"]): Promise<Line[]> {
  const lines: Line[] = [];
  const at = (level: string) => (message: string, fields = {}) => void lines.push({ level, message, fields });
  const log: Logger = { ...silentLog, info: at("info"), warn: at("warn"), error: at("error") };
  await reportRecordings({ config, log, files });
  return lines;
}

const env = {
  B3SCALE_API_URL: "http://b3scale.test",
  B3SCALE_API_JWT_SECRET: "a secret of tests that has 32 bytes or more",
};
const withFolders = (base: string, more = {}): Config =>
  readConfig({
    ...env,
    B3SCALE_RECORDINGS_PUBLISHED_PATH: `${base}/published`,
    B3SCALE_RECORDINGS_UNPUBLISHED_PATH: `${base}/unpublished`,
    B3SCALE_RECORDINGS_INBOX_PATH: `${base}/inbox`,
    B3SCALE_RECORDINGS_PLAYBACK_HOST: "https://play.example.org",
    ...more,
  });

Deno.test("reportRecordings() says what is set and leaves nothing behind", async () => {
  await using folders = await recordingFolders();
  await folders.put("inbox/.rwtest.b3scale", "of a process that died");
  assert.deepEqual(await report(withFolders(folders.base)), [{
    level: "info",
    message: "recordings settings",
    fields: {
      recordings_enabled: true,
      inbox_path: `${folders.base}/inbox`,
      published_path: `${folders.base}/published`,
      unpublished_path: `${folders.base}/unpublished`,
      trash_days: 7,
      playback_host: "https://play.example.org",
    },
  }]);
  assert.deepEqual(await folders.tree(), {});
});

Deno.test("reportRecordings() names each folder that cannot be written to, and what to do", async () => {
  await using folders = await recordingFolders();
  await Deno.remove(`${folders.base}/inbox`);
  const missing = (await report(withFolders(folders.base))).filter(({ level }) => level === "error");
  assert.deepEqual(missing.map(({ message, fields: { folder, path } }) => [message, folder, path]), [
    ["recordings storage error", "inbox", `${folders.base}/inbox`],
  ]);
  assert.match(String(missing[0]?.fields["hint"]), /must be able to create and delete files/);
  const refused = await report(withFolders(folders.base), failing("writeFile", "EROFS"));
  assert.deepEqual(refused.slice(1).map(({ fields: { folder } }) => folder), ["inbox", "published", "unpublished"]);
  const raced = await report(withFolders(folders.base), failing("writeFile", "EEXIST"));
  assert.equal(raced.length, 1, "another process that starts at the same time is no error");
});

Deno.test("reportRecordings() warns once when recordings are off, or have no playback host", async () => {
  await using folders = await recordingFolders();
  const off = await report(readConfig(env));
  assert.deepEqual(off.map(({ level, message }) => [level, message]), [
    ["info", "recordings settings"],
    ["warn", "recordings are off"],
  ]);
  const hostless = await report(withFolders(folders.base, { B3SCALE_RECORDINGS_PLAYBACK_HOST: "" }));
  assert.deepEqual(hostless.slice(1).map(({ level, fields }) => [level, fields["hint"]]), [
    ["warn", "set B3SCALE_RECORDINGS_PLAYBACK_HOST"],
  ]);
});
