// A server that takes uploads of recordings, with folders and a database of its own, and what nodes send to it.
import { readConfig } from "../../src/config.ts";
import { contentDigest } from "../../src/recordings/content_digest.ts";
import type { Pool } from "../../src/deps.ts";
import { startServer } from "../../src/server.ts";
import { buildToken, JWT_SECRET } from "./golden_rest/token.ts";
import { clusterID, insertFrontend, type LogLine, makeLog } from "./make.ts";
import { sha256, tar, type TarEntry } from "./tar.ts";
import { testDatabase } from "./test_db.ts";

export const RECORD_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728123";

export interface Sent {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface UploadServer extends AsyncDisposable {
  readonly origin: string;
  readonly root: string;
  readonly db: Pool;
  readonly url: string;
  readonly lines: readonly LogLine[];
  /** @param more headers, `record_id`, `format` and `token` other than the usual ones */
  upload(body: BodyInit | null, more?: UploadOptions): Promise<Sent>;
  call(method: string, path: string): Promise<Sent>;
  /** Paths of all files below `inbox/`, `published/`, `unpublished/`. */
  files(): string[];
  /** Rows of imports, the newest first. */
  imports(): Promise<ImportRow[]>;
}

export interface ImportRow {
  readonly record_id: string;
  readonly format: string;
  readonly state: string;
  readonly reason: string | null;
  readonly folder: string;
}

export interface UploadOptions {
  readonly format?: string;
  readonly recordID?: string;
  readonly digest?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const NODE_TOKEN = buildToken({ scope: "b3scale:node", sub: "agent1" });
const ADMIN_TOKEN = buildToken({ scope: "b3scale:admin", sub: "root" });

/** @param env settings beside those that are needed; `fe1` owns the meeting of `metadataXml()` */
export async function startUploadServer(env: Record<string, string> = {}): Promise<UploadServer> {
  await using stack = new AsyncDisposableStack();
  const root = stack.adopt(
    await Deno.makeTempDir({ prefix: "b3scale-upload-" }),
    (folder) => Deno.remove(folder, { recursive: true }),
  );
  const folders = uploadFolders(root);
  for (const folder of Object.values(folders)) await Deno.mkdir(folder);
  const { pool: db, url } = stack.use(await testDatabase());
  await insertFrontend(db, { key: "fe1" });
  const { log, lines } = makeLog();
  const server = await startServer(
    readConfig({
      B3SCALE_DB_URL: url,
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_API_URL: "http://b3scale.test",
      B3SCALE_API_JWT_SECRET: JWT_SECRET,
      ...folders,
      ...env,
    }),
    { log },
  );
  stack.defer(() => server.stop());
  await server.ready;
  const origin = `http://127.0.0.1:${server.address.port}`;
  const kept = stack.move();
  return {
    origin,
    root,
    db,
    url,
    lines,
    upload: (body, more) => upload(origin, body, more),
    call: async (method, path) => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      return await read(await fetch(`${origin}/api/v1${path}`, { method, headers }));
    },
    files: () => listFiles(root),
    imports: async () => [
      ...await db<ImportRow[]>`
      select record_id, format, state, reason, folder from b3scale_recording_imports order by created_at desc`,
    ],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const uploadFolders = (root: string) => ({
  B3SCALE_RECORDINGS_INBOX_PATH: `${root}/inbox`,
  B3SCALE_RECORDINGS_PUBLISHED_PATH: `${root}/published`,
  B3SCALE_RECORDINGS_UNPUBLISHED_PATH: `${root}/unpublished`,
});

export async function upload(origin: string, body: BodyInit | null, more: UploadOptions = {}): Promise<Sent> {
  const { format = "presentation", recordID = RECORD_ID, headers } = more;
  const digest = more.digest ?? (body instanceof Uint8Array ? contentDigest(sha256(body)) : undefined);
  const response = await fetch(`${origin}/api/v1/recordings-upload?record_id=${recordID}&format=${format}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${NODE_TOKEN}`,
      ...(digest === undefined ? {} : { "content-digest": digest }),
      ...headers,
    },
    body,
  });
  return await read(response);
}

async function read(response: Response): Promise<Sent> {
  return { status: response.status, json: await response.json() };
}

export function listFiles(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? listFiles(`${folder}/${name}`, `${prefix}${name}/`) : [`${prefix}${name}`]
  ).sort();
}

export interface MetadataFields {
  readonly recordID?: string;
  readonly format?: string;
  readonly meetingID?: string;
  readonly published?: boolean;
  readonly more?: string;
}

export const metadataXml = (
  { recordID = RECORD_ID, format = "presentation", meetingID = clusterID("m1"), published = true, more = "" }:
    MetadataFields = {},
): string =>
  `<recording><id>${recordID}</id><state>published</state><published>${published}</published>
  <start_time>1715261728123</start_time><end_time>1715265330456</end_time><participants>2</participants>${more}
  <meta><meetingId>${meetingID}</meetingId><meetingName>Demo</meetingName></meta>
  <playback><format>${format}</format><link>https://bbb1.example.org/playback/${format}/2.3/${recordID}</link>
  <processing_time>7177</processing_time><duration>3602333</duration><size>99</size></playback></recording>`;

/** The files of a format as a node packs them. */
export const formatTar = (fields: MetadataFields = {}, others: readonly TarEntry[] = []): Uint8Array<ArrayBuffer> => {
  const top = `${fields.format ?? "presentation"}/${fields.recordID ?? RECORD_ID}`;
  return tar([
    { name: `${top}/`, type: "5" },
    { name: `${top}/metadata.xml`, content: metadataXml(fields) },
    ...others.map((entry) => ({ ...entry, name: `${top}/${entry.name}` })),
  ]);
};
