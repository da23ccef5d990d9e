// Tar archives byte by byte, the wrong ones included. Written apart from the library that the server reads them with.
import { createHash } from "node:crypto";

export interface TarEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` folder, `6` fifo, `x` and `L` headers. */
  readonly type?: string;
  readonly link?: string;
  /** What the header says instead of the content's length. */
  readonly size?: number;
  readonly checksum?: number;
}

const encoder = new TextEncoder();
const BLOCK = 512;

/** One header and its content, padded. A name of more than 100 bytes is cut. */
export function tarEntry({ name, content = "", type = "0", link = "", size, checksum }: TarEntry): Uint8Array {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  const block = new Uint8Array(BLOCK + Math.ceil(bytes.length / BLOCK) * BLOCK);
  const put = (offset: number, text: string, length: number) =>
    block.set(encoder.encode(text).subarray(0, length), offset);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, "0");
  put(0, name, 100);
  put(100, octal(0o644, 8), 7);
  put(108, octal(0, 8), 7);
  put(116, octal(0, 8), 7);
  put(124, octal(size ?? bytes.length, 12), 11);
  put(136, octal(1_700_000_000, 12), 11);
  put(148, " ".repeat(8), 8);
  put(156, type, 1);
  put(157, link, 100);
  put(257, "ustar\0" + "00", 8);
  const sum = checksum ?? block.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 7)}\u0000 `, 8);
  block.set(bytes, BLOCK);
  return block;
}

/** The entries, with headers for names that need them, and the two empty blocks at the end. */
export const tar = (entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> =>
  concat([...entries.flatMap(withLongName).map(tarEntry), new Uint8Array(2 * BLOCK)]);

const withLongName = (entry: TarEntry): TarEntry[] =>
  encoder.encode(entry.name).length > 100 ? [paxHeader({ path: entry.name }), entry] : [entry];

/** An extended header, for what an ordinary one has no room for. */
export function paxHeader(records: Readonly<Record<string, string>>): TarEntry {
  const content = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = encoder.encode(rest).length;
    while (String(length).length + encoder.encode(rest).length !== length) {
      length = String(length).length + encoder.encode(rest).length;
    }
    return `${length}${rest}`;
  }).join("");
  return { name: "PaxHeader/x", type: "x", content };
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64");
