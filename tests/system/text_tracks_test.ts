// Captions of recordings as frontends put and get them, over HTTP.
import assert from "node:assert/strict";
import type { BbbClient, Params } from "../support/bbb_client.ts";
import { withRecordings } from "../support/recording_scene.ts";

const SRT = "1\n00:00:01,000 --> 00:00:02,000\nHallo\n";
const VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHallo\n";

interface JsonAnswer {
  readonly returncode: string;
  readonly messageKey?: string;
  readonly tracks?: readonly Readonly<Record<string, string>>[];
}

async function ask(client: BbbClient, resource: string, params: Params, init?: RequestInit): Promise<JsonAnswer> {
  const { status, xml } = await client.call(resource, params, init);
  assert.equal(status, 200);
  return (JSON.parse(xml) as { response: JsonAnswer }).response;
}

/** As a browser sends a form with a file. */
function upload(content: BlobPart, more: Params = {}): RequestInit {
  const body = new FormData();
  body.set("file", new File([content], "captions.srt", { type: "application/x-subrip" }));
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  return { method: "POST", body };
}

const put = (client: BbbClient, params: Params, content: BlobPart = SRT, more?: Params) =>
  ask(client, "putRecordingTextTrack", { kind: "subtitles", lang: "de", ...params }, upload(content, more));
const keysOf = ({ returncode, messageKey }: JsonAnswer) => [returncode, messageKey];

const SUCCESS = ["SUCCESS", "upload_text_track_success"];
const FAILED = ["SUCCESS", "upload_text_track_failed"];

Deno.test("a text track that was put is listed, and lies where the player looks for it", () =>
  withRecordings(async ({ fe1, folders }) => {
    assert.deepEqual(keysOf(await put(fe1, { recordID: "aa1", label: "Deutsch & mehr" })), SUCCESS);
    assert.deepEqual(keysOf(await put(fe1, { recordID: "aa1", lang: "EN_us", kind: "captions" }, VTT)), SUCCESS);
    const { returncode, tracks } = await ask(fe1, "getRecordingTextTracks", { recordID: "aa1" });
    assert.equal(returncode, "SUCCESS");
    const href = (lang: string) => `https://play.example/presentation/aa1/caption_${lang}.vtt`;
    assert.deepEqual(tracks?.map((track) => ({ ...track })), [
      { href: href("de"), kind: "subtitles", label: "Deutsch & mehr", lang: "de", source: "upload" },
      { href: href("en-US"), kind: "captions", label: "American English", lang: "en-US", source: "upload" },
    ]);
    const tree = await folders.tree();
    assert.equal(tree["published/presentation/aa1/caption_de.vtt"], VTT);
    assert.deepEqual(JSON.parse(tree["published/presentation/aa1/captions.json"] ?? ""), [
      { locale: "de", localeName: "Deutsch & mehr" },
      { locale: "en-US", localeName: "American English" },
    ]);
    const again = SRT.replace("Hallo", "Servus");
    assert.deepEqual(keysOf(await put(fe1, { recordID: "aa1" }, again)), SUCCESS);
    assert.match((await folders.tree())["published/presentation/aa1/caption_de.vtt"] ?? "", /Servus/);
    assert.equal((await ask(fe1, "getRecordingTextTracks", { recordID: "aa1" })).tracks?.length, 2);
    assert.deepEqual(keysOf(await put(fe1, { recordID: "aa2" })), SUCCESS);
    assert.equal((await folders.tree())["unpublished/presentation/aa2/caption_de.vtt"], VTT);
  }));

