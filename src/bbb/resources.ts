// Names of the BBB API's resources and of the parameters we look at. Everything else passes through unread.

/** Answered from what is stored, whatever node the recording came from: nothing of these requests reaches one. */
const RECORDING_RESOURCES = [
  "getRecordings",
  "publishRecordings",
  "deleteRecordings",
  "updateRecordings",
  "getRecordingTextTracks",
  "putRecordingTextTrack",
] as const;

export const isRecordingResource = (resource: string): boolean =>
  (RECORDING_RESOURCES as readonly string[]).includes(resource);

/** Resources with an answer of our own; anything else with a known meeting is passed through. */
export const RESOURCES = [
  "",
  "create",
  "join",
  "isMeetingRunning",
  "end",
  "getMeetingInfo",
  "getMeetings",
  "insertDocument",
  "sendChatMessage",
  ...RECORDING_RESOURCES,
] as const;
export type BbbResource = (typeof RESOURCES)[number];

/** Addressed by sessionToken or gone from BBB: a balancer answers `unsupportedRequest` (bbb-api §1.1, §3.8, §3.9). */
export const UNSUPPORTED_RESOURCES: ReadonlySet<string> = new Set([
  "getJoinUrl",
  "learningDashboard",
  "stuns",
  "signOut",
  "feedback",
  "enter",
  "guestWait",
  "configXML",
  "getSessions",
  "analyticsCallback",
  "getDefaultConfigXML",
  "setConfigXML",
]);

export const MEETING_ID = "meetingID";
export const CHECKSUM = "checksum";
