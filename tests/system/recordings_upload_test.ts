// Uploads of recordings over HTTP: from the node's archive to the files in their place.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { contentDigest } from "../../src/recordings/content_digest.ts";
import { sha256, tar } from "../support/tar.ts";
import { formatTar, metadataXml, RECORD_ID, startUploadServer, type UploadServer } from "../support/upload_server.ts";
import { eventually } from "../support/wait.ts";

const SLIDE = { name: "presentation/d1/thumbnails/thumb-1.png", content: "png" };

const untilDone = (server: UploadServer, count = 1) =>
  eventually("the uploads are imported", async () => {
    const imports = await server.imports();
    return imports.length === count && imports.every(({ state }) => state === "done");
  });

async function recordingOf({ db }: UploadServer) {
  const [row] = await db`select state, frontend_id from recordings where record_id = ${RECORD_ID}`;
  return row?.["state"];
}

Deno.test("an uploaded format becomes a recording with its files, previews and owner", async () => {
  await using server = await startUploadServer();
  const sent = await server.upload(formatTar({}, [SLIDE]));
  assert.equal(sent.status, 200, JSON.stringify(sent.json));
  assert.deepEqual([sent.json["record_id"], sent.json["format"]], [RECORD_ID, "presentation"]);
  await untilDone(server);
  assert.deepEqual(server.files(), [
    `published/presentation/${RECORD_ID}/metadata.xml`,
    `published/presentation/${RECORD_ID}/presentation/d1/thumbnails/thumb-1.png`,
  ]);
  const state = await recordingOf(server);
  assert.equal(state["Formats"][0]["Preview"]["Images"]["All"][0]["URL"], `presentation/${RECORD_ID}/${SLIDE.name}`);
  assert.equal((await server.call("GET", `/recordings/${RECORD_ID}`)).status, 200);
});

const names = ["", "./", "published/", "./published/"];
for (const prefix of names) {
  Deno.test(`an archive with the prefix "${prefix}" before its names is taken`, async () => {
    await using server = await startUploadServer();
    const top = prefix === "" ? "" : `${prefix}presentation/${RECORD_ID}/`;
    const archive = tar([{ name: `${top}metadata.xml`, content: metadataXml() }, { ...SLIDE, name: top + SLIDE.name }]);
    assert.equal((await server.upload(archive)).status, 200);
    await untilDone(server);
    assert.equal(server.files().length, 2);
  });
}

Deno.test("gzip is taken, whether the header says so or not", async () => {
  await using server = await startUploadServer();
  const zipped = new Uint8Array(gzipSync(formatTar()));
  assert.equal((await server.upload(zipped, { headers: { "content-encoding": "gzip" } })).status, 200);
  const video = new Uint8Array(gzipSync(formatTar({ format: "video" })));
  assert.equal((await server.upload(video, { format: "video" })).status, 200);
  await untilDone(server, 2);
  assert.deepEqual((await recordingOf(server))["Formats"].map((format: { Type: string }) => format.Type), [
    "video",
    "presentation",
  ]);
});

Deno.test("what is held is answered without a look at the body", async () => {
  await using server = await startUploadServer();
  const archive = formatTar();
  await server.upload(archive);
  await untilDone(server);
  const digest = contentDigest(sha256(archive));
  const again = await server.upload(new Uint8Array(50_000_000), { digest });
  assert.equal(again.status, 200);
  assert.equal(again.json["state"], "done");
  assert.equal((await server.imports()).length, 1);
});

Deno.test("a newer upload takes the place of the older one, which goes to the trash", async () => {
  await using server = await startUploadServer();
  await server.upload(formatTar({}, [{ name: "old.txt", content: "old" }]));
  await untilDone(server);
  await server.upload(formatTar({}, [{ name: "new.txt", content: "new" }]));
  await untilDone(server);
  const files = server.files().map((file) => file.replace(/\.\d{8}T\d{6}\.\d{3}Z/, ".TIME"));
  assert.deepEqual(files, [
    `published/presentation/${RECORD_ID}/metadata.xml`,
    `published/presentation/${RECORD_ID}/new.txt`,
    `unpublished/.trash/presentation/${RECORD_ID}.TIME/metadata.xml`,
    `unpublished/.trash/presentation/${RECORD_ID}.TIME/old.txt`,
  ]);
});

