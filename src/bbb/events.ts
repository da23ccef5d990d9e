// BBB's messages on its node's Redis → events of meetings. Pure; the agent follows them. Only what is needed is read:
// fields come and go between BBB's releases.

interface OfMeeting {
  /** BBB's own id. */
  readonly internalMeetingID: string;
}

interface OfUser extends OfMeeting {
  readonly internalUserID: string;
}

/** Somebody who has come; what BBB left out is "". */
export interface JoinedUser {
  readonly userID: string;
  readonly internalUserID: string;
  readonly fullName: string;
  readonly role: string;
  readonly clientType: string;
  readonly isPresenter: boolean;
}

export type BbbEvent =
  | OfMeeting & { readonly kind: "meeting_created" | "meeting_ended" | "meeting_destroyed" }
  | OfMeeting & { readonly kind: "user_joined"; readonly user: JoinedUser }
  | OfUser & { readonly kind: "user_left" | "voice_left" }
  | OfUser & { readonly kind: "voice_joined"; readonly listenOnly: boolean }
  | OfUser & { readonly kind: "webcam_started" | "webcam_stopped"; readonly stream: string }
  | OfUser & { readonly kind: "role_changed"; readonly role: string }
  | OfUser & { readonly kind: "presenter_changed"; readonly isPresenter: boolean };

export type EventReading =
  | { readonly event: BbbEvent }
  /** Why it cannot be read: one of a few constant texts. */
  | { readonly unreadable: string };

/** @returns undefined for messages about something else */
export function readEvent(text: string): EventReading | undefined {
  const message = parse(text);
  if (message === undefined) return { unreadable: "the message is not JSON" };
  const name = at(message, "envelope.name");
  if (typeof name !== "string") return { unreadable: "the message has no envelope.name" };
  const read = READERS.get(name);
  if (read === undefined) return undefined;
  try {
    return { event: read(fieldsOf(message)) };
  } catch (error) {
    if (error instanceof MissingField) return { unreadable: `${name} has no ${error.message}` };
    throw error;
  }
}

interface Fields {
  /** @throws MissingField when it is empty or no text */
  need(path: string): string;
  /** "" when it is no text. */
  text(path: string): string;
  isTrue(path: string): boolean;
}

class MissingField extends Error {}

/** By the name in the envelope, which is what 1.x goes by. */
const READERS: ReadonlyMap<string, (core: Fields) => BbbEvent> = new Map(Object.entries(
  {
    MeetingCreatedEvtMsg: ({ need }) => ({
      kind: "meeting_created",
      internalMeetingID: need("body.props.meetingProp.intId"),
    }),
    MeetingEndedEvtMsg: ({ need }) => ({ kind: "meeting_ended", internalMeetingID: need("body.meetingId") }),
    MeetingDestroyedEvtMsg: ({ need }) => ({ kind: "meeting_destroyed", internalMeetingID: need("body.meetingId") }),
    UserJoinedMeetingEvtMsg: ({ need, text, isTrue }) => ({
      kind: "user_joined",
      internalMeetingID: need("header.meetingId"),
      user: {
        userID: text("body.extId"),
        internalUserID: need("body.intId"),
        fullName: text("body.name"),
        role: text("body.role"),
        clientType: text("body.clientType"),
        isPresenter: isTrue("body.presenter"),
      },
    }),
    UserLeftMeetingEvtMsg: (core) => ({ kind: "user_left", ...userOf(core, "header.userId") }),
    UserJoinedVoiceConfToClientEvtMsg: (core) => ({
      kind: "voice_joined",
      ...userOf(core, "body.intId"),
      listenOnly: core.isTrue("body.listenOnly"),
    }),
    UserLeftVoiceConfToClientEvtMsg: (core) => ({ kind: "voice_left", ...userOf(core, "body.intId") }),
    UserBroadcastCamStartedEvtMsg: (core) => ({
      kind: "webcam_started",
      ...userOf(core, "body.userId"),
      stream: core.need("body.stream"),
    }),
    UserBroadcastCamStoppedEvtMsg: (core) => ({
      kind: "webcam_stopped",
      ...userOf(core, "body.userId"),
      stream: core.need("body.stream"),
    }),
    UserRoleChangedEvtMsg: (core) => ({
      kind: "role_changed",
      ...userOf(core, "body.userId"),
      role: core.need("body.role"),
    }),
    // The two name the same person differently.
    PresenterAssignedEvtMsg: (core) => ({
      kind: "presenter_changed",
      ...userOf(core, "body.presenterId"),
      isPresenter: true,
    }),
    PresenterUnassignedEvtMsg: (core) => ({
      kind: "presenter_changed",
      ...userOf(core, "body.intId"),
      isPresenter: false,
    }),
  } satisfies Record<string, (core: Fields) => BbbEvent>,
));

const userOf = ({ need }: Fields, userPath: string) => ({
  internalMeetingID: need("header.meetingId"),
  internalUserID: need(userPath),
});

function fieldsOf(message: unknown): Fields {
  const core = at(message, "core");
  const text = (path: string): string => {
    const value = at(core, path);
    return typeof value === "string" ? value : "";
  };
  return {
    text,
    need: (path) => {
      const value = text(path);
      if (value === "") throw new MissingField(`core.${path}`);
      return value;
    },
    isTrue: (path) => at(core, path) === true,
  };
}

/** What lies at the dotted path; undefined where there is nothing. */
function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

/** Undefined for what is no JSON: no JSON text means that. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
