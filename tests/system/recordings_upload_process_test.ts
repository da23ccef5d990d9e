// Uploads to b3scaled as a process of its own: how much memory they take, and what is left when it is killed.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { contentDigest } from "../../src/recordings/content_digest.ts";
import { buildToken } from "../support/golden_rest/token.ts";
import { insertFrontend } from "../support/make.ts";
import { sendRaw } from "../support/raw_http.ts";
import { type ServerProcess, startServerProcess } from "../support/server_process.ts";
import { sha256, tarEntry } from "../support/tar.ts";
import { testDatabase } from "../support/test_db.ts";
import { formatTar, listFiles, metadataXml, RECORD_ID, uploadFolders } from "../support/upload_server.ts";
import { eventually } from "../support/wait.ts";

const TOKEN = buildToken({ scope: "b3scale:node", secret: "a secret of tests that has at least 32 bytes" });
const MiB = 1024 * 1024;

async function withFolders(run: (root: string, url: string, start: () => Promise<ServerProcess>) => Promise<void>) {
  await using database = await testDatabase();
  await insertFrontend(database.pool, { key: "fe1" });
  const root = await Deno.makeTempDir({ prefix: "b3scale-upload-" });
  try {
    for (const folder of Object.values(uploadFolders(root))) await Deno.mkdir(folder);
    const start = async () => {
      const server = await startServerProcess(database.url, uploadFolders(root));
      await eventually("the server is ready", () => server.timesTrusted() > 0);
      return server;
    };
    await run(root, database.url, start);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function post({ origin }: ServerProcess, digest: string, body: BodyInit, signal?: AbortSignal): Promise<Response> {
  return fetch(`${origin}/api/v1/recordings-upload?record_id=${RECORD_ID}&format=presentation`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${TOKEN}`,
      "content-digest": contentDigest(digest),
    },
    body,
    signal,
  });
}

/** One file of so many bytes, made while it is read. */
function* bigTar(bytes: number): Generator<Uint8Array> {
  yield tarEntry({ name: "metadata.xml", content: metadataXml() });
  yield tarEntry({ name: "video.webm", size: bytes });
  const part = new Uint8Array(MiB);
  for (let sent = 0; sent < bytes; sent += MiB) yield part;
  yield new Uint8Array(1024);
}

/** `fetch` sends a stream in parts so small that it takes a minute. */
const head = (digest: string, length: number): string =>
  [
    `POST /api/v1/recordings-upload?record_id=${RECORD_ID}&format=presentation HTTP/1.1`,
    `Host: b3scale.test`,
    `Authorization: Bearer ${TOKEN}`,
    `Content-Digest: ${contentDigest(digest)}`,
    `Content-Length: ${length}`,
    `Connection: close`,
    `\r\n`,
  ].join("\r\n");

const peakMiB = ({ pid }: ServerProcess): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) / 1024;

Deno.test("an upload of 300 MB takes no more memory than a small one", async () => {
  await withFolders(async (root, _url, start) => {
    await using server = await start();
    const small = formatTar();
    assert.equal((await post(server, sha256(small), small)).status, 200);
    const before = peakMiB(server);
    const hash = createHash("sha256");
    for (const part of bigTar(300 * MiB)) hash.update(part);
    const answer = await sendRaw(server.origin, [head(hash.digest("base64"), 300 * MiB + 3072), ...bigTar(300 * MiB)]);
    assert.equal(answer?.status, 200, answer?.body);
    const grown = peakMiB(server) - before;
    assert.ok(grown < 100, `it took ${grown} MiB`);
    await eventually(
      "it is imported",
      () => listFiles(root).includes(`published/presentation/${RECORD_ID}/video.webm`),
    );
  });
});

Deno.test("a server that is killed during an upload knows nothing of it, and takes it the next time", async () => {
  await withFolders(async (root, _url, start) => {
    const archive = formatTar({}, [{ name: "content", content: "x".repeat(MiB) }]);
    {
      await using server = await start();
      const halves = async function* () {
        yield archive.subarray(0, MiB / 2);
        await eventually("some of it has arrived", () => listFiles(root).some((file) => file.endsWith("/content")));
        await server.kill("SIGKILL");
      };
      await assert.rejects(post(server, sha256(archive), ReadableStream.from(halves())));
    }
    assert.equal(listFiles(root).filter((file) => file.startsWith("published/")).length, 0);
    await using server = await start();
    const response = await post(server, sha256(archive), archive);
    const { state } = await response.json();
    assert.deepEqual([response.status, state], [200, "requested"]);
    await eventually("it is imported", () => listFiles(root).includes(`published/presentation/${RECORD_ID}/content`));
  });
});

Deno.test("a server that is killed after an upload imports it when it is back", async () => {
  await withFolders(async (root, _url, start) => {
    const archive = formatTar();
    {
      await using server = await start();
      assert.equal((await post(server, sha256(archive), archive)).status, 200);
      await server.kill("SIGKILL");
    }
    await using _server = await start();
    await eventually(
      "it is imported",
      () => listFiles(root).includes(`published/presentation/${RECORD_ID}/metadata.xml`),
      { withinMs: 90_000 }, // the lease of the one that was killed
    );
  });
});
