// Families of meetings and frontends, pure: names, labels and types of 1.x, with its defects mended.
import { attendeesCount } from "../bbb/meeting.ts";
import type { Frontend } from "../store/frontends.ts";
import type { MeetingRow } from "../store/meetings.ts";
import type { ClusterState } from "./collect_cluster.ts";
import { type Family, label, type Samples, tally } from "./family.ts";

/** In place of the meeting's id where all meetings are one series. */
const ALL = label("meeting", "all");
const AUDIO = label("type", "audio");
const VIDEO = label("type", "video");

const byFrontend = (
  { meetings, frontendOf }: ClusterState,
  valueOf: (row: MeetingRow) => number,
  merge?: (a: number, b: number) => number,
) => tally(meetings, (row) => frontendOf(row.frontend_id), valueOf, merge);

const people = ({ meeting }: MeetingRow): number => attendeesCount(meeting);

/** @param perMeeting a series of each meeting: they come and go with every room */
export function meetingFamilies({ perMeeting }: { readonly perMeeting: boolean }): Family<ClusterState>[] {
  return [
    {
      name: "b3scale_meeting_attendees",
      type: "gauge",
      help: 'Attendees by what they share: "video" with a camera, "audio" all others',
      samples: perMeeting ? attendeesOfEach : attendeesOfAll,
    },
    ...perMeeting ? [MEETING_DURATIONS] : [],
    {
      name: "b3scale_frontend_meetings",
      type: "gauge",
      help: "Meetings of the frontend, running or not",
      samples: (state) => byFrontend(state, () => 1),
    },
    {
      name: "b3scale_backend_meetings",
      type: "gauge",
      help: "Meetings on the backend, running or not",
      samples: ({ meetings, backendOf }) => tally(meetings, (row) => backendOf(row.backend_id), () => 1),
    },
    {
      name: "b3scale_frontend_attendees",
      type: "gauge",
      help: "Attendees in all meetings of the frontend, as they count against its limit",
      samples: (state) => byFrontend(state, people),
    },
    {
      name: "b3scale_frontend_largest_meeting",
      type: "gauge",
      help: "Attendees in the frontend's largest meeting",
      samples: (state) => byFrontend(state, people, Math.max),
    },
    {
      name: "b3scale_frontend_attendees_limit",
      type: "gauge",
      help: "Attendees that the frontend may have at most, where it is limited",
      samples: ({ frontends, frontendOf }) => {
        const limitOf = ({ settings }: Frontend) => settings.attendees_limit?.limit ?? 0;
        return tally(frontends.filter((frontend) => limitOf(frontend) >= 1), ({ id }) => frontendOf(id), limitOf);
      },
    },
  ];
}

function* attendeesOfEach({ meetings, frontendOf, backendOf }: ClusterState): Samples {
  for (const row of meetings) {
    const labels = `${frontendOf(row.frontend_id)},${backendOf(row.backend_id)},${label("meeting", row.id)}`;
    yield* byType(labels, countByType(row));
  }
}

/** Level by level: the labels' texts are long, and thousands of them take long to compare. */
function* attendeesOfAll({ meetings, frontendOf, backendOf }: ClusterState): Samples {
  const counts = new Map<string, Map<string, CountByType>>();
  for (const row of meetings) {
    const frontend = frontendOf(row.frontend_id);
    const backend = backendOf(row.backend_id);
    const ofFrontend = counts.get(frontend) ?? new Map<string, CountByType>();
    counts.set(frontend, ofFrontend);
    const known = ofFrontend.get(backend) ?? { audio: 0, video: 0 };
    const { audio, video } = countByType(row);
    ofFrontend.set(backend, { audio: known.audio + audio, video: known.video + video });
  }
  for (const [frontend, ofFrontend] of counts) {
    for (const [backend, count] of ofFrontend) yield* byType(`${frontend},${backend},${ALL}`, count);
  }
}

interface CountByType {
  readonly audio: number;
  readonly video: number;
}

function countByType({ meeting }: MeetingRow): CountByType {
  const attendees = meeting.attendees ?? [];
  const video = attendees.reduce((count, { hasVideo }) => hasVideo ? count + 1 : count, 0);
  return { audio: attendees.length - video, video };
}

const byType = (labels: string, { audio, video }: CountByType): Samples => [
  [`${labels},${AUDIO}`, audio],
  [`${labels},${VIDEO}`, video],
];

const MEETING_DURATIONS: Family<ClusterState> = {
  name: "b3scale_meeting_durations",
  type: "counter",
  help: "Seconds since the running meeting was created",
  samples: ({ meetings, frontendOf, backendOf }) =>
    tally(
      meetings.filter(({ meeting }) => meeting.running),
      (row) => `${frontendOf(row.frontend_id)},${backendOf(row.backend_id)},${label("meeting", row.id)}`,
      ({ ageSeconds }) => Math.max(0, ageSeconds),
    ),
};
