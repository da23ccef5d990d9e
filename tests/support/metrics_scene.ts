// A server with meetings of every kind, for tests of what a scrape of it says. What people and frontends chose as names
// holds the word "canary", which no scrape may show.
import { encodeStoredMeeting } from "../../src/store/stored_meeting.ts";
import { clusterID } from "./bbb_client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { makeAttendee, makeMeeting } from "./make.ts";
import { parseMetrics, type ScrapedFamily, valuesOf } from "./prometheus_text.ts";
import { sendRaw } from "./raw_http.ts";
import type { ServerEnv } from "./server_process.ts";
import { eventually } from "./wait.ts";

export type Scrape = ReadonlyMap<string, ScrapedFamily>;

export async function scrape(origin: string, headers: Record<string, string> = {}): Promise<Scrape> {
  const response = await fetch(`${origin}/metrics`, { headers });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return parseMetrics(text);
}

/** The status of a request whose bytes nothing tidies up. */
export async function sendBytes(
  origin: string,
  method: string,
  target: string,
  host = "b3scale.test",
): Promise<number> {
  const head = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  return (await sendRaw(origin, [head]))?.status ?? 0;
}

/** Rooms: `fe1` has a running one with people and one that nobody has joined, `fe2` a running one; one is nobody's. */
export async function startMetricsScene(env: ServerEnv = {}): Promise<Cluster> {
  const cluster = await startCluster({ nodes: 2, frontends: ["fe1", "fe2"], env });
  const { db, nodes } = cluster;
  await db`update frontends set settings = '{"attendees_limit": {"limit": 50}}' where key = 'fe1'`;
  for (const [key, room] of [["fe1", "canary-lecture"], ["fe1", "canary-empty"], ["fe2", "canary-talk"]] as const) {
    const built = await cluster.client(key).create(room, { name: `Canary of ${room}`, "meta_canary": "canary" });
    if (built.returncode !== "SUCCESS") throw new Error(`${room} was not built: ${built.xml}`);
  }
  const enter = (key: string, room: string, people: number, cameras: number) => {
    const [node = -1] = cluster.nodesWith(key, room);
    for (let number = 0; number < people; number++) {
      nodes.at(node).joinUser(clusterID(key, room), {
        userID: `canary-${number}`,
        fullName: `Canary ${number}`,
        hasVideo: number < cameras,
      });
    }
  };
  enter("fe1", "canary-lecture", 5, 2);
  enter("fe2", "canary-talk", 3, 0);
  const stray = encodeStoredMeeting(makeMeeting({
    meetingName: "Canary",
    meetingID: "stray",
    internalMeetingID: "int-stray",
    attendees: [makeAttendee({ fullName: "Canary" })],
  }));
  const attendees = [...stray["Attendees"] as [], null]; // as a 1.x process may leave it
  await db`insert into meetings (id, internal_id, state)
    values ('stray', 'int-stray', ${db.json({ ...stray, Attendees: attendees } as never)})`;

  const [origin = ""] = cluster.origins;
  await eventually("the scrape shows everybody", async () => {
    await Promise.all([cluster.pollSoon(0), cluster.pollSoon(1)]);
    const values = Object.values(valuesOf((await scrape(origin)).get("b3scale_frontend_attendees")));
    return values.reduce((sum, value) => sum + value, 0) === 9;
  });
  return cluster;
}

/** `backend` of the node that has the room. */
export function backendOf(cluster: Cluster, key: string, room: string): string {
  const [node = -1] = cluster.nodesWith(key, room);
  return new URL(cluster.nodes.at(node).url).host;
}
