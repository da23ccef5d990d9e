// Uploads that nobody should send: each is refused with its reason, and nothing of it stays.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { contentDigest } from "../../src/recordings/content_digest.ts";
import { concat, paxHeader, sha256, tar, type TarEntry } from "../support/tar.ts";
import {
  formatTar,
  metadataXml,
  NODE_TOKEN,
  RECORD_ID,
  startUploadServer,
  type UploadOptions,
} from "../support/upload_server.ts";
import { eventually } from "../support/wait.ts";

const METADATA = { name: "metadata.xml", content: metadataXml() };
const withEntries = (...entries: TarEntry[]) => tar([METADATA, ...entries]);
const whole = formatTar({}, [{ name: "big", content: "x".repeat(100_000) }]);
const zeros = (size: number) => new Uint8Array(size);

interface Hostile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly more?: UploadOptions;
  readonly status?: number;
  readonly reason: RegExp;
}

const MAX_BYTES = 5_000_000;

const HOSTILE: Readonly<Record<string, Hostile>> = {
  "a name that leads out": { body: withEntries({ name: "../evil" }), reason: /"..\/evil" .* leads out of its folder/ },
  "a name that leads out and back": { body: withEntries({ name: "a/../../evil" }), reason: /leads out/ },
  "an absolute name": { body: withEntries({ name: "/tmp/evil" }), reason: /absolute/ },
  "an absolute name in an extended header": {
    body: withEntries(paxHeader({ path: "/tmp/evil" }), { name: "harmless" }),
    reason: /absolute/,
  },
  "a name that leads out in a header of GNU tar": {
    body: withEntries({ name: "././@LongLink", type: "L", content: "../evil\0" }, { name: "harmless" }),
    reason: /leads out/,
  },
  "a symbolic link": { body: withEntries({ name: "l", type: "2", link: "/etc" }), reason: /a symlink/ },
  "a file behind a symbolic link": {
    body: withEntries({ name: "l", type: "2", link: "/tmp" }, { name: "l/evil" }),
    reason: /a symlink/,
  },
  "a hard link": { body: withEntries({ name: "l", type: "1", link: "metadata.xml" }), reason: /a link/ },
  "a character device": { body: withEntries({ name: "d", type: "3" }), reason: /character-device/ },
  "a block device": { body: withEntries({ name: "d", type: "4" }), reason: /block-device/ },
  "a fifo": { body: withEntries({ name: "f", type: "6" }), reason: /fifo/ },
  "a name that is too long": {
    body: withEntries({ name: `${"n".repeat(256)}` }),
    reason: /n{100}…" .* is too long/,
  },
  "a path that is too long": { body: withEntries({ name: "n/".repeat(600) + "f" }), reason: /is too long/ },
  "control characters in a name": { body: withEntries({ name: "a\nb" }), reason: /control characters/ },
  "two files of one name": { body: withEntries({ name: "a" }, { name: "a" }), reason: /two entries of one name/ },
  "a file where a folder is": { body: withEntries({ name: "a/b" }, { name: "a" }), reason: /two entries of one name/ },
  "a folder where a file is": { body: withEntries({ name: "a" }, { name: "a/b" }), reason: /two entries of one name/ },
  "another recording beside this one": {
    body: concat([formatTar().subarray(0, -1024), tar([{ name: `presentation/x-1/a` }])]),
    reason: /"presentation\/x-1\/a" .* is not below/,
  },
  "only another recording": {
    body: formatTar({ recordID: "x-1" }),
    reason: /There is no metadata.xml/,
  },
  "another recording's metadata": {
    body: tar([{ ...METADATA, content: metadataXml({ recordID: "x-1" }) }]),
    reason: /is about recording "x-1"/,
  },
  "another format's metadata": {
    body: tar([{ ...METADATA, content: metadataXml({ format: "video" }) }]),
    reason: /is about format "video"/,
  },
  "metadata that is no XML": { body: tar([{ ...METADATA, content: "hello" }]), reason: /cannot be read/ },
  "metadata with a DOCTYPE": {
    body: tar([{ ...METADATA, content: `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>${metadataXml()}` }]),
    reason: /DOCTYPE/,
  },
  "metadata that is a folder": { body: tar([{ name: "metadata.xml/x" }]), reason: /is no file/ },
  "metadata of two megabytes": { body: tar([{ ...METADATA, content: zeros(2_000_000) }]), reason: /at most 1048576/ },
  "no metadata": { body: tar([{ name: "a" }]), reason: /There is no metadata.xml/ },
  "an empty archive": { body: tar([]), reason: /There is no metadata.xml/ },
  "nothing": { body: zeros(0), reason: /There is no metadata.xml|no complete tar/ },
  "junk": { body: crypto.getRandomValues(zeros(20_000)), reason: /no complete tar/ },
  "an archive that ends in the middle of a file": { body: whole.slice(0, 50_000), reason: /no complete tar/ },
  "an archive without its end": { body: whole.slice(0, 1536), reason: /no complete tar/ },
  "junk after the end": { body: concat([formatTar(), new Uint8Array(600).fill(7)]), reason: /no complete tar/ },
  "a wrong checksum in a header": { body: withEntries({ name: "a", checksum: 1 }), reason: /no complete tar/ },
  "a file that says it is huge": { body: withEntries({ name: "a", size: 8 ** 11 - 1 }), reason: /no complete tar/ },
  "an extended header that says it is huge": {
    body: withEntries({ name: "x", type: "x", size: 8 ** 11 - 1 }),
    reason: /no complete tar/,
  },
  "gzip that is cut": { body: new Uint8Array(gzipSync(whole)).slice(0, -20), reason: /is not gzip/ },
  "gzip with junk behind it": {
    body: concat([new Uint8Array(gzipSync(whole)), zeros(10).fill(1)]),
    reason: /is not gzip/,
  },
  "what says that it is gzip": {
    body: formatTar(),
    more: { headers: { "content-encoding": "gzip" } },
    reason: /but says so in Content-Encoding/,
  },
  "another encoding": {
    body: formatTar(),
    more: { headers: { "content-encoding": "br" } },
    status: 415,
    reason: /Unsupported Media Type/,
  },
  "a gzip bomb": {
    body: new Uint8Array(gzipSync(tar([METADATA, { name: "bomb", content: zeros(MAX_BYTES) }]))),
    status: 413,
    reason: /B3SCALE_RECORDINGS_UPLOAD_MAX_BYTES/,
  },
  "more than is allowed": { body: zeros(MAX_BYTES + 1), status: 413, reason: /exceeds 5000000 bytes/ },
  "a wrong digest": {
    body: formatTar(),
    more: { digest: contentDigest(sha256(zeros(1))) },
    reason: /not what Content-Digest says/,
  },
  "no digest": { body: formatTar(), more: { digest: "" }, reason: /Content-Digest should be/ },
  "a digest of another kind": { body: formatTar(), more: { digest: "md5=:abc:" }, reason: /Content-Digest should be/ },
};

