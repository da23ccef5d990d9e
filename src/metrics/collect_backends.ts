// Families of the backends, pure: how they are, and what is on them. Backends that share host and port are one series:
// meetings and attendees are added, and of all else it tells the most.
import { attendeesCount } from "../bbb/meeting.ts";
import { goodPollAge, hadAgent, hasLiveAgent, type Health, healthOf, isEligible } from "../cluster/health.ts";
import { backendLoads } from "../cluster/load.ts";
import { placeOf } from "../cluster/view.ts";
import type { Backend } from "../store/backends.ts";
import type { ClusterState } from "./collect_cluster.ts";
import { type Family, label, tally } from "./family.ts";

const HEALTH: readonly Health[] = ["available", "unstable", "offline"];

const most = (state: ClusterState, rows: readonly Backend[], valueOf: (backend: Backend) => number) =>
  tally(rows, ({ id }) => state.backendOf(id), valueOf, Math.max);

export const BACKEND_FAMILIES: readonly Family<ClusterState>[] = [
  {
    name: "b3scale_backends",
    type: "gauge",
    help: "Backends by health, by what the operator wants, and by whether they take new meetings",
    samples: ({ backends }) => {
      const zeros = HEALTH.map((health) => ({
        health,
        admin_state: "ready",
        eligible: health === "available",
        count: 0,
      }));
      const ones = backends.map((backend) => ({
        health: healthOf(backend),
        admin_state: backend.admin_state,
        eligible: isEligible(backend),
        count: 1,
      }));
      return tally(
        [...zeros, ...ones],
        ({ health, admin_state, eligible }) =>
          [label("health", health), label("admin_state", admin_state), label("eligible", String(eligible))].join(","),
        ({ count }) => count,
      );
    },
  },
  {
    name: "b3scale_backend_health",
    type: "gauge",
    help: "1 for the backend's present health, 0 for the others",
    samples: ({ backends, backendOf }) =>
      tally(
        backends.flatMap((backend) => HEALTH.map((health) => ({ backend, health }))),
        ({ backend, health }) => `${backendOf(backend.id)},${label("health", health)}`,
        ({ backend, health }) => healthOf(backend) === health ? 1 : 0,
        Math.max,
      ),
  },
  {
    name: "b3scale_backend_eligible",
    type: "gauge",
    help: "1 while the backend takes new meetings",
    samples: (state) => most(state, state.backends, (backend) => isEligible(backend) ? 1 : 0),
  },
  {
    name: "b3scale_backend_agent_alive",
    type: "gauge",
    help: "1 while the backend's agent is heard; only of backends that have or had one",
    samples: (state) => most(state, state.backends.filter(hadAgent), (backend) => hasLiveAgent(backend) ? 1 : 0),
  },
  {
    name: "b3scale_backend_load",
    type: "gauge",
    help: "What new meetings are placed by: the least loaded backend gets the next one",
    samples: (state) => {
      const places = state.allMeetings.map((row) => ({ ...row, backend_id: placeOf(row) }));
      const loads = backendLoads(state.loadModel, state.backends, places, []);
      return most(state, state.backends, ({ id }) => loads.get(id) ?? 0);
    },
  },
  {
    name: "b3scale_backend_attendees",
    type: "gauge",
    help: "Attendees in all meetings on the backend",
    samples: ({ backends, meetings, backendOf }) => {
      const none = backends.map(({ id }) => ({ id, count: 0 }));
      const some = meetings.map((row) => ({ id: row.backend_id, count: attendeesCount(row.meeting) }));
      return tally([...none, ...some], ({ id }) => backendOf(id), ({ count }) => count);
    },
  },
  {
    name: "b3scale_backend_poll_age_seconds",
    type: "gauge",
    help: "Seconds since the backend was last polled well; none before the first time",
    samples: (state) => {
      const polled = state.backends.filter((backend) => goodPollAge(backend) < Infinity);
      return most(state, polled, goodPollAge);
    },
  },
];
