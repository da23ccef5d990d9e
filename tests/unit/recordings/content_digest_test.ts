import assert from "node:assert/strict";
import { contentDigest, readContentDigest } from "../../../src/recordings/content_digest.ts";

const SHA = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

const HEADERS: readonly (readonly [header: string | null, digest: string | undefined])[] = [
  [contentDigest(SHA), SHA],
  [`sha-512=:abc=:, ${contentDigest(SHA)}`, SHA],
  [`${contentDigest(SHA)},md5=:x:`, SHA],
  [`SHA-256=:${SHA}:`, SHA],
  [`sha-256=:${SHA}:;q=1`, SHA],
  [null, undefined],
  ["", undefined],
  [SHA, undefined],
  [`sha-256=${SHA}`, undefined],
  [`sha-256=:${SHA.slice(1)}:`, undefined],
  [`sha-256=:${SHA}:x`, undefined],
  [`sha-512=:${SHA}:`, undefined],
  [`${contentDigest(SHA)}, ${contentDigest(SHA)}`, undefined],
];

Deno.test("readContentDigest() reads the one SHA-256 of the header", () => {
  for (const [header, digest] of HEADERS) assert.equal(readContentDigest(header), digest, String(header));
});
