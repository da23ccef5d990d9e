// BBB checksums: hex(H(resource + query + secret)), H by the length of the value (bbb-api §1.2).
import { hash } from "node:crypto";

export type ChecksumAlgorithm = "sha1" | "sha256" | "sha384" | "sha512";

const ALGORITHM_BY_LENGTH: Readonly<Record<number, ChecksumAlgorithm>> = {
  40: "sha1",
  64: "sha256",
  96: "sha384",
  128: "sha512",
};

/** @returns lower-case hex */
export function sign(resource: string, query: string, secret: string, algorithm: ChecksumAlgorithm): string {
  return hash(algorithm, resource + query + secret, "hex");
}

/**
 * True when `checksum` signs the resource and any one of `queries`. Constant time for a given length; case does not matter.
 * Nothing is signed with an empty secret: on a BBB node it switches the check off, here it would let everyone in.
 */
export function verify(resource: string, queries: readonly string[], secret: string, checksum: string): boolean {
  const algorithm = ALGORITHM_BY_LENGTH[checksum.length];
  if (algorithm === undefined || secret === "") return false;
  const given = checksum.toLowerCase();
  let valid = false;
  for (const query of queries) if (isSame(given, sign(resource, query, secret, algorithm))) valid = true;
  return valid;
}

/** Compares to the end wherever they differ, as `timingSafeEqual()` does for bytes: to make bytes costs more than to hash. */
function isSame(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) difference |= given.charCodeAt(i) ^ expected.charCodeAt(i);
  return difference === 0;
}
