// What an archive of a recording's format may hold, and where each entry belongs. Pure; used by unpack_upload.ts.
import { AppError } from "../errors.ts";

export interface UploadedFormat {
  readonly recordID: string;
  readonly format: string;
}

export interface ArchiveEntry {
  /** As the archive spells it. */
  readonly name: string;
  /** `file`, `directory`; anything else is refused. */
  readonly type?: string;
  /** Extended header of the entry, if it has one. */
  readonly pax?: Readonly<Record<string, string>>;
}

/** What file systems take, less what b3scale puts before it. */
const MOST_SEGMENT_BYTES = 255;
const MOST_PATH_BYTES = 1024;
const MOST_DEPTH = 32;

/**
 * Places the entries of one archive, whose names are all below `published/<format>/<record id>`, below
 * `<format>/<record id>`, or plain; which of these, the first entry decides. Leading `./` do not matter.
 * @returns a function from an entry to its path below the recording's folder; [] for the folder itself and those above
 * @throws malformed_body from that function, for what cannot be a recording
 */
export function createEntryPlacer({ format, recordID }: UploadedFormat): (entry: ArchiveEntry) => readonly string[] {
  const top = ["published", format, recordID];
  const prefixes = [top, top.slice(1), []];
  let prefix: readonly string[] | undefined;

  return (entry) => {
    const isFolder = checkType(entry);
    const segments = segmentsOf(entry.name);
    if (prefix === undefined && isFolder && prefixes.some((candidate) => startsWith(candidate, segments))) return [];
    prefix ??= prefixes.find((candidate) => startsWith(segments, candidate)) ?? [];
    if (startsWith(prefix, segments)) {
      if (isFolder) return [];
      throw refused(entry.name, "is a file where a folder belongs");
    }
    if (!startsWith(segments, prefix)) throw refused(entry.name, `is not below "${prefix.join("/")}" as the others`);
    return segments.slice(prefix.length);
  };
}

/** @returns whether it is a folder */
function checkType({ name, type, pax }: ArchiveEntry): boolean {
  if (type !== "file" && type !== "directory") throw refused(name, `is neither a file nor a folder but a ${type}`);
  if (Object.keys(pax ?? {}).some((key) => key.startsWith("GNU.sparse."))) throw refused(name, "is a sparse file");
  return type === "directory";
}

function segmentsOf(name: string): string[] {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (name.startsWith("/")) throw refused(name, "is an absolute path");
  if (/\p{Cc}/u.test(name)) throw refused(name, "has control characters");
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refused(name, "leads out of its folder");
  const isLong = bytes(name) > MOST_PATH_BYTES || segments.length > MOST_DEPTH ||
    segments.some((segment) => bytes(segment) > MOST_SEGMENT_BYTES);
  if (isLong) throw refused(name, "is too long");
  return segments;
}

const startsWith = (list: readonly string[], prefix: readonly string[]): boolean =>
  prefix.every((segment, index) => list[index] === segment);

/** The name comes from outside: it is shortened, and its control characters are shown. */
function refused(name: string, why: string): AppError {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return new AppError("malformed_body", `Entry ${JSON.stringify(shown)} of the archive ${why}`);
}