Deno.test("of text tracks that are put at the same time none is lost", () =>
  withRecordings(async ({ fe1, folders }) => {
    const languages = ["cs", "da", "de", "el", "en", "es", "fi", "fr", "it", "nl", "pl", "pt"];
    const answers = await Promise.all(languages.map((lang) => put(fe1, { recordID: "aa1", lang })));
    for (const answer of answers) assert.deepEqual(keysOf(answer), SUCCESS);
    const { tracks } = await ask(fe1, "getRecordingTextTracks", { recordID: "aa1" });
    assert.deepEqual(tracks?.map(({ lang }) => lang).toSorted(), languages);
    const list = JSON.parse((await folders.tree())["published/presentation/aa1/captions.json"] ?? "") as object[];
    assert.equal(list.length, languages.length);
  }));

Deno.test("what cannot be a text track is refused in JSON and leaves nothing", () =>
  withRecordings(async ({ fe1, fe2, snapshot }) => {
    const before = await snapshot();
    const table: readonly (readonly [params: Params, content: BlobPart, keys: readonly (string | undefined)[]])[] = [
      [{ recordID: "" }, SRT, ["FAILED", "paramError"]],
      [{ recordID: "aa1", kind: "" }, SRT, ["FAILED", "paramError"]],
      [{ recordID: "aa1", lang: " " }, SRT, ["FAILED", "paramError"]],
      [{ recordID: "aa1", kind: "chapters" }, SRT, ["FAILED", "invalidKind"]],
      [{ recordID: "aa1", lang: "../../x" }, SRT, ["FAILED", "invalidLang"]],
      [{ recordID: "aa1", lang: "d" }, SRT, ["FAILED", "invalidLang"]],
      [{ recordID: "aa1", lang: "de\0" }, SRT, ["FAILED", "invalidLang"]],
      [{ recordID: "nobody" }, SRT, ["FAILED", "noRecordings"]],
      [{ recordID: "aa" }, SRT, ["FAILED", "noRecordings"]],
      [{ recordID: "aa9" }, SRT, ["FAILED", "noRecordings"]],
      [{ recordID: "aa1\0" }, SRT, ["FAILED", "noRecordings"]],
      [{ recordID: "aa1" }, "", ["FAILED", "empty_uploaded_text_track"]],
      [{ recordID: "aa1" }, "[Script Info]\nTitle: x\n", FAILED],
      [{ recordID: "aa1" }, "x".repeat(5 * 1024 * 1024), FAILED],
      [{ recordID: "aa1" }, Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]), FAILED],
    ];
    for (const [params, content, keys] of table) {
      assert.deepEqual(keysOf(await put(fe1, params, content)), keys, JSON.stringify(params));
    }
    const noFile = await ask(fe1, "putRecordingTextTrack", { recordID: "aa1", kind: "captions", lang: "de" });
    assert.deepEqual(keysOf(noFile), ["FAILED", "empty_uploaded_text_track"]);
    assert.deepEqual(keysOf(await ask(fe2, "getRecordingTextTracks", { recordID: "aa1" })), ["FAILED", "noRecordings"]);
    assert.deepEqual(keysOf(await ask(fe1, "getRecordingTextTracks", {})), ["FAILED", "paramError"]);
    assert.equal(await snapshot(), before);
  }));

Deno.test("a text track of a recording without a presentation is not listed", () =>
  withRecordings(async ({ fe1, folders, snapshot }) => {
    await Deno.remove(`${folders.roots.publishedPath}/presentation/aa1`, { recursive: true });
    const before = await snapshot();
    assert.deepEqual(keysOf(await put(fe1, { recordID: "aa1" })), FAILED);
    assert.equal(await snapshot(), before);
  }));

Deno.test("a file that is not signed for changes nothing", () =>
  withRecordings(async ({ fe1, cluster, snapshot }) => {
    const before = await snapshot();
    const [origin = ""] = cluster.origins;
    const target = fe1.target("putRecordingTextTrack", { recordID: "aa1", kind: "captions", lang: "de" });
    for (const wrong of [target.replace(/checksum=.*/, ""), target.replace("aa1", "aa2")]) {
      assert.match(await (await fetch(origin + wrong, upload(SRT))).text(), /checksumError/);
    }
    assert.equal(await snapshot(), before);
  }));
