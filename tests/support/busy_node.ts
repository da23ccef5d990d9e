// A simulated BBB node with many meetings where people come and go: makes the changes, says what BBB would publish about
// them, and knows the truth that must be stored in the end.
import type { BbbNode } from "../../demo/bbb_node/node.ts";
import { createRandom } from "../../demo/bbb_node/random.ts";
import type { Pool } from "../../src/deps.ts";
import { readStoredMeeting } from "../../src/store/stored_meeting.ts";
import { clusterID } from "./bbb_client.ts";
import { joined, left } from "./bbb_messages.ts";

interface Room {
  readonly id: string;
  readonly internalID: string;
  /** By the frontend's user id. */
  readonly people: Map<string, { internalID: string; role: string }>;
}

export interface BusyNode {
  /** Somebody joins or leaves. @returns what BBB publishes about it */
  change(): string;
  /** Somebody who is there, by BBB's ids. */
  anyone(): { internalMeetingID: string; internalUserID: string };
  /** Rooms whose row is not as it should be, what differs in words. */
  differences(): Promise<string[]>;
}

const USERS = 60;

/** The changes are the same for the same seed. */
export function createBusyNode(node: BbbNode, db: Pool, { rooms: count, seed }: { rooms: number; seed: number }) {
  const random = createRandom(seed);
  const rooms = Array.from({ length: count }, (_, n): Room => {
    const { internalMeetingID } = node.addMeeting({ meetingID: clusterID("fe1", `room-${n}`) });
    return { id: clusterID("fe1", `room-${n}`), internalID: internalMeetingID, people: new Map() };
  });
  const pick = <T>(list: readonly T[]): T => {
    const item = list[random.integer(0, list.length)];
    if (item === undefined) throw new Error("There is nothing to pick from");
    return item;
  };

  return {
    change: (): string => {
      const { id, internalID, people } = pick(rooms);
      const userID = `user-${random.integer(0, USERS)}`;
      const there = people.get(userID);
      if (there !== undefined) {
        people.delete(userID);
        node.leaveUser(id, userID);
        return left(internalID, there.internalID);
      }
      const user = { internalID: `w_${random.text(12)}`, role: pick(["MODERATOR", "VIEWER", "VIEWER", "VIEWER"]) };
      people.set(userID, user);
      const role = user.role === "MODERATOR" ? "MODERATOR" : "VIEWER";
      node.joinUser(id, { userID, internalUserID: user.internalID, fullName: `Person ${userID}`, role });
      const told = { intId: user.internalID, extId: userID, name: `Person ${userID}`, role };
      return joined(internalID, told);
    },
    anyone: () => {
      const { internalID, people } = pick(rooms.filter(({ people }) => people.size > 0));
      return { internalMeetingID: internalID, internalUserID: pick([...people.values()]).internalID };
    },
    differences: async (): Promise<string[]> => {
      const rows = await db<{ id: string; state: unknown }[]>`select id, state from meetings`;
      const stored = new Map(rows.map((row) => [row.id, readStoredMeeting(row.state)]));
      return rooms.flatMap(({ id, people }) => {
        const meeting = stored.get(id);
        const found = [
          meeting?.attendees?.map(({ userID, role }) => `${userID} ${role}`).sort(),
          meeting?.participantCount,
          meeting?.moderatorCount,
        ];
        const list = Array.from(people, ([userID, { role }]) => `${userID} ${role}`).sort();
        const truth = [list, list.length, list.filter((one) => one.endsWith(" MODERATOR")).length];
        return JSON.stringify(found) === JSON.stringify(truth)
          ? []
          : [`${id}: stored ${JSON.stringify(found)}, is ${JSON.stringify(truth)}`];
      });
    },
  } satisfies BusyNode;
}
