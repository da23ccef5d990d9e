// Processes that are killed while they move recordings' files, and the server that starts afterwards: it finishes what
// they began, so that files and rows agree and nothing is lost.
import assert from "node:assert/strict";
import type { Pool } from "../../src/deps.ts";
import { signToken } from "../../src/contract/token.ts";
import type { RecordingRoots } from "../../src/recordings/paths.ts";
import { bbbClient } from "../support/bbb_client.ts";
import { MOVER, type MoverTask } from "../support/killed_mover.ts";
import { insertFrontend } from "../support/make.ts";
import { assertAgreement, type Content, layDown } from "../support/recording_checker.ts";
import { type RecordingFolders, recordingFolders } from "../support/recording_files.ts";
import { type ServerProcess, startServerProcess } from "../support/server_process.ts";
import { testDatabase } from "../support/test_db.ts";
import { eventually, pause } from "../support/wait.ts";

const SECRET = "a secret of tests that has at least 32 bytes";
const settings = ({ publishedPath, unpublishedPath, inboxPath }: RecordingRoots) => ({
  B3SCALE_RECORDINGS_PUBLISHED_PATH: publishedPath,
  B3SCALE_RECORDINGS_UNPUBLISHED_PATH: unpublishedPath,
  B3SCALE_RECORDINGS_INBOX_PATH: inboxPath,
});

async function startServer(dbUrl: string, folders: RecordingFolders): Promise<ServerProcess> {
  const server = await startServerProcess(dbUrl, settings(folders.roots));
  await eventually("the server is ready", () => server.timesTrusted() > 0);
  return server;
}

/** Leases that ran out long ago, as they are after a break: a test does not wait for them. */
const leasesAreOver = (db: Pool) =>
  db`update b3scale_recording_moves set claimed_until = localtimestamp - interval '1 s'`;

const nothingLeft = (db: Pool) =>
  eventually("nothing is left to do", async () => {
    const [row] = await db<{ count: number }[]>`select count(*)::int as count from b3scale_recording_moves`;
    return row?.count === 0;
  }, { withinMs: 30_000 });

/** @returns whether it was killed before its end */
async function runMover(task: MoverTask): Promise<boolean> {
  const { signal, code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MOVER, JSON.stringify(task)],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (signal === null) assert.equal(code, 0, new TextDecoder().decode(stderr));
  return signal === "SIGKILL";
}

const FILES = { "presentation/metadata.xml": "<xml/>", "presentation/svg/1.svg": "<svg/>", "video/v": "v" };
const AT_ONCE = 4;

/** One recording for each step that a process can die at, and one for the process that comes to its end. */
async function killAtEveryStep(
  db: Pool,
  folders: RecordingFolders,
  expected: Map<string, Content>,
  task: Omit<MoverTask, "recordID" | "step" | "roots">,
): Promise<number> {
  const place = task.action === "publish" ? "unpublished" : "published";
  for (let step = 1;; step += AT_ONCE) {
    const killed = await Promise.all(Array.from({ length: AT_ONCE }, async (_, i) => {
      const recordID = `${task.action}-${task.across ? "copied" : "renamed"}-${step + i}`;
      const { frontendID } = task;
      expected.set(recordID, await layDown(db, folders, { frontendID, recordID, place, files: FILES }));
      return await runMover({ ...task, roots: folders.roots, recordID, step: step + i });
    }));
    if (!killed.every(Boolean)) return step + killed.filter(Boolean).length - 1;
  }
}

Deno.test("a server that starts finishes what processes began that were killed at every step of a move", async () => {
  await using test = await testDatabase();
  await using folders = await recordingFolders();
  const db = test.pool;
  const frontendID = await insertFrontend(db);
  const expected = new Map<string, Content>();
  const steps: Record<string, number> = {};
  for (const action of ["publish", "unpublish", "delete"] as const) {
    for (const across of [false, true]) {
      const task = { dbUrl: test.url, across, frontendID, action };
      steps[`${action} ${across ? "copied" : "renamed"}`] = await killAtEveryStep(db, folders, expected, task);
    }
  }
  for (const [what, count] of Object.entries(steps)) {
    assert.ok(count >= (what.endsWith("copied") ? 30 : 8), `${what} has ${count} steps: ${JSON.stringify(steps)}`);
  }
  await leasesAreOver(db);
  await using server = await startServer(test.url, folders);
  await nothingLeft(db);
  await assertAgreement(db, folders.roots, expected, () => "trash");
  assert.deepEqual(server.log.filter(({ level }) => level === "error"), []);
});

