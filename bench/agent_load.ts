// Simulated agents: each beats once a second, and some report who joins and leaves. Knows what must be stored at the end.
import { encodeMeetingID, type FrontendMeetingID } from "../src/contract/meeting_id.ts";
import { signToken } from "../src/contract/token.ts";
import type { Pool } from "../src/deps.ts";
import { NO_MEETING } from "../src/bbb/meeting.ts";
import { encodeStoredMeeting, readStoredMeeting } from "../src/store/stored_meeting.ts";

export interface AgentLoadOptions {
  readonly db: Pool;
  /** Of the servers; agents spread over them. */
  readonly origins: readonly string[];
  readonly secret: string;
  readonly backends: number;
  readonly meetings: number;
}

export interface AgentLoadResult {
  readonly acknowledged: number;
  /** What was answered instead of ok. */
  readonly refused: readonly string[];
  readonly perSecond: number;
  /** Of events, in ms, ascending. */
  readonly latencies: readonly number[];
  readonly heartbeats: number;
  /** Transactions that wrote backends, at most: heartbeats and counters. */
  readonly writesPerSecond: number;
}

export interface AgentLoad {
  run(load: { events: number; perSecond: number }): Promise<AgentLoadResult>;
  /** Meetings whose row is not what was reported. */
  differences(): Promise<string[]>;
}

interface Room {
  readonly id: string;
  readonly internalID: string;
  readonly agent: Agent;
  /** Internal ids and roles of who is in it. */
  readonly people: Map<string, string>;
  /** Events of one room go one after the other, as an agent sends them. */
  tail: Promise<void>;
  joins: number;
}

interface Agent {
  readonly origin: string;
  readonly token: string;
}

const BEAT_EVERY_MS = 1000;
const SAMPLE_EVERY_MS = 40;
const FULL = 30;

/** Backends are in state "init", so that no server polls them. */
export async function startAgentLoad(options: AgentLoadOptions): Promise<AgentLoad> {
  const { db, origins, secret } = options;
  const agents = await Promise.all(
    Array.from({ length: options.backends }, async (_, n): Promise<Agent> => ({
      origin: origins[n % origins.length] ?? "",
      token: await signToken(secret, { scope: "b3scale:node", sub: `agent-${n}` }, Date.now()),
    })),
  );
  const rooms = await insertRooms(db, agents, options.meetings);

  return {
    run: async ({ events, perSecond }) => {
      const stop = new AbortController();
      const beats = beat(agents, stop.signal);
      const writers = countWriters(db, stop.signal);
      const startedAt = performance.now();
      const latencies: number[] = [];
      const refused: string[] = [];
      const sent: Promise<void>[] = [];
      for (let n = 0; n < events; n++) {
        const waitMs = startedAt + n * 1000 / perSecond - performance.now();
        if (waitMs > 0) await pause(waitMs);
        const room = rooms[n % rooms.length];
        if (room === undefined) break;
        room.tail = room.tail.then(() => report(room, n, latencies, refused));
        sent.push(room.tail);
      }
      await Promise.all(sent);
      const seconds = (performance.now() - startedAt) / 1000;
      // At least two rounds of heartbeats, however few the events are.
      if (seconds < 2 * BEAT_EVERY_MS / 1000) await pause(2 * BEAT_EVERY_MS - seconds * 1000);
      stop.abort();
      const lasted = (performance.now() - startedAt) / 1000;
      return {
        acknowledged: latencies.length,
        refused,
        perSecond: latencies.length / seconds,
        latencies: latencies.sort((a, b) => a - b),
        heartbeats: await beats,
        writesPerSecond: await writers / lasted,
      };
    },
    differences: async () => {
      const found: string[] = [];
      const rows = await db<{ id: string; state: unknown }[]>`select id, state from meetings`;
      const states = new Map(rows.map((row) => [row.id, readStoredMeeting(row.state)]));
      for (const room of rooms) {
        const meeting = states.get(room.id);
        const stored = JSON.stringify([
          meeting?.attendees?.map((one) => one.internalUserID).sort(),
          meeting?.participantCount,
          meeting?.moderatorCount,
        ]);
        const moderators = Array.from(room.people.values()).filter((role) => role === "MODERATOR").length;
        const reported = JSON.stringify([[...room.people.keys()].sort(), room.people.size, moderators]);
        if (stored !== reported) found.push(`${room.internalID}: stored ${stored}, reported ${reported}`);
      }
      return found;
    },
  };
}

