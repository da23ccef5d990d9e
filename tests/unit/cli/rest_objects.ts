// REST objects as the CLI gets them, with what a test does not care about filled in.
import type { Answer } from "../../../src/contract/client.ts";
import type { BackendJson } from "../../../src/contract/backend.ts";
import type { CommandJson } from "../../../src/contract/command.ts";
import { encodeMeetingID, type FrontendMeetingID } from "../../../src/contract/meeting_id.ts";
import type { MeetingJson } from "../../../src/contract/meeting.ts";

/** Of all objects here. */
export const NOW = Date.UTC(2026, 0, 1, 12);
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
export const NEVER = "2000-01-01T00:00:00Z";

/** A healthy node with an agent, of a server of ours. */
export function makeBackendJson(name: string, fields: Partial<BackendJson> = {}): BackendJson {
  return {
    id: `id-${name}`,
    node_state: "ready",
    admin_state: "ready",
    agent_heartbeat: ago(1),
    agent_ref: name,
    last_error: null,
    latency: 12_400_000,
    meetings_count: 2,
    attendees_count: 40,
    load_factor: 1,
    bbb: { host: hostOf(name), secret: `secret-${name}` },
    settings: { tags: null, checksum_algorithm: undefined },
    created_at: ago(86400),
    updated_at: ago(60),
    synced_at: ago(5),
    health: "available",
    eligible: true,
    reasons: [],
    load: 45.2,
    ...fields,
  };
}

export const hostOf = (name: string): string => `https://${name}.example.org/bigbluebutton/api/`;

const { health: _health, eligible: _eligible, reasons: _reasons, load: _load, ...OLD } = makeBackendJson("old");

/** The same of a 1.x server. */
export const makeOldBackendJson = (name: string, fields: Partial<typeof OLD> = {}): Answer<BackendJson> => ({
  ...OLD,
  id: `id-${name}`,
  bbb: { host: hostOf(name), secret: `secret-${name}` },
  ...fields,
});

export const makeCommandJson = (seq: number, fields: Partial<CommandJson> = {}): CommandJson => ({
  id: `c${seq}`,
  seq,
  state: "success",
  action: "update_node_state",
  params: { ID: "id-bbb1" },
  result: true,
  deadline: ago(-60),
  started_at: ago(29.5),
  stopped_at: ago(29.38),
  created_at: ago(30),
  ...fields,
});

const ATTENDEE = {
  UserID: "u1",
  InternalUserID: "w_1",
  FullName: "Ada",
  Role: "VIEWER",
  IsPresenter: false,
  IsListeningOnly: false,
  HasJoinedVoice: false,
  HasVideo: false,
  ClientType: "HTML5",
};

type Document = MeetingJson["meeting"];

export const makeAttendeeJson = (fields: Partial<typeof ATTENDEE> = {}): typeof ATTENDEE => ({
  ...ATTENDEE,
  ...fields,
});

/** Of frontend `greenlight` on node `bbb1`, ten minutes old. */
export function makeMeetingJson(
  name: string,
  { meeting, ...fields }: Partial<Omit<MeetingJson, "meeting">> & { meeting?: Partial<Document> } = {},
): MeetingJson {
  const id = encodeMeetingID(fields.frontend_key ?? "greenlight", name as FrontendMeetingID);
  return {
    id,
    internal_id: `int-${name}`,
    meeting: {
      MeetingName: `Room ${name}`,
      MeetingID: id,
      InternalMeetingID: `int-${name}`,
      CreateTime: NOW - 600_000,
      CreateDate: "",
      VoiceBridge: "70001",
      DialNumber: "",
      AttendeePW: "attendee-password",
      ModeratorPW: "moderator-password",
      Running: true,
      Duration: 0,
      Recording: false,
      HasBeenForciblyEnded: false,
      StartTime: NOW - 600_000,
      EndTime: 0,
      ParticipantCount: 3,
      ListenerCount: 1,
      VoiceParticipantCount: 2,
      VideoCount: 0,
      MaxUsers: 0,
      ModeratorCount: 1,
      IsBreakout: false,
      Metadata: {},
      Attendees: [],
      BreakoutRooms: [],
      Breakout: null,
      ...meeting,
    },
    frontend_id: "id-greenlight",
    backend_id: "id-bbb1",
    created_at: ago(700),
    updated_at: ago(5),
    synced_at: ago(5),
    frontend_key: "greenlight",
    backend_host: hostOf("bbb1"),
    ...fields,
  };
}