const metadataOf = (recordID: string): string =>
  `<recording><id>${recordID}</id><state>published</state><published>true</published>
  <start_time>1700000000000</start_time><end_time>1700000600000</end_time><participants>1</participants>
  <meta><meetingId>m</meetingId><meetingName>m</meetingName></meta>
  <playback><format>presentation</format><link>https://node.test/playback/presentation/2.3/${recordID}</link>
  <processing_time>1</processing_time><duration>60000</duration></playback></recording>`;

type Ask = (origin: string, recordID: string) => Promise<unknown>;
const viaBbb = (resource: string, more = {}): Ask => async (origin, recordID) => {
  const { returncode, xml } = await bbbClient(origin, "fe1", "fe1-secret").call(resource, { recordID, ...more });
  assert.equal(returncode, "SUCCESS", xml);
};
/** As the script does that BBB runs after it has published a recording; it asks again until it is told that all is well. */
const importIt: Ask = async (origin, recordID) => {
  const token = await signToken(SECRET, { scope: "b3scale:admin", sub: "ops" }, new Date(0).getTime());
  const response = await fetch(`${origin}/api/v1/recordings-import?override_frontend_key=fe1`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: metadataOf(recordID),
  });
  assert.equal(response.status, 200, await response.text());
};

const CASES: readonly { name: string; place: "inbox" | "unpublished" | "published"; ask: Ask }[] = [
  { name: "publish", place: "unpublished", ask: viaBbb("publishRecordings", { publish: "true" }) },
  { name: "unpublish", place: "published", ask: viaBbb("publishRecordings", { publish: "false" }) },
  { name: "delete", place: "published", ask: viaBbb("deleteRecordings") },
  { name: "import", place: "inbox", ask: importIt },
];
const BIG = "x".repeat(8 * 1024 * 1024);

for (const { name, place, ask } of CASES) {
  Deno.test(`b3scaled that is killed during ${name} finishes it when it starts again`, async () => {
    await using test = await testDatabase();
    await using folders = await recordingFolders({ publishedInMemory: true });
    const frontendID = await insertFrontend(test.pool);
    const expected = new Map<string, Content>();
    let [hits, waitMs] = [0, 0]; // how long a move takes is found out
    for (let round = 0; round < 30 && hits < 4; round++) {
      const recordID = `r-${round}`;
      const files = { "presentation/metadata.xml": "<xml/>", "presentation/big": BIG, "video/v": `${round}` };
      expected.set(recordID, await layDown(test.pool, folders, { frontendID, recordID, place, files }));
      await using server = await startServer(test.url, folders);
      const asked = ask(server.origin, recordID).then(() => true, () => false);
      await pause(waitMs);
      await server.kill("SIGKILL");
      const { count } = await test.pool`select 1 from b3scale_recording_moves where record_id = ${recordID}`;
      hits += count;
      if (await asked) waitMs = Math.max(0, waitMs - 10);
      else if (count === 0) waitMs += 16;
    }
    if (folders.isAcross) assert.ok(hits > 0, "a process was killed at work");
    await leasesAreOver(test.pool);
    await using server = await startServer(test.url, folders);
    await nothingLeft(test.pool);
    await assertAgreement(test.pool, folders.roots, expected, () => name === "import" ? "inbox" : "trash");
    if (name !== "import") return;
    for (const recordID of expected.keys()) await importIt(server.origin, recordID);
    await assertAgreement(test.pool, folders.roots, expected, () => "inbox");
    assert.equal(
      (await test.pool`select 1 from recordings where state ->> 'State' = 'published'`).count,
      expected.size,
    );
  });
}

Deno.test("two processes that publish and unpublish one recording again and again end where the row says", async () => {
  await using test = await testDatabase();
  await using folders = await recordingFolders({ publishedInMemory: true });
  const frontendID = await insertFrontend(test.pool);
  const files = { ...FILES, "presentation/some": "x".repeat(100_000) };
  const recordID = "contested-1700000000000";
  const expected = new Map([
    [recordID, await layDown(test.pool, folders, { frontendID, recordID, place: "published", files })],
  ]);
  await using one = await startServer(test.url, folders);
  await using other = await startServer(test.url, folders);
  const race = async ({ origin }: { origin: string }, publish: string) => {
    for (let round = 0; round < 50; round++) await viaBbb("publishRecordings", { publish })(origin, recordID);
  };
  await Promise.all([race(one, "true"), race(other, "false")]);
  await nothingLeft(test.pool);
  await assertAgreement(test.pool, folders.roots, expected, () => "trash");
  const complaints = [...one.log, ...other.log].filter(({ level }) => level === "warn" || level === "error");
  assert.deepEqual(complaints.filter(({ message }) => /file|format|recording of/.test(message ?? "")), []);
});
