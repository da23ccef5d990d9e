// What an event of BBB is in the server's REST API. Knows the webcams that are on, and nothing else between two events.
import type { BbbEvent } from "../src/bbb/events.ts";
import type { RpcParams } from "../src/contract/agent.ts";

type Rpc = { readonly [action in keyof RpcParams]: { readonly action: action; readonly params: RpcParams[action] } };
export type Call = Rpc[keyof Rpc] | { readonly action: "delete_meeting"; readonly internalMeetingID: string };

export interface Report {
  /** @returns undefined when the server cannot be told, or need not be */
  callOf(event: BbbEvent, features: ReadonlySet<string>): Call | undefined;
  /** Events were lost, of one meeting or of all: what they would have changed is not known any more. */
  forget(internalMeetingID?: string): void;
}

/** The name of the feature and of its action. */
const UPDATE = "meeting_update_attendee";

export function createReport(): Report {
  const webcams = createWebcams();
  return {
    forget: webcams.forget,
    callOf: (event, features) => {
      const { internalMeetingID: internal_meeting_id } = event;
      const canUpdate = features.has(UPDATE);
      const update = (
        { internalUserID: internal_user_id }: { internalUserID: string },
        attendee: RpcParams[typeof UPDATE]["attendee"],
      ): Call | undefined =>
        canUpdate ? { action: UPDATE, params: { internal_meeting_id, internal_user_id, attendee } } : undefined;
      switch (event.kind) {
        case "meeting_created":
          return { action: "meeting_set_running", params: { internal_meeting_id, running: true } };
        case "meeting_ended":
          webcams.forget(internal_meeting_id);
          return { action: "meeting_state_reset", params: { internal_meeting_id } };
        case "meeting_destroyed":
          webcams.forget(internal_meeting_id);
          return { action: "delete_meeting", internalMeetingID: internal_meeting_id };
        case "user_joined":
          return {
            action: "meeting_add_attendee",
            params: { internal_meeting_id, attendee: attendeeOf(event.user, canUpdate) },
          };
        case "user_left":
          webcams.forgetUser(event);
          return {
            action: "meeting_remove_attendee",
            params: { internal_meeting_id, internal_user_id: event.internalUserID },
          };
        case "voice_joined":
          return update(event, { HasJoinedVoice: !event.listenOnly, IsListeningOnly: event.listenOnly });
        case "voice_left":
          return update(event, { HasJoinedVoice: false, IsListeningOnly: false });
        case "webcam_started":
          webcams.start(event);
          return update(event, { HasVideo: true });
        case "webcam_stopped":
          return webcams.stop(event) ? update(event, { HasVideo: false }) : undefined;
        case "role_changed":
          return update(event, { Role: event.role });
        case "presenter_changed":
          return update(event, { IsPresenter: event.isPresenter });
      }
    },
  };
}

type Joined = Extract<BbbEvent, { kind: "user_joined" }>["user"];

/** In 1.x's order of members. It never says that somebody presents: a server that follows who does can be told at once. */
const attendeeOf = (user: Joined, canUpdate: boolean) => ({
  UserID: user.userID,
  InternalUserID: user.internalUserID,
  FullName: user.fullName,
  Role: user.role,
  IsPresenter: canUpdate && user.isPresenter,
  IsListeningOnly: false,
  HasJoinedVoice: false,
  HasVideo: false,
  ClientType: user.clientType,
});

type Webcam = Extract<BbbEvent, { stream: string }>;

/** More than nodes have; what is beyond was never said to be off, and the oldest is forgotten. */
const MOST_WEBCAMS = 5000;

/** The streams that are on, as far as we saw them start. */
function createWebcams() {
  const on = new Map<string, Webcam>();
  const keyOf = ({ internalMeetingID, stream }: Webcam) => `${internalMeetingID}/${stream}`;
  const forget = (isMeant: (webcam: Webcam) => boolean): void => {
    for (const [key, webcam] of on) if (isMeant(webcam)) on.delete(key);
  };
  const sameUser = (a: { internalMeetingID: string; internalUserID: string }) => (b: Webcam) =>
    a.internalMeetingID === b.internalMeetingID && a.internalUserID === b.internalUserID;
  return {
    start: (webcam: Webcam): void => {
      on.set(keyOf(webcam), webcam);
      const [oldest] = on.keys();
      if (on.size > MOST_WEBCAMS && oldest !== undefined) on.delete(oldest);
    },
    /** @returns whether it was the user's last */
    stop: (webcam: Webcam): boolean => {
      on.delete(keyOf(webcam));
      return !on.values().some(sameUser(webcam));
    },
    forgetUser: (user: { internalMeetingID: string; internalUserID: string }): void => forget(sameUser(user)),
    forget: (internalMeetingID?: string): void =>
      forget((webcam) => internalMeetingID === undefined || webcam.internalMeetingID === internalMeetingID),
  };
}
