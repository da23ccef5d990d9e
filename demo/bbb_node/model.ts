// What a node keeps in memory: meetings, the users in them, and the sessions that join hands out.

export interface SimAttendee {
  /** BBB's own id of the user, `w_…`. */
  internalUserID: string;
  /** The id that join gave; the only one that answers show. */
  userID: string;
  fullName: string;
  role: "MODERATOR" | "VIEWER";
  isPresenter: boolean;
  isListeningOnly: boolean;
  hasJoinedVoice: boolean;
  hasVideo: boolean;
  /** Webcams of this user: videoCount counts streams, not users. */
  videoStreams: number;
  clientType: string;
  customdata: Record<string, string>;
}

/** Without a userID the internal one stands in, as on a real node. */
export type SimUser = Pick<SimAttendee, "fullName"> & Partial<SimAttendee>;

/** Live: a test may change any field, the next answer shows it. Times in milliseconds, duration in minutes. */
export interface SimMeeting {
  meetingID: string;
  internalMeetingID: string;
  /** Internal id of the parent, `bbb-none` for a meeting that is no breakout room. */
  parentMeetingID: string;
  name: string;
  attendeePW: string;
  moderatorPW: string;
  createTime: number;
  voiceBridge: string;
  dialNumber: string;
  duration: number;
  maxUsers: number;
  recording: boolean;
  guestPolicy: string;
  disabledFeatures: string[];
  isBreakout: boolean;
  sequence: number;
  freeJoin: boolean;
  breakoutRooms: string[];
  hasUserJoined: boolean;
  hasBeenForciblyEnded: boolean;
  startTime: number;
  /** 0 while the meeting goes on. */
  endTime: number;
  metadata: Record<string, string>;
  attendees: SimAttendee[];
  /** Module XML received with create and insertDocument, unparsed. */
  documents: string[];
  chat: { userName: string; message: string }[];
  /** Parameters of create as they came. */
  params: Record<string, string>;
}

export type NewMeeting = { meetingID: string } & Partial<Omit<SimMeeting, "attendees">> & {
  attendees?: readonly SimUser[];
};

/** A user whom join let in and whose browser may not have come yet. */
export interface Session {
  sessionToken: string;
  internalMeetingID: string;
  attendee: SimAttendee;
  guestStatus: "ALLOW" | "WAIT";
  opened: boolean;
}
