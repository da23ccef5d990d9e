// b3scaled and nginx as in production: recordings of two frontends in the database and on disk, one host for the API and
// one that plays.
import assert from "node:assert/strict";
import { NO_RECORDING, type Recording } from "../../src/bbb/recording.ts";
import { encodeMeetingID, type FrontendMeetingID } from "../../src/contract/meeting_id.ts";
import type { Pool } from "../../src/deps.ts";
import { upsertRecording } from "../../src/store/recordings.ts";
import { freePort } from "../../demo/postgres.ts";
import { bbbClient } from "./bbb_client.ts";
import { insertFrontend, uuid } from "./make.ts";
import { type Nginx, startNginx } from "./nginx.ts";
import { type ServerProcess, startServerProcess } from "./server_process.ts";
import { testDatabase } from "./test_db.ts";

const [FE1, FE2] = [uuid(1), uuid(2)];
export const KEYS = { fe1: "fe1-secret", fe2: "fe2-secret" } as const;

/** Protected ones of fe1 and fe2, and one that is open. */
export const IDS = {
  one: "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728123",
  two: "1f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728124",
  foreign: "2f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728125",
  open: "3f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728126",
} as const;
export type Name = keyof typeof IDS;

/** Files of a recording by the path in which they are asked for, with `ID`. */
export const FILES = [
  "/presentation/ID/metadata.xml",
  "/presentation/ID/video/webcams.webm",
  "/presentation/ID/caption_en.vtt",
  "/presentation/ID/presentation/d2d9a672-1715261728200/slide-1.png",
  "/presentation/ID/presentation/d2d9a672-1715261728200/thumbnails/thumb-1.png",
  "/video/ID/video-0.m4v",
  "/screenshare/ID/screenshare.webm",
  "/podcast/ID/audio.ogg",
  "/notes/ID/notes.pdf",
  "/next_year/ID/data.json",
] as const;

/** What a file says: whose it is. */
export const contentOf = (path: string, name: Name): string => `secret of ${name} in ${path}\n`.repeat(20);

export interface PlaybackHost extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly nginx: Nginx;
  /** Origins of the two hosts. */
  readonly api: string;
  readonly playback: string;
  readonly publishedPath: string;
  /** @param path with `ID`, of the playback host */
  file(path: string, name: Name, headers?: Record<string, string>): Promise<Page>;
  /** Of the formats, as the frontend shows them to its user. */
  linksOf(name: Name): Promise<string[]>;
  /** Follows a link as a browser does. @returns the cookie, to be sent from now on */
  open(name: Name, cookie?: string): Promise<string>;
}

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function getPage(url: string, headers: Record<string, string> = {}): Promise<Page> {
  const response = await fetch(url, { headers, redirect: "manual" });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export async function startPlaybackHost(): Promise<PlaybackHost> {
  await using stack = new AsyncDisposableStack();
  const { pool: db, url } = stack.use(await testDatabase());
  const folder = await Deno.makeTempDir({ prefix: "b3scale-playback-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const [apiPort, playbackPort] = [freePort(), freePort()];
  const [api, playback] = [`http://127.0.0.1:${apiPort}`, `http://127.0.0.1:${playbackPort}`];
  const [publishedPath, unpublishedPath] = [`${folder}/published`, `${folder}/unpublished`];
  const playerRoot = `${folder}/bbb`;
  for (const path of [publishedPath, unpublishedPath, playerRoot]) await Deno.mkdir(path);
  const server = stack.use(
    await startServerProcess(url, {
      B3SCALE_API_URL: api,
      B3SCALE_RECORDINGS_PLAYBACK_HOST: playback,
      B3SCALE_RECORDINGS_PUBLISHED_PATH: publishedPath,
      B3SCALE_RECORDINGS_UNPUBLISHED_PATH: unpublishedPath,
    }),
  );
  await insertRows(db);
  for (const name of Object.keys(IDS) as Name[]) {
    for (const path of FILES) await writeFile(publishedPath + path.replace("ID", IDS[name]), contentOf(path, name));
  }
  const player = `${playerRoot}/playback/presentation/2.3`;
  await writeFile(`${player}/index.html`, "the player");
  await writeFile(`${player}/static/js/main.js`, "the player's script");
  const b3scaled = new URL(server.origin).host;
  const nginx = stack.use(
    await startNginx({ apiPort, playbackPort, b3scaled, publishedPath, playerRoot, workFolder: folder }),
  );
  const kept = stack.move();
  const linksOf = async (name: Name) => {
    const key = name === "foreign" ? "fe2" : "fe1";
    const answer = await bbbClient(api, key, KEYS[key]).call("getRecordings", { recordID: IDS[name] });
    assert.equal(answer.returncode, "SUCCESS", answer.xml);
    return answer.texts("url");
  };
  return {
    server,
    nginx,
    api,
    playback,
    publishedPath,
    file: (path, name, headers) => getPage(playback + path.replace("ID", IDS[name]), headers),
    linksOf,
    open: async (name, cookie = "") => {
      const [link = ""] = await linksOf(name);
      const { status, headers, text } = await getPage(link, cookie === "" ? {} : { cookie });
      assert.equal(status, 302, text);
      assert.equal(headers.get("location"), `${playback}/playback/presentation/2.3/${IDS[name]}`);
      const set = headers.get("set-cookie") ?? "";
      assert.match(set, /^_b3s_protected=[\w.-]+; Path=\/; Max-Age=28800; HttpOnly; SameSite=Lax$/);
      return set.split(";", 1)[0] ?? "";
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function insertRows(db: Pool): Promise<void> {
  await insertFrontend(db, { id: FE1, key: "fe1", secret: KEYS.fe1 });
  await insertFrontend(db, { id: FE2, key: "fe2", secret: KEYS.fe2 });
  for (const name of Object.keys(IDS) as Name[]) {
    const [frontend_id, key] = name === "foreign" ? [FE2, "fe2"] : [FE1, "fe1"];
    const recording: Recording = {
      ...NO_RECORDING,
      recordID: IDS[name],
      meetingID: encodeMeetingID(key, `room-${name}` as FrontendMeetingID),
      name,
      published: true,
      state: "published",
      metadata: { protect: String(name !== "open") },
      formats: ["presentation", "video"].map((type) => ({
        type,
        url: `https://node1.example/playback/${type === "presentation" ? "presentation/2.3" : type}/${IDS[name]}`,
        processingTimeMs: 0,
        length: 1,
        sizeBytes: null,
        preview: null,
      })),
    };
    await db.begin((tx) => upsertRecording(tx, { recording, frontend_id }));
  }
}

export async function writeFile(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}
