// Messages that BBB's core publishes on its node's Redis, with what matters in them.

export interface JoiningUser {
  readonly intId: string;
  readonly extId: string;
  readonly name: string;
  readonly role: string;
}

const message = (name: string, header: object, body: object): string =>
  JSON.stringify({ envelope: { name, routing: {}, timestamp: 1715261745120 }, core: { header, body } });

export const joined = (meetingId: string, user: JoiningUser): string =>
  message("UserJoinedMeetingEvtMsg", { meetingId, userId: user.intId }, { ...user, clientType: "HTML5" });
export const left = (meetingId: string, userId: string): string =>
  message("UserLeftMeetingEvtMsg", { meetingId, userId }, {});
export const ended = (meetingId: string): string => message("MeetingEndedEvtMsg", {}, { meetingId });
export const destroyed = (meetingId: string): string => message("MeetingDestroyedEvtMsg", {}, { meetingId });
/** The two messages name the person differently. */
export const presenter = (meetingId: string, userId: string, isAssigned = true): string =>
  isAssigned
    ? message("PresenterAssignedEvtMsg", { meetingId, userId }, { presenterId: userId })
    : message("PresenterUnassignedEvtMsg", { meetingId, userId }, { intId: userId });
export const voiceJoined = (meetingId: string, intId: string, listenOnly: boolean): string =>
  message("UserJoinedVoiceConfToClientEvtMsg", { meetingId, userId: intId }, { intId, listenOnly });
export const voiceLeft = (meetingId: string, intId: string): string =>
  message("UserLeftVoiceConfToClientEvtMsg", { meetingId, userId: intId }, { intId });
export const webcamStarted = (meetingId: string, userId: string, stream: string): string =>
  message("UserBroadcastCamStartedEvtMsg", { meetingId, userId }, { userId, stream });
export const webcamStopped = (meetingId: string, userId: string, stream: string): string =>
  message("UserBroadcastCamStoppedEvtMsg", { meetingId, userId }, { userId, stream });
export const roleChanged = (meetingId: string, userId: string, role: string): string =>
  message("UserRoleChangedEvtMsg", { meetingId, userId }, { userId, role });
