// Which recording a request for a file is about, read from the path as nginx reads it. Pure; used by
// rest/protected_recordings.ts.
import { isSafeName } from "./paths.ts";

export type Resource =
  /** `names`: the folder as it is written, and what it is called where case does not count. */
  | { readonly kind: "recording"; readonly names: readonly string[]; readonly isBbbID: boolean }
  /** A player, or whatever else lies beside the recordings. */
  | { readonly kind: "other" }
  /** What no player asks for: it may mean one file to us and another one to whoever serves it. */
  | { readonly kind: "refused" };

const REFUSED: Resource = { kind: "refused" };

/** BBB's ids. What follows does not count, as in 1.x: `<id>.mp4` belongs to the recording, too. */
const BBB_ID = /^[0-9a-f]+-[0-9]+/i;
/** `/playback/video/<id>/` and `/recording/screenshare/<id>/` are other names of `/video/<id>/` and `/screenshare/<id>/`. */
const PREFIXES: readonly (string | undefined)[] = ["playback", "recording"];

/**
 * The first part of the path that looks like an id of BBB is the recording, wherever it stands: formats and players are
 * many. Else it is the folder of a format: `/<format>/<record id>`.
 * @param requestURI path and query as the browser sent them (nginx: `$request_uri`)
 */
export function readResource(requestURI: string): Resource {
  const path = percentDecoded(/^[^?#]*/.exec(requestURI)?.[0] ?? "");
  if (path === undefined) return REFUSED;
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.some(isHidden)) return REFUSED;
  const bbbID = parts.map((part) => BBB_ID.exec(part)?.[0]).find((id) => id !== undefined);
  if (bbbID !== undefined) return recording(bbbID, true);
  const folder = PREFIXES.includes(parts[0]) ? parts[2] : parts[1];
  return folder !== undefined && isSafeName(folder) ? recording(folder, false) : { kind: "other" };
}

const recording = (name: string, isBbbID: boolean): Resource => ({
  kind: "recording",
  names: [...new Set([name, name.toLowerCase()])],
  isBbbID,
});

/** `.` and `..` too, with which a path could end elsewhere than it seems. */
const isHidden = (part: string): boolean => part.startsWith(".") && part !== ".well-known";

/** Once, as nginx does; bytes that are no ASCII stay bytes. @returns undefined for escapes that nginx refuses */
function percentDecoded(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})|%00/i.test(text)) return undefined;
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
