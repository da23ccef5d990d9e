// How much memory the view takes: 5,000 meetings of 20 people with their fragments; the budget is 150 MB.
// Run by hand: deno run --v8-flags=--expose-gc bench/view_memory.ts
import { meetingFragment } from "../src/cluster/fragment.ts";
import { createClusterMemory } from "../src/cluster/memory.ts";
import { heldMeeting, MEETINGS, PEOPLE } from "./held_meetings.ts";

const NODES = 50;

declare const gc: (() => void) | undefined;

/** Bytes on the heap after garbage is collected. */
function heapBytes(): number {
  if (typeof gc === "undefined") throw new Error("run it with --v8-flags=--expose-gc");
  for (let round = 0; round < 4; round++) gc();
  return Deno.memoryUsage().heapUsed;
}

const before = heapBytes();
const memory = createClusterMemory();
for (let number = 0; number < MEETINGS; number++) memory.putMeeting(heldMeeting(number, NODES), 0);
const rows = heapBytes();
let letters = 0;
for (const { row } of memory.meetings.values()) letters += meetingFragment(row, "frontend-0").length;
const fragments = heapBytes();

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
console.log(`${MEETINGS} meetings of ${PEOPLE} people, held ${memory.meetings.size}`);
console.log(`rows and indexes  ${megabytes(rows - before)}`);
console.log(`fragments         ${megabytes(fragments - rows)} (${megabytes(letters)} of text)`);
console.log(`together          ${megabytes(fragments - before)}`);
