// The node's memory: meetings, who is in them, and the sessions of users who called join. Lost on a restart.
import { hashHex } from "./checksum.ts";
import type { NewMeeting, Session, SimAttendee, SimMeeting, SimUser } from "./model.ts";
import { alphanumerics, type Random } from "./random.ts";

export type Meetings = ReturnType<typeof createMeetings>;

/** @param endDelayMs how long an ended meeting stays visible with hasBeenForciblyEnded */
export function createMeetings(
  { clock, random, endDelayMs }: { clock: () => number; random: Random; endDelayMs: number },
) {
  const meetings = new Map<string, SimMeeting>();
  const sessions = new Map<string, Session>();
  const lastCreateTimes = new Map<string, number>();

  const forget = (meeting: SimMeeting) => {
    meetings.delete(meeting.internalMeetingID);
    const parent = meetings.get(meeting.parentMeetingID);
    if (parent !== undefined) {
      parent.breakoutRooms = parent.breakoutRooms.filter((id) => id !== meeting.internalMeetingID);
    }
    for (const session of sessions.values()) {
      if (session.internalMeetingID === meeting.internalMeetingID) sessions.delete(session.sessionToken);
    }
  };

  const list = (): SimMeeting[] => {
    const now = clock();
    for (const meeting of meetings.values()) {
      if (meeting.hasBeenForciblyEnded && now - meeting.endTime >= endDelayMs) forget(meeting);
    }
    return [...meetings.values()];
  };
  /** The meeting under its external id; one that has ended and is still visible only if no other is going on. */
  const find = (meetingID: string): SimMeeting | undefined => {
    const all = list().filter((meeting) => meeting.meetingID === meetingID);
    return all.find((meeting) => meeting.hasBeenForciblyEnded === false) ?? all.at(-1);
  };
  const get = (meetingID: string): SimMeeting => {
    const meeting = find(meetingID);
    if (meeting === undefined) throw new Error(`The node knows no meeting "${meetingID}"`);
    return meeting;
  };

  /** Two meetings of one room never share a createTime, and so an internal id, even when the clock stands still. */
  const nextCreateTime = (meetingID: string): number => {
    const createTime = Math.max(clock(), (lastCreateTimes.get(meetingID) ?? 0) + 1);
    lastCreateTimes.set(meetingID, createTime);
    return createTime;
  };
  const freeVoiceBridge = (): string => {
    const taken = new Set(Array.from(meetings.values(), (meeting) => meeting.voiceBridge));
    for (;;) {
      const voiceBridge = String(random.integer(10_000, 100_000));
      // More meetings than five-digit numbers must not hang the simulation.
      if (taken.has(voiceBridge) === false || taken.size >= 80_000) return voiceBridge;
    }
  };

  const newAttendee = (user: SimUser): SimAttendee => {
    const internalUserID = user.internalUserID ?? `w_${random.text(12)}`;
    return {
      internalUserID,
      userID: internalUserID,
      role: "VIEWER",
      isPresenter: false,
      isListeningOnly: false,
      hasJoinedVoice: false,
      hasVideo: (user.videoStreams ?? 0) > 0,
      videoStreams: user.hasVideo === true ? 1 : 0,
      clientType: "HTML5",
      customdata: {},
      ...user,
    };
  };
  const enter = (meeting: SimMeeting, attendee: SimAttendee): SimAttendee => {
    const hasPresenter = meeting.attendees.some((other) => other.isPresenter);
    if (attendee.role === "MODERATOR" && hasPresenter === false) attendee.isPresenter = true;
    meeting.attendees.push(attendee);
    meeting.hasUserJoined = true;
    return attendee;
  };

  const add = (given: NewMeeting): SimMeeting => {
    const createTime = given.createTime ?? (Number(/-(\d{13})$/.exec(given.internalMeetingID ?? "")?.[1] ?? 0) ||
      nextCreateTime(given.meetingID));
    const voiceBridge = given.voiceBridge ?? freeVoiceBridge();
    const { attendees = [], ...fields } = given;
    const meeting: SimMeeting = {
      internalMeetingID: `${hashHex("sha1", given.meetingID)}-${createTime}`,
      parentMeetingID: "bbb-none",
      name: given.meetingID,
      attendeePW: random.text(8, alphanumerics),
      moderatorPW: random.text(8, alphanumerics),
      createTime,
      voiceBridge,
      dialNumber: "613-555-1234",
      duration: 0,
      maxUsers: 0,
      recording: false,
      guestPolicy: "ALWAYS_ACCEPT",
      disabledFeatures: [],
      isBreakout: false,
      sequence: 0,
      freeJoin: false,
      breakoutRooms: [],
      hasUserJoined: false,
      hasBeenForciblyEnded: false,
      startTime: createTime,
      endTime: 0,
      metadata: {},
      documents: [],
      chat: [],
      params: {},
      ...fields,
      attendees: [],
    };
    for (const user of attendees) enter(meeting, newAttendee(user));
    meetings.set(meeting.internalMeetingID, meeting);
    meetings.get(meeting.parentMeetingID)?.breakoutRooms.push(meeting.internalMeetingID);
    return meeting;
  };

  /** Breakout rooms end with their parent. */
  const end = (meeting: SimMeeting): void => {
    for (const id of [...meeting.breakoutRooms]) {
      const breakout = meetings.get(id);
      if (breakout !== undefined) end(breakout);
    }
    meeting.hasBeenForciblyEnded = true;
    meeting.endTime = clock();
    meeting.attendees.length = 0;
    if (endDelayMs <= 0) forget(meeting);
  };

  return {
    list,
    find,
    add,
    end,
    remove: (meetingID: string): void => {
      const meeting = get(meetingID);
      end(meeting);
      forget(meeting);
    },
    findInternal: (internalMeetingID: string) => meetings.get(internalMeetingID),
    /** Users inside and users whose browser is still on its way: both take a place. */
    places: ({ attendees, internalMeetingID }: SimMeeting): number =>
      Array.from(sessions.values()).reduce(
        (sum, session) => sum + (session.internalMeetingID === internalMeetingID && session.opened === false ? 1 : 0),
        attendees.length,
      ),
    joinUser: (meetingID: string, user: SimUser): SimAttendee => enter(get(meetingID), newAttendee(user)),
    leaveUser: (meetingID: string, userID: string): void => {
      const { attendees } = get(meetingID);
      const index = attendees.findIndex((attendee) => attendee.userID === userID);
      if (index < 0) throw new Error(`Nobody with the userID "${userID}" is in the meeting "${meetingID}"`);
      attendees.splice(index, 1);
    },
    register: (meeting: SimMeeting, user: SimUser, guestStatus: Session["guestStatus"]): Session => {
      const { internalMeetingID } = meeting;
      const attendee = newAttendee(user);
      const session = { sessionToken: random.text(16), internalMeetingID, attendee, guestStatus, opened: false };
      sessions.set(session.sessionToken, session);
      return session;
    },
    findSession: (sessionToken: string) => sessions.get(sessionToken),
    sessions: (): Session[] => [...sessions.values()],
    /** The browser arrives: from now on the user is in the meeting. A reload changes nothing. */
    open: (session: Session): SimMeeting | undefined => {
      const meeting = meetings.get(session.internalMeetingID);
      if (meeting === undefined || meeting.hasBeenForciblyEnded) return undefined;
      if (session.opened === false && session.guestStatus === "ALLOW") {
        session.opened = true;
        enter(meeting, session.attendee);
      }
      return meeting;
    },
    clear: (): void => {
      meetings.clear();
      sessions.clear();
    },
  };
}