async function insertRooms(db: Pool, agents: readonly Agent[], count: number): Promise<Room[]> {
  const backends = await db<{ id: string }[]>`
    insert into backends (host, secret, node_state, admin_state, agent_ref)
    select 'http://agent-' || n || '.test/', 'secret', 'ready', 'init', 'agent-' || n
    from generate_series(0, ${agents.length - 1}::int) as n returning id`;
  const [frontend] = await db<{ id: string }[]>`
    insert into frontends (key, secret) values (${crypto.randomUUID()}, 'secret') returning id`;
  const rooms: Room[] = [];
  for (let n = 0; n < count; n++) {
    const [agent, backend] = [agents[n % agents.length], backends[n % backends.length]];
    if (agent === undefined || backend === undefined || frontend === undefined) throw new Error("there are no agents");
    const id = encodeMeetingID("load", `room-${n}` as FrontendMeetingID);
    const internalID = `int-${n}`;
    const meeting = { ...NO_MEETING, meetingID: id, internalMeetingID: internalID, running: true, attendees: [] };
    await db`
      insert into meetings (id, internal_id, state, frontend_id, backend_id)
      values (${id}, ${internalID}, ${db.json(encodeStoredMeeting(meeting))}, ${frontend.id}, ${backend.id})`;
    rooms.push({ id, internalID, agent, people: new Map(), tail: Promise.resolve(), joins: 0 });
  }
  return rooms;
}

const post = (agent: Agent, path: string, body?: string): Promise<Response> =>
  fetch(`${agent.origin}/api/v1/agent/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${agent.token}`, "content-type": "application/json" },
    body,
  });

/** Somebody joins, or, now and then and when the room is full, the one who is there longest leaves. */
async function report(room: Room, n: number, latencies: number[], refused: string[]): Promise<void> {
  const [oldest] = room.people.keys();
  const leaves = oldest !== undefined && (n % 3 === 0 || room.people.size >= FULL);
  const id = leaves ? oldest : `w_${room.internalID}_${room.joins++}`;
  const role = n % 5 === 0 ? "MODERATOR" : "VIEWER";
  const attendee = {
    UserID: id.slice(2),
    InternalUserID: id,
    FullName: `Person ${id}`,
    Role: role,
    ClientType: "HTML5",
  };
  const params = leaves ? { internal_user_id: id } : { attendee };
  const payload = new TextEncoder().encode(JSON.stringify({ internal_meeting_id: room.internalID, ...params }))
    .toBase64();
  const askedAt = performance.now();
  try {
    const action = leaves ? "meeting_remove_attendee" : "meeting_add_attendee";
    const response = await post(room.agent, "rpc", JSON.stringify({ action, payload }));
    const answer = await response.text();
    if (!answer.includes('"status":"ok"')) return void refused.push(`${response.status} ${answer}`);
    latencies.push(performance.now() - askedAt);
    if (leaves) room.people.delete(id);
    else room.people.set(id, role);
  } catch (error) {
    refused.push(String(error));
  }
}

/** @returns how many were acknowledged */
async function beat(agents: readonly Agent[], signal: AbortSignal): Promise<number> {
  let acknowledged = 0;
  await Promise.all(agents.map(async (agent, n) => {
    await pause(n / agents.length * BEAT_EVERY_MS);
    while (!signal.aborted) {
      const askedAt = performance.now();
      const response = await post(agent, "heartbeat");
      await response.body?.cancel();
      if (response.ok) acknowledged++;
      await pause(Math.max(0, BEAT_EVERY_MS - (performance.now() - askedAt)));
    }
  }));
  return acknowledged;
}

/** Rows that one statement wrote share its transaction id. */
async function countWriters(db: Pool, signal: AbortSignal): Promise<number> {
  const seen = new Set<string>();
  const before = new Set((await writersOf(db)).map(({ xmin }) => xmin));
  while (!signal.aborted) {
    for (const { xmin } of await writersOf(db)) if (!before.has(xmin)) seen.add(xmin);
    await pause(SAMPLE_EVERY_MS);
  }
  return seen.size;
}

const writersOf = (db: Pool) => db<{ xmin: string }[]>`select distinct xmin::text as xmin from backends`;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
