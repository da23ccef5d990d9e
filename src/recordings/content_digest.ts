// The header `Content-Digest` of RFC 9530, as far as an upload needs it.

/**
 * @returns the SHA-256 in base64; undefined when the header is missing, names no SHA-256, or names two
 */
export function readContentDigest(header: string | null): string | undefined {
  const members = (header ?? "").split(",").map((member) => member.trim()).filter((member) =>
    /^sha-256=/i.test(member)
  );
  const [member, ...others] = members;
  if (member === undefined || others.length > 0) return undefined;
  return /^sha-256=:([A-Za-z0-9+/]{43}=):(?:;.*)?$/i.exec(member)?.[1];
}

/** As the client says it. */
export const contentDigest = (sha256: string): string => `sha-256=:${sha256}:`;
