// What both halves of the cluster's families are made of: one census per scrape, with the names that labels show.
import { isPending, type MeetingRow } from "../store/meetings.ts";
import type { Census } from "../cluster/view.ts";
import type { LoadModel } from "../config.ts";
import { label } from "./family.ts";
import { backendLabel, NO_RELATION } from "./labels.ts";

export interface ClusterState extends Census {
  /** Those that exist for reads. */
  readonly meetings: readonly MeetingRow[];
  readonly allMeetings: readonly MeetingRow[];
  readonly loadModel: LoadModel;
  /** The label `frontend`: its key, or `undefined`, as in 1.x, for none. */
  readonly frontendOf: (id: string | null) => string;
  /** The label `backend`: host and port, or `undefined` for none. */
  readonly backendOf: (id: string | null) => string;
}

const NO_FRONTEND = label("frontend", NO_RELATION);
const NO_BACKEND = label("backend", NO_RELATION);

export function clusterState({ frontends, backends, meetings }: Census, loadModel: LoadModel): ClusterState {
  const keys = new Map(frontends.map(({ id, key }) => [id, label("frontend", key)]));
  const hosts = new Map(backends.map(({ id, host }) => [id, label("backend", backendLabel(host))]));
  return {
    frontends,
    backends,
    meetings: meetings.filter((row) => !isPending(row)),
    allMeetings: meetings,
    loadModel,
    frontendOf: (id) => keys.get(id ?? "") ?? NO_FRONTEND,
    backendOf: (id) => hosts.get(id ?? "") ?? NO_BACKEND,
  };
}
