// Frontends with recordings, a server that serves them, and their files in folders of its own.
import { type BbbAnswer, type BbbClient, clusterID, type Params } from "./bbb_client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { insertRecording } from "./make_recordings.ts";
import { type RecordingFolders, recordingFolders } from "./recording_files.ts";

export interface RecordingScene {
  readonly cluster: Cluster;
  readonly folders: RecordingFolders;
  readonly fe1: BbbClient;
  readonly fe2: BbbClient;
  /** Ids in the answer to getRecordings, in its order. */
  find(params?: Params, client?: BbbClient): Promise<string[]>;
  /** Everything that a frontend could change. */
  snapshot(): Promise<string>;
}

/** Of `fe1` are `aa1` (published), `aa2` (unpublished) and `ab3` (protected), of `fe2` `aa9`; each has a presentation. */
export const PLACES = { aa1: "published", aa2: "unpublished", ab3: "published", aa9: "published" } as const;

export async function withRecordings(
  run: (scene: RecordingScene) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using folders = await recordingFolders();
  await using cluster = await startCluster({
    nodes: 1,
    frontends: ["fe1", "fe2"],
    env: {
      B3SCALE_RECORDINGS_PUBLISHED_PATH: folders.roots.publishedPath,
      B3SCALE_RECORDINGS_UNPUBLISHED_PATH: folders.roots.unpublishedPath,
      B3SCALE_RECORDINGS_INBOX_PATH: folders.roots.inboxPath,
      B3SCALE_RECORDINGS_PLAYBACK_HOST: "https://play.example",
      ...env,
    },
  });
  const { db } = cluster;
  const frontends = await db<{ id: string; key: string }[]>`select id, key from frontends`;
  const ids = new Map(frontends.map(({ id, key }) => [key, id]));
  const insert = (recordID: keyof typeof PLACES, meetingID: string, startTime: number, metadata = {}) => {
    const key = recordID === "aa9" ? "fe2" : "fe1";
    const state = PLACES[recordID];
    return insertRecording(db, ids.get(key) ?? "", {
      recordID,
      meetingID: clusterID(key, meetingID),
      state,
      published: state === "published",
      startTime,
      metadata: { meetingId: clusterID(key, meetingID), meetingName: "Geheim", isBreakout: "false", ...metadata },
    });
  };
  await insert("aa1", "m1", 3000, { Foo: "bar" });
  await insert("aa2", "m2", 2000);
  await insert("ab3", "m1", 1000, { protect: "true" });
  await insert("aa9", "m1", 2500, { foo: "bar" });
  for (const [recordID, place] of Object.entries(PLACES)) await folders.put(`${place}/presentation/${recordID}/x`);

  const [fe1, fe2] = [cluster.client("fe1"), cluster.client("fe2")];
  await run({
    cluster,
    folders,
    fe1,
    fe2,
    find: async (params = {}, client = fe1) => {
      const answer: BbbAnswer = await client.call("getRecordings", params);
      if (answer.returncode !== "SUCCESS") throw new Error(answer.xml);
      return answer.texts("recordID");
    },
    snapshot: async () => {
      const rows = await db`select r.*, r.xmin::text from recordings r order by record_id`;
      return JSON.stringify([rows, await db`select * from b3scale_recording_moves`, await folders.tree()]);
    },
  });
}
