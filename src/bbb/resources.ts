// Names of the BBB API's resources and of the parameters we look at. Everything else passes through unread.

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