Deno.test("an unpublished recording, and one whose frontend wants that, is never among the published ones", async () => {
  await using server = await startUploadServer();
  await server.db`update frontends set settings = '{"recordings": {"visibility_override": "unpublished"}}'`;
  await server.upload(formatTar({}, [SLIDE]));
  await untilDone(server);
  assert.equal((await recordingOf(server))["Published"], false);
  assert.ok(server.files().every((file) => file.startsWith(`unpublished/presentation/${RECORD_ID}/`)));
});

Deno.test("the same upload twice at once is held once", async () => {
  await using server = await startUploadServer();
  const archive = formatTar({}, [{ name: "big", content: "x".repeat(2_000_000) }]);
  const sent = await Promise.all([server.upload(archive), server.upload(archive), server.upload(archive)]);
  assert.deepEqual(sent.map(({ status }) => status), [200, 200, 200]);
  await untilDone(server);
  assert.equal(server.files().length, 2);
  assert.deepEqual([...Deno.readDirSync(`${server.root}/inbox/.b3scale-uploads`)], []);
});

Deno.test("different uploads of one format at once leave exactly one of them in place", async () => {
  await using server = await startUploadServer();
  const archives = Array.from(
    { length: 5 },
    (_, n) => formatTar({}, [{ name: `v${n}.txt`, content: "x".repeat(n * 1e5) }]),
  );
  const sent = await Promise.all(archives.map((archive) => server.upload(archive)));
  assert.ok(sent.every(({ status }) => status === 200));
  await untilDone(server);
  const placed = server.files().filter((file) => file.startsWith("published/"));
  assert.equal(placed.length, 2, placed.join(" "));
  const [row] = await server.db`select digest from b3scale_recording_imports`;
  const winner = archives.findIndex((archive) => sha256(archive) === row?.["digest"]);
  assert.ok(placed.some((file) => file.endsWith(`/v${winner}.txt`)));
});

Deno.test("an import that fails is listed with its reason, and imported once that is mended", async () => {
  await using server = await startUploadServer();
  assert.equal((await server.upload(formatTar({ meetingID: "elsewhere" }))).status, 200);
  await eventually("it has failed", async () => (await server.imports())[0]?.state === "failed");
  const [failed] = (await server.call("GET", "/recordings-imports?state=failed")).json as unknown as Record<
    string,
    string
  >[];
  assert.match(failed?.["reason"] ?? "", /No frontend is known of the meeting "elsewhere"/);
  await server.db`insert into frontend_meetings (frontend_id, meeting_id) select id, 'elsewhere' from frontends`;
  assert.equal((await server.call("POST", `/recordings-imports/${failed?.["id"]}/retry`)).status, 200);
  await untilDone(server);
  assert.equal((await server.call("POST", `/recordings-imports/${failed?.["id"]}/retry`)).status, 404);
});

Deno.test("the same upload again tries a failed import again", async () => {
  await using server = await startUploadServer();
  const archive = formatTar({ meetingID: "elsewhere" });
  await server.upload(archive);
  await eventually("it has failed", async () => (await server.imports())[0]?.state === "failed");
  await server.db`insert into frontend_meetings (frontend_id, meeting_id) select id, 'elsewhere' from frontends`;
  assert.equal((await server.upload(archive)).json["state"], "requested");
  await untilDone(server);
});

Deno.test("a breakout room's recording goes to the frontend of the meeting that it belonged to", async () => {
  await using server = await startUploadServer();
  await server.upload(formatTar());
  await untilDone(server);
  const more = `<breakout parentMeetingId="${RECORD_ID}" sequence="1" freeJoin="false"/>`;
  const recordID = "aaaa2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728999";
  const fields = { recordID, meetingID: "sha1-of-something", more };
  assert.equal((await server.upload(formatTar(fields), { recordID })).status, 200);
  await untilDone(server, 2);
  const [row] = await server
    .db`select key from recordings join frontends on id = frontend_id where record_id = ${recordID}`;
  assert.equal(row?.["key"], "fe1");
});
