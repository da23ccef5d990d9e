// Protected recordings of two frontends, links and cookies for them, and the server that plays: what the tests share.
import { NO_RECORDING } from "../../../src/bbb/recording.ts";
import { createClusterFeed } from "../../../src/cluster/feed.ts";
import { createClusterView } from "../../../src/cluster/view.ts";
import { signToken } from "../../../src/contract/token.ts";
import type { Pool } from "../../../src/deps.ts";
import { createRecorder } from "../../../src/metrics/recorder.ts";
import { protectedLink } from "../../../src/recordings/protect.ts";
import { createRest } from "../../../src/rest/rest.ts";
import { upsertRecording } from "../../../src/store/recordings.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { insertFrontend, makeConfig, makeLog, uuid } from "../../support/make.ts";
import { openTestPool } from "../../support/test_db.ts";

export const [FE1, FE2] = [uuid(1), uuid(2)];
/** Protected but for OPEN_ID, and FE1's but for FOREIGN_ID. */
export const ID = "ab1-1700000000001";
export const OTHER_ID = "ab2-1700000000002";
export const OPEN_ID = "ab3-3";
export const FOREIGN_ID = "cd1-1700000000001";
export const NAMED_ID = "My_Room";

export const recordingOf = (recordID: string, protect: boolean) => ({
  ...NO_RECORDING,
  recordID,
  metadata: { protect: String(protect) },
  formats: [{
    type: "video",
    url: `https://node1.example/playback/video/${recordID}/?x=1`,
    processingTimeMs: 0,
    length: 1,
    sizeBytes: null,
    preview: null,
  }],
});

/** Statements that go through the pool are counted. */
function counting(pool: Pool): { db: Pool; count: () => number } {
  let count = 0;
  const apply = (target: Pool, self: unknown, args: unknown[]) => {
    count++;
    return Reflect.apply(target, self, args);
  };
  return { db: new Proxy(pool, { apply }), count: () => count };
}

export async function startPlayback(pool: Pool, url: string, env: Record<string, string> = {}) {
  for (const [id, key] of [[FE1, "fe1"], [FE2, "fe2"]] as const) await insertFrontend(pool, { id, key });
  const rows = [[FE1, ID], [FE1, OTHER_ID], [FE1, NAMED_ID], [FE2, FOREIGN_ID], [FE1, OPEN_ID]] as const;
  for (const [frontend_id, recordID] of rows) {
    const recording = recordingOf(recordID, recordID !== OPEN_ID);
    await pool.begin((tx) => upsertRecording(tx, { recording, frontend_id }));
  }
  const config = makeConfig({ B3SCALE_RECORDINGS_PLAYBACK_HOST: "https://play.example", ...env });
  const [clock, { log, lines }] = [createFakeClock(), makeLog()];
  const { db, count } = counting(pool);
  const feed = createClusterFeed({ db: pool, openListener: () => openTestPool(url, 1), clock, log });
  const view = createClusterView({ db: pool, clock, source: feed });
  const nodes = { call: () => Promise.reject(new Error("no node is asked")) };
  const rest = createRest({ config, db, view, nodes, clock, random: () => 0.5, log, metrics: createRecorder() });
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const req = new Request(`https://b3s.example/api/v1/protected/recordings/${path}`, { headers });
    const response = await rest({ req, id: "r1", remoteIP: "192.0.2.1" });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return {
    config,
    clock,
    lines,
    count,
    get,
    /** Whether the file may be served. */
    auth: async (path: string, cookie = "") =>
      (await get("auth", { "x-resource-path": path, ...(cookie === "" ? {} : { cookie }) })).status,
    link: (recordID: string, { frontendID = FE1, format = "video" } = {}) =>
      protectedLink(config, { frontendID, format, recordID }, clock.now()).then((link) =>
        link.slice(link.lastIndexOf("/") + 1)
      ),
    cookie: (claims: { scope?: string; sub?: string; aud?: string[] }, secret = config.jwtSecret) =>
      signToken(
        secret,
        { scope: "b3scale:recordings", sub: FE1, aud: [ID], lifetimeSeconds: 60, ...claims },
        clock.now(),
      )
        .then((token) => `_b3s_protected=${token}`),
  };
}

export const cookieIn = (headers: Headers) => headers.get("set-cookie")?.split(";", 1)[0] ?? "";
