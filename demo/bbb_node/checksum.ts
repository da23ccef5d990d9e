// The checksum of the BBB API as a node computes it. Shares no code with src/, so that a mistake there cannot hide here.
import { createHash, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

export type ChecksumAlgorithm = "sha1" | "sha256" | "sha384" | "sha512";

const algorithmOfLength: Readonly<Record<number, ChecksumAlgorithm>> = {
  40: "sha1",
  64: "sha256",
  96: "sha384",
  128: "sha512",
};

export const hashHex = (algorithm: ChecksumAlgorithm, text: string): string =>
  createHash(algorithm).update(text, "utf8").digest("hex");

/** The query as signed: the pair removed as text wherever it stands, everything else byte for byte as received. */
export function removeChecksum(rawQuery: string, checksum: string): string {
  const printable = Array.from(rawQuery).filter((char) => char >= " " && char !== "\x7f").join("").trim();
  for (const pair of [`&checksum=${checksum}`, `checksum=${checksum}&`, `checksum=${checksum}`]) {
    if (printable.includes(pair)) return printable.replaceAll(pair, () => "");
  }
  return printable;
}

/** @returns the algorithm that the length of `checksum` names, null when there is none, and whether it matches */
export function verifyChecksum(
  resource: string,
  rawQuery: string,
  checksum: string,
  secret: string,
): { algorithm: ChecksumAlgorithm | null; valid: boolean } {
  const algorithm = algorithmOfLength[checksum.length];
  if (algorithm === undefined) return { algorithm: null, valid: false };
  const expected = Buffer.from(hashHex(algorithm, resource + removeChecksum(rawQuery, checksum) + secret));
  const given = Buffer.from(checksum.toLowerCase());
  return { algorithm, valid: given.length === expected.length && timingSafeEqual(given, expected) };
}

/** A signed query for callers of the node: `query` followed by its checksum. */
export function signedQuery(
  resource: string,
  query: string,
  secret: string,
  algorithm: ChecksumAlgorithm = "sha256",
): string {
  const checksum = hashHex(algorithm, resource + query + secret);
  return query === "" ? `checksum=${checksum}` : `${query}&checksum=${checksum}`;
}
