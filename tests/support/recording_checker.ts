// Whether rows and files of recordings agree: every recording where its row says, whole, once, and nothing beside it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Pool } from "../../src/deps.ts";
import type { RecordingRoots } from "../../src/recordings/paths.ts";
import { readTree, type RecordingFolders } from "./recording_files.ts";

/** `<format>/<path in the recording>` → hash. */
export type Content = Readonly<Record<string, string>>;

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Lays down a recording and its row; `place` unpublished or published is also what the row says. */
export async function layDown(
  db: Pool,
  folders: RecordingFolders,
  { frontendID, recordID, place, files }: {
    frontendID: string;
    recordID: string;
    place: "published" | "unpublished" | "inbox";
    /** `<format>/<path>` → content */
    files: Readonly<Record<string, string>>;
  },
): Promise<Content> {
  for (const [path, content] of Object.entries(files)) {
    const [format, ...rest] = path.split("/");
    await folders.put(`${place}/${format}/${recordID}/${rest.join("/")}`, content);
  }
  if (place !== "inbox") {
    const published = place === "published";
    const state = { RecordID: recordID, Published: published, State: place, Metadata: {}, Formats: [] };
    await db`
      insert into recordings (record_id, frontend_id, meeting_id, internal_meeting_id, state)
      values (${recordID}, ${frontendID}, 'm', 'm', ${db.json(state)})`;
  }
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [path, hashOf(content)]));
}

/** @param withoutRow where the files of a recording are that has no row */
export async function assertAgreement(
  db: Pool,
  roots: RecordingRoots,
  expected: ReadonlyMap<string, Content>,
  withoutRow: (recordID: string) => "trash" | "inbox",
): Promise<void> {
  const rows = await db<{ record_id: string; published: boolean; state: string }[]>`
    select record_id, (state ->> 'Published')::boolean as published, state ->> 'State' as state from recordings`;
  const rowOf = new Map(rows.map((row) => [row.record_id, row]));
  const wanted: string[] = [];
  for (const [recordID, content] of expected) {
    const row = rowOf.get(recordID);
    if (row !== undefined) assert.equal(row.state, row.published ? "published" : "unpublished", recordID);
    const place = row === undefined ? withoutRow(recordID) : row.state;
    for (const [path, hash] of Object.entries(content)) {
      const [format, ...rest] = path.split("/");
      wanted.push(`${place}/${format}/${recordID}/${rest.join("/")} ${hash}`);
    }
  }
  assert.deepEqual((await filesIn(roots)).sort(), wanted.sort());
  assert.deepEqual(
    [...await db`select record_id, last_error from b3scale_recording_moves`],
    [],
    "nothing is left to do",
  );
}

/** Each process that starts writes and deletes it. */
const PROBE = ".rwtest.b3scale";

/** All files of all roots; the trash is a place of its own, and its names are those of the recordings. */
async function filesIn({ publishedPath, unpublishedPath, inboxPath }: RecordingRoots): Promise<string[]> {
  const places = { published: publishedPath, unpublished: unpublishedPath, inbox: inboxPath };
  const lists = await Promise.all(
    Object.entries(places).map(async ([place, root]) =>
      (await readTree(root)).filter(([path]) => path !== PROBE).map(([path, content]) => {
        const at = `${place}/${path}`.replace(/^unpublished\/\.trash\//, "trash/").replace(/\.\d{8}T\d{6}\.\d{3}Z/, "");
        return `${at} ${hashOf(content)}`;
      })
    ),
  );
  return lists.flat();
}
