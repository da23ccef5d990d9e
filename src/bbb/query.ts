// Query strings as bytes on the wire: split, decode, encode and sort exactly as BBB clients and nodes do.
// Never goes through URL or URLSearchParams, which rewrite what was signed.
import { CHECKSUM } from "./resources.ts";

export type Params = ReadonlyMap<string, string>;

/** The raw query of a request target, without `?`; a fragment does not reach a server. */
export function rawQueryOf(url: string): string {
  const start = url.indexOf("?");
  return start < 0 ? "" : url.slice(start + 1);
}

/** The query that a client signed: without the parameter named exactly `checksum`, wherever it stood. */
export function withoutChecksum(rawQuery: string): string {
  if (!rawQuery.includes(CHECKSUM)) return rawQuery;
  return rawQuery.split("&").filter((pair) => pair !== CHECKSUM && !pair.startsWith(`${CHECKSUM}=`)).join("&");
}

/** First value of a repeated name wins; `flag` without `=` is empty text. @returns undefined when an escape is broken */
export function readQuery(rawQuery: string): Params | undefined {
  const params = new Map<string, string>();
  for (const pair of rawQuery.split("&")) {
    if (pair === "") continue;
    const split = pair.indexOf("=");
    const name = decode(split < 0 ? pair : pair.slice(0, split));
    const value = decode(split < 0 ? "" : pair.slice(split + 1));
    if (name === undefined || value === undefined) return undefined;
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

/** Form decoding; bytes that are no UTF-8 become U+FFFD. @returns undefined for `%` without two hex digits */
export function decode(text: string): string | undefined {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  if (/%(?![0-9A-Fa-f]{2})/.test(spaced)) return undefined;
  try {
    return decodeURIComponent(spaced);
  } catch { // escapes that are no UTF-8
    return spaced.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
      const bytes = Uint8Array.from(run.slice(1).split("%"), (hex) => parseInt(hex, 16));
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes); // U+FEFF is text here as it is above
    });
  }
}

/** Form encoding as nodes expect it: space is `+`, `A-Za-z0-9-_.~` stay, all else is `%XX` of UTF-8. */
export function encode(text: string): string {
  if (/^[A-Za-z0-9\-_.~]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** Pairs sorted by name as bytes, names escaped like values, without `checksum`. */
export function encodeQuery(params: Params): string {
  const names = [...params.keys()].filter((name) => name !== CHECKSUM).sort(compareBytes);
  return names.map((name) => `${encode(name)}=${encode(params.get(name) ?? "")}`).join("&");
}

/** Order of UTF-8 bytes, which is the order of code points; UTF-16 order differs above U+FFFF. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue;
    return (a.codePointAt(i) ?? 0) - (b.codePointAt(i) ?? 0);
  }
  return a.length - b.length;
}

/** Java's URLEncoder, in which BBB up to 2.7 re-encodes form parameters before hashing: `*-._` stay, `~` does not. */
export function encodeJava(text: string): string {
  return encode(text).replaceAll("~", "%7E").replaceAll("%2A", "*");
}
