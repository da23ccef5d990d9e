// The cluster of the comparison figures: 10 nodes, frontends with 100 × 20, 500 × 20 and no meetings × attendees.
import type { BbbNode } from "../demo/bbb_node/node.ts";
import { NO_MEETING } from "../src/bbb/meeting.ts";
import { encodeMeetingID, type FrontendMeetingID } from "../src/contract/meeting_id.ts";
import type { Pool } from "../src/deps.ts";
import { migrate } from "../src/store/migrate.ts";
import { encodeStoredMeeting } from "../src/store/stored_meeting.ts";

const ATTENDEES = 20;

/** @param large 5,000 meetings more */
export async function seedCluster(db: Pool, nodes: readonly BbbNode[], large: boolean): Promise<void> {
  await migrate(db);
  const backends: string[] = [];
  for (const node of nodes) {
    const [row] = await db<{ id: string }[]>`
      insert into backends (host, secret, node_state, admin_state, agent_heartbeat)
      values (${node.url}, ${node.secret}, 'ready', 'ready', localtimestamp) returning id`;
    if (row !== undefined) backends.push(row.id);
  }
  const sets: readonly (readonly [string, number])[] = [
    ["a", 100],
    ["b", 500],
    ["c", 0],
    ...large ? [["d", 5000] as const] : [],
  ];
  for (const [key, count] of sets) {
    const [frontend] = await db<{ id: string }[]>`
      insert into frontends (key, secret) values (${key}, ${`${key}-secret`}) returning id`;
    for (let n = 0; n < count; n++) {
      const node = nodes[n % nodes.length];
      const backend = backends[n % backends.length];
      if (node === undefined || backend === undefined || frontend === undefined) {
        throw new Error("the cluster has no nodes");
      }
      const id = encodeMeetingID(key, `room-${n}` as FrontendMeetingID);
      const people = Array.from(
        { length: ATTENDEES },
        (_, i) => ({ userID: `u-${i}`, fullName: `Person Number ${i}`, role: "VIEWER" as const }),
      );
      const built = node.addMeeting({ meetingID: id, name: `Room ${n}`, attendees: people });
      const attendees = people.map((person, i) => ({
        ...person,
        internalUserID: `w_${n}_${i}`,
        isPresenter: false,
        isListeningOnly: false,
        hasJoinedVoice: false,
        hasVideo: false,
        clientType: "HTML5",
      }));
      const meeting = {
        ...NO_MEETING,
        meetingName: `Room ${n}`,
        meetingID: id,
        internalMeetingID: built.internalMeetingID,
        running: true,
        participantCount: ATTENDEES,
        metadata: {},
        attendees,
      };
      await db`
        insert into meetings (id, internal_id, state, frontend_id, backend_id) values (${id}, ${built.internalMeetingID},
          ${db.json(encodeStoredMeeting(meeting))}, ${frontend.id}, ${backend})`;
    }
  }
}