Deno.test("hostile uploads are refused, and nothing of them stays", async (t) => {
  await using server = await startUploadServer({ B3SCALE_RECORDINGS_UPLOAD_MAX_BYTES: String(MAX_BYTES) });
  for (const [name, { body, more, status = 400, reason }] of Object.entries(HOSTILE)) {
    await t.step(name, async () => {
      const sent = await server.upload(body, more);
      assert.equal(sent.status, status, JSON.stringify(sent.json));
      assert.match(String(sent.json["message"]), reason);
      assert.deepEqual(server.files(), []);
      assert.deepEqual(await server.imports(), []);
    });
  }
  for (const evil of ["evil", "inbox/evil"]) await assert.rejects(Deno.lstat(`${server.root}/${evil}`));
  assert.equal((await server.upload(formatTar())).status, 200); // and it works still
});

for (const name of ["record_id", "format"]) {
  Deno.test(`an upload whose ${name} is no name of a folder is refused`, async () => {
    await using server = await startUploadServer();
    for (const value of ["", "..", "a/b", "%00", ".trash", "a%20b", "x".repeat(300)]) {
      const query = { record_id: RECORD_ID, format: "video", [name]: value };
      const path = `${server.origin}/api/v1/recordings-upload?record_id=${query.record_id}&format=${query.format}`;
      const response = await fetch(path, { method: "POST", headers: { authorization: `Bearer ${NODE_TOKEN}` } });
      const { fields } = await response.json();
      assert.deepEqual([response.status, Object.keys(fields)], [400, [name]], value);
    }
  });
}

Deno.test("a client that dies in the middle of an upload leaves nothing", async () => {
  await using server = await startUploadServer();
  const archive = formatTar({}, [{ name: "big", content: "x".repeat(5_000_000) }]);
  const head = (length: string) =>
    `POST /api/v1/recordings-upload?record_id=${RECORD_ID}&format=presentation HTTP/1.1\r\nHost: x\r\n` +
    `Authorization: Bearer ${NODE_TOKEN}\r\nContent-Digest: ${contentDigest(sha256(archive))}\r\n${length}\r\n\r\n`;
  for (const length of [`Content-Length: ${archive.length}`, "Transfer-Encoding: chunked"]) {
    const { hostname, port } = new URL(server.origin);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    const chunked = length.startsWith("Transfer") ? "100000\r\n" : "";
    for (const part of [new TextEncoder().encode(head(length) + chunked), archive.subarray(0, 0x100000)]) {
      for (let sent = 0; sent < part.length;) sent += await conn.write(part.subarray(sent));
    }
    await eventually("some of it has arrived", () => server.files().some((file) => file.startsWith("inbox/.")));
    conn.close();
    await eventually("nothing is left", () => server.files().length === 0);
  }
  assert.deepEqual(await server.imports(), []);
});
