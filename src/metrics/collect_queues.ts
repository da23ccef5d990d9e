// Families of what waits in the database, pure.
import type { QueueDepth } from "../store/queue_depth.ts";
import { type Family, label, type Samples, single } from "./family.ts";

const states = (counts: Readonly<Record<string, number>>): Samples =>
  Object.entries(counts).map(([state, count]) => [label("state", state), count]);

export const QUEUE_FAMILIES: readonly Family<QueueDepth>[] = [
  {
    name: "b3scale_commands",
    type: "gauge",
    help: "Commands in the queue",
    samples: (depth) => states({ requested: depth.commandsRequested, running: depth.commandsRunning }),
  },
  {
    name: "b3scale_commands_oldest_seconds",
    type: "gauge",
    help: "Age of the command that waits longest; 0 when none does",
    samples: (depth) => single(depth.oldestCommandAge),
  },
  {
    name: "b3scale_callbacks",
    type: "gauge",
    help: "Callbacks to frontends that wait, or could not be delivered",
    samples: (depth) => states({ waiting: depth.callbacksWaiting, dead: depth.callbacksDead }),
  },
  {
    name: "b3scale_callbacks_oldest_seconds",
    type: "gauge",
    help: "Age of the callback that waits longest; 0 when none does",
    samples: (depth) => single(depth.oldestCallbackAge),
  },
  {
    name: "b3scale_recording_imports",
    type: "gauge",
    help: "Uploaded recordings that are not imported yet, or failed",
    samples: (depth) =>
      states({ requested: depth.importsRequested, moving: depth.importsMoving, failed: depth.importsFailed }),
  },
  {
    name: "b3scale_recording_moves",
    type: "gauge",
    help: "Recordings whose files are still to be moved",
    samples: (depth) => single(depth.moves),
  },
];
